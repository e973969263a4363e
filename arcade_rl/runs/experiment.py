"""The experiment of a run: its saved configuration and its game, resolved."""

from __future__ import annotations

from arcade_rl.config import Resolved, resolve
from arcade_rl.recording.states import look_in
from arcade_rl.registry import load_game
from arcade_rl.runs.binding import refuse_foreign
from arcade_rl.runs.directory import RunDirectory, find_run, runs_directory


def resolve_saved(run: RunDirectory) -> Resolved:
    """The configuration that the run was saved with, and its game. ConfigError if the configuration
    does not fit the installed game, MissingError if the game is not installed."""
    look_in(run.states)
    return resolve([run.saved()], load_game)


def experiment_of(run: RunDirectory) -> Resolved:
    """The configuration that the run was saved with, and its game, for all that goes on with the
    run or shows it.

    Errors are those of `resolve_saved`, and VerificationError if the configuration is not the one
    that the run's checkpoints were made with.
    """
    resolved = resolve_saved(run)
    refuse_foreign(run, resolved)
    return resolved


def open_run(
    reference: str, runs_dir: str | None, whole: bool = False
) -> tuple[RunDirectory, Resolved]:
    """The run that `reference` names, with the configuration that it was saved with. Errors are
    those of `find_run` and `experiment_of`."""
    run = find_run(reference, runs_directory(runs_dir), whole)
    return run, experiment_of(run)
