"""Every error that a user can meet.

    ArcadeError                    1    it ran and failed
    |-- RunFailed                  1    training ended without reaching its target
    |-- PluginError                1    an installed plugin is broken
    |   `-- ContractError      1   a plugin hands over what the contract excludes
    |-- UsageError                 2    the command line or the configuration is wrong
    |   `-- ConfigError            2
    |-- MissingError               3    something needed is not there
    |-- VerificationError          4    stored bytes are not what they claim to be
    |   `-- DivergenceError        4    an episode is another when it is played again
    |-- LockedError                5    another process owns the run
    `-- Interrupted              130    stopped by the user, after saving

A message is one line: what happened with the value, what was expected, what to do.
"""

from typing import ClassVar


class ArcadeError(Exception):
    """The root of the tree; `exit_code` is what the command line exits with."""

    exit_code: ClassVar[int] = 1


class RunFailed(ArcadeError):
    """A run cannot go on: a retry of the same chunk would end in the same way."""


class PluginError(ArcadeError):
    """A plugin raised, misspelt a hook, or offers what it may not."""


class ContractError(PluginError):
    """A plugin hands over what the contract excludes; another try would end in the same way."""


class UsageError(ArcadeError):
    """The command line asks for something that does not exist or cannot be."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration value or key is wrong; the message names where it came from."""


class MissingError(ArcadeError):
    """A game, run, checkpoint, ROM, display or optional package is not there."""

    exit_code = 3


class VerificationError(ArcadeError):
    """A file's content differs from its recorded hash or format."""

    exit_code = 4


class DivergenceError(VerificationError):
    """A training cannot go on with an open episode: the game plays it differently now."""


class LockedError(ArcadeError):
    """The run is already supervised by a living process."""

    exit_code = 5


class Interrupted(ArcadeError):
    """The user stopped the work; everything worth keeping was saved."""

    exit_code = 130
