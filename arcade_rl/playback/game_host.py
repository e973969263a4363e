"""A process that holds games, so that an emulator that crashes takes no window with it.

Whoever asks waits for the answer. While an environment steps, the process may ask back, for what an
opponent chooses. It ends with the connection, or with the process that started it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from arcade_rl.contracts import Frame, Purpose
from arcade_rl.errors import PluginError
from arcade_rl.playback.stock import ScreenLook
from arcade_rl.recording.recording import Recording
from arcade_rl.recording.states import StartState

PROGRAM = "from arcade_rl.playback.game_hosting import main; main()"
END_WAIT_S = 5.0
"""Time after which a process that has hung up is killed, s."""


class GameEndedError(PluginError):
    """The process that a game was played in has ended by itself."""


@dataclass(frozen=True, slots=True)
class ReplayOrder:
    """An episode that is to be played again."""

    recording: Recording
    """The causes of the episode, without what only people read."""
    is_over: bool
    """Whether the recording is whole."""
    look: ScreenLook
    start_state: StartState | None
    """The state that the options name, for a process that does not know where its file is."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """Where a replay is."""

    position: int
    count: int
    """Number of frames of the step."""
    frames: list[Frame] | None = field(repr=False)
    """The frames; None where they are drawn when somebody looks at them."""
    sound: Any = field(repr=False)
    """Sound of the step as in `ScreenStep.sound`."""
    first: int
    """The first step whose frames are counted in `ends`."""
    ends: list[int] = field(repr=False)
    """`Replay.ends` from that step on: what was not told before."""


@dataclass(frozen=True, slots=True)
class EnvOrder:
    """An environment for one episode at a time."""

    game: str
    options: dict[str, Any]
    purpose: Purpose
    start_state: StartState | None
    """The state that the options name."""


class GameHost:
    """The process, as its parent has it. Close the host after use."""

    def __init__(self, game: str) -> None:
        """`game`: what messages call the game."""
        self._game = game
        ours, theirs = socket.socketpair()
        with theirs:
            words = [str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, *words],
                env={"OMP_NUM_THREADS": "1", **os.environ},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._connection = Connection(ours.detach())
        self.is_closed = False
        self.is_told = False
        """Whether somebody has been told that the process has ended."""

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def ask(self, method: str, *arguments: Any, reply: Callable[..., Any] | None = None) -> Any:
        """Let the process do something, and wait for the answer. `reply`: what answers when the
        process asks back. Raises what the process raised, or GameEndedError if it is gone."""
        try:
            self._connection.send((method, arguments))
            kind, value = self._connection.recv()
            while kind == "asks":
                assert reply is not None, "somebody knows the answer"
                self._connection.send(reply(*value))
                kind, value = self._connection.recv()
        except (EOFError, OSError) as error:
            raise self.end() from error
        if kind == "fault":
            error_type, message = value
            raise error_type(message)
        return value

    def end(self) -> GameEndedError:
        """How the process has ended, as an error."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_WAIT_S)
        if not self.is_gone:
            self._process.kill()
        self.is_told = True
        return GameEndedError(
            f"the emulator of {self._game} was ended by {ended_by(self._process.wait())}"
        )

    def close(self) -> None:
        """End the process."""
        if not self.is_closed:
            self.is_closed = True
            self._process.kill()
            self._process.wait()
            self._connection.close()


def ended_by(code: int) -> str:
    """What ended a process, by its exit code or the negative number of a signal, as people read
    it."""
    if code >= 0:
        return f"itself, with exit code {code}"
    name = ""
    with suppress(ValueError):  # a signal without a name
        name = f" ({signal.Signals(-code).name})"
    return f"signal {-code}{name}"
