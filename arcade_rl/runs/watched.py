"""A run as those who watch it have it: the frames of its feed, and what the run does now."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.feed import FeedReader, Gap
from arcade_rl.runs.state import state_now

STATE_INTERVAL_S = 0.5
"""Time between two questions to the index of a run, seconds."""


@dataclass(frozen=True, slots=True)
class WatchedState:
    """What a run does now."""

    state: str
    """"created", "running", "paused", "stopped", "finished", "failed"; "interrupted" where the
    supervisor is gone without having said so; "deleted"; "lost" where the connection has ended."""
    reason: str


class Feed(Protocol):
    """Where the frames of a run come from: its directory, or a connection."""

    @property
    def run(self) -> RunDirectory:
        """The run, or a folder that is laid out alike."""

    def poll(self) -> list[bytes | Gap]:
        """The frames that have come since the last call. Never waits."""

    def state(self) -> WatchedState:
        """What the run does now. Never waits."""

    def fetch(self, chunk: int) -> None:
        """Bring the checkpoint of `chunk` into the folder, if it is not there yet. MissingError if
        nobody has it."""

    def close(self) -> None:
        """Free what was opened."""


class LocalFeed:
    """The feed of a run on a disk of this machine."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        self._reader = FeedReader(run.feed)
        self._state = WatchedState("created", "")
        self._asked_s = -STATE_INTERVAL_S

    def poll(self) -> list[bytes | Gap]:
        return self._reader.poll()

    def state(self) -> WatchedState:
        now = time.monotonic()
        if now - self._asked_s >= STATE_INTERVAL_S:
            self._state, self._asked_s = _state_of(self.run), now
        return self._state

    def fetch(self, chunk: int) -> None:
        """Do nothing: the checkpoints of the run are here."""

    def close(self) -> None:
        self._reader.close()


def _state_of(run: RunDirectory) -> WatchedState:
    if not run.path.is_dir():
        return WatchedState("deleted", "")
    now = state_now(run)
    return WatchedState(now.state, now.reason)
