"""What is new in a run since the last look: for those who follow a run that another process, or
another machine, trains."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from arcade_rl.errors import MissingError
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import Update
from arcade_rl.runs.queries import ChunkSummary, update_of
from arcade_rl.runs.state import RunState, state_of
from arcade_rl.runs.summary import StoredNotice, stored_notice

DELETION_S = 1.0


@dataclass(frozen=True, slots=True)
class RunningChunk:
    """The attempt that the supervisor makes now."""

    chunk: int
    attempt: int
    started: float
    """When the attempt began, in seconds since the epoch."""
    update: Update | None
    """The newest update of the attempt; None before the first."""


@dataclass(frozen=True, slots=True)
class Glance:
    """A run at one moment, and what is new since the look before."""

    state: RunState
    running: RunningChunk | None
    episodes: int
    """Episodes that have ended, those of the running chunk included."""
    chunks: list[ChunkSummary]
    """The chunks that were finished since the look before, oldest first."""
    notices: list[StoredNotice]
    """The notices that came since the look before, oldest first."""


class Watch:
    """Looks at a run again and again. Every look opens `run.db` anew, only to read."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._next_chunk = self._last_notice = 0

    def look(self) -> Glance:
        """The run now. MissingError if it was deleted, and the errors of `Database.reading`."""
        try:
            return self._look()
        except MissingError:
            time.sleep(DELETION_S)  # deleting takes a moment, and run.db may go first
            if self._run.path.is_dir():
                raise
            gone = f"{self._run.path} no longer exists: the run was deleted or moved"
            raise MissingError(gone) from None

    def _look(self) -> Glance:
        with Database.reading(self._run.database) as database:
            status = database.status()
            chunks = database.chunks(self._next_chunk)
            notices = database.notices(self._last_notice)
            running = _running(database)
            episodes = database.newest_episode()
        self._next_chunk = chunks[-1].chunk + 1 if chunks else self._next_chunk
        self._last_notice = notices[-1]["id"] if notices else self._last_notice
        state = state_of(self._run, status)
        return Glance(state, running, episodes, chunks, list(map(stored_notice, notices)))


def _running(database: Database) -> RunningChunk | None:
    row = database.running_attempt()
    if row is None:
        return None
    newest = database.newest_update(row["chunk"])
    update = None if newest is None else _measured(update_of(newest))
    return RunningChunk(row["chunk"], row["attempt"], row["started"], update)


def _measured(update: Update) -> Update:
    """The update with finite values only: it may have measured others."""
    return replace(update, values=_finite(update.values), phases=_finite(update.phases))


def _finite(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}
