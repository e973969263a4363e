"""What takes long to open and is kept from one session to the next: games, screens, environments and
policies."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from gymnasium import spaces

from arcade_rl.contracts import Purpose, VectorEnv
from arcade_rl.envs.door import open_env
from arcade_rl.playback.game import PlayedGame, find_game, find_playable
from arcade_rl.playback.replay import Replay, Replaying
from arcade_rl.recording.recording import Metadata, Recording

KEPT = 5
"""Number of values that are remembered: a game, its spaces, and some policies."""


class Closable(Protocol):
    """What a session opens."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Spaces:
    """What goes in and out of environments of one kind."""

    observation_space: spaces.Space[Any]
    action_space: spaces.Space[Any]

    @classmethod
    def of(cls, env: VectorEnv) -> Spaces:
        """Those of an environment."""
        return cls(env.observation_space, env.action_space)


@dataclass(frozen=True, slots=True)
class ScreenLook:
    """How a screen shows its game."""

    sound: bool = False
    camera: str | None = None
    """Camera that the game is seen from, where it has any; None for the usual one."""
    size: tuple[int, int] | None = None
    """(width, height) of the pictures of a game with cameras, pixel; None for the usual size."""


Part = TypeVar("Part", bound=Closable)
Value = TypeVar("Value")


class Stock:
    """Lends what sessions need, and keeps it when they are closed, for the next session that needs
    the same. Several threads may use it. Close the stock after all sessions."""

    def __init__(self, most: int = 0) -> None:
        """`most`: number of screens and environments that are kept while no session has them; with 0
        every session opens its own."""
        self._most = most
        self._idle: list[tuple[Hashable, Closable]] = []
        """What nobody has, the longest unused first."""
        self._values: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Free everything that no session has, and keep nothing any more."""
        self._most = 0
        self._shrink()
        self._values.clear()

    def take(self, kind: Hashable, open: Callable[[], Part]) -> Part:
        """Something of this kind that nobody has: one that is kept, or else a new one."""
        with self._lock:
            for place, (found, part) in reversed(list(enumerate(self._idle))):
                if found == kind:
                    del self._idle[place]
                    return cast(Part, part)
        return open()

    def give_back(self, kind: Hashable, part: Closable) -> None:
        """Take back what `take` lent."""
        with self._lock:
            self._idle.append((kind, part))
        self._shrink()

    def remember(self, what: Hashable, find: Callable[[], Value]) -> Value:
        """A value that never changes and that sessions may share: it is found once, and again only
        after many others."""
        if not self._most:
            return find()
        with self._lock:
            is_known = what in self._values
            value = self._values.get(what)
        if not is_known:
            value = find()
        with self._lock:
            self._values[what] = value
            self._values.move_to_end(what)
            while len(self._values) > KEPT:
                self._values.popitem(last=False)
        return cast(Value, value)

    def spaces(self, kind: Hashable, env: Callable[[], VectorEnv]) -> Spaces:
        """The spaces of environments of a kind; `env` gives one where they are not known yet."""
        return self.remember(("spaces", kind), lambda: Spaces.of(env()))

    def knows_spaces(self, kind: Hashable) -> bool:
        """Whether an environment of this kind was opened before."""
        return ("spaces", kind) in self._values

    def playable(self, recording: Recording) -> PlayedGame:
        """The game of a recording that is to be played. Errors are those of `game.find_playable`."""
        return find_playable(recording, self.game)

    def game(self, metadata: Metadata) -> PlayedGame:
        """The game that an episode was played in. Errors are those of `game.find_game`."""
        what = metadata.game, repr(metadata.options), metadata.rom_sha256
        return self.remember(what, lambda: find_game(metadata))

    def env(self, played: PlayedGame, purpose: Purpose) -> VectorEnv:
        """An environment for one episode, at no particular place in any."""
        return self.take(
            env_kind(played, purpose),
            lambda: open_env(played.game, played.options, played.declaration, 1, purpose),
        )

    def replay(
        self, recording: Recording, played: PlayedGame, look: ScreenLook, is_over: bool
    ) -> Replaying:
        """Play an episode again, on a screen that is lent. `is_over`: whether the recording is whole.
        Errors are those of `PlayedGame.open_screen` and of `Replay`."""
        purpose = recording.metadata.purpose
        kind = _screen_kind(played, purpose, look)
        screen = self.take(
            kind, lambda: played.open_screen(purpose, look.sound, look.camera, look.size)
        )
        with ExitStack() as failed:
            failed.callback(screen.close)
            replay = Replay(
                recording, screen, played.declaration, is_over,
                lambda screen: self.give_back(kind, screen),
            )  # fmt: skip
            failed.pop_all()
        return replay

    def _shrink(self) -> None:
        with self._lock:
            surplus = self._idle[: max(len(self._idle) - self._most, 0)]
            del self._idle[: len(surplus)]
        for _, part in surplus:
            part.close()


def env_kind(played: PlayedGame, purpose: Purpose) -> Hashable:
    """What environments have in common of which one is as good as another."""
    return "environment", *_played(played), purpose


def _screen_kind(played: PlayedGame, purpose: Purpose, look: ScreenLook) -> Hashable:
    """What screens have in common of which one is as good as another."""
    return "screen", *_played(played), purpose, look


def _played(played: PlayedGame) -> tuple[str, str, str]:
    return played.game.name, repr(played.options), played.declaration.rom_sha256
