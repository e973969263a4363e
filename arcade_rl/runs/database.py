"""run.db: an index of a run's chunks, checkpoints, updates, episodes and notices.

The supervisor is the only writer. Rows of a chunk are written while an attempt at the chunk runs,
so that people can watch, and count only once the chunk is `done`. Everything here can be made again
from the files of the run (`index.rebuild`).
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from arcade_rl.errors import VerificationError
from arcade_rl.runs import schema
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.events import ChunkLog, Episodes, Event, Notice, Recorded, Update
from arcade_rl.runs.queries import Queries
from arcade_rl.runs.sqlite import PATIENCE_S, checked, connect, connect_to_read, require, writing


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """Where the recording of an episode lies."""

    number: int
    """Number of the episode in its run."""
    offset: int
    """Where the episode's frame begins in the segment, in bytes."""
    bytes: int
    """Size of the frame, in bytes."""
    reasons: list[str]
    """Criteria that the episode was kept for."""


class Database(Queries):
    """An open `run.db` that can be read and written."""

    @classmethod
    def create(cls, path: Path, terms: Iterable[str], metrics: Iterable[str]) -> Self:
        """Make a new, empty database with a column for every term and metric of the game.

        The database is made beside `path` and renamed, so that nobody ever reads half a schema.
        """
        names = [f"term_{name}" for name in terms] + [f"metric_{name}" for name in metrics]
        part = path.with_name(f"{path.name}.part")
        part.unlink(missing_ok=True)
        with writing():
            database = cls(connect(part))
            try:
                database._connection.executescript(schema.tables(names))
                database.set_status("created")
            finally:
                database.close()
            os.replace(part, path)
            return cls(connect(path))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an existing database for writing, which only the supervisor, with the run's lock,
        may do.

        A database of an earlier version is upgraded without loss.
        """
        require(path)
        with checked(path), writing():
            database = cls(connect(path))
            try:
                database.status()
                database._connection.executescript(schema.upgrade(database._version(path)))
            except (sqlite3.DatabaseError, VerificationError):
                database.close()
                raise
        return database

    @classmethod
    @contextmanager
    def reading(cls, path: Path, patience_s: float = PATIENCE_S) -> Iterator[Self]:
        """Open an existing database for reading, while another process may write. A file that is
        locked is waited for as long as `patience_s`.

        VerificationError if the database turns out to be damaged, now or within the block;
        ArcadeError if its rights or its disk are in the way.
        """
        require(path)
        with checked(path):
            connection = connect_to_read(path, patience_s)
            try:
                database = cls(connection)
                connection.executescript(schema.views(database._version(path)))
                yield database
            finally:
                connection.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _version(self, path: Path) -> int:
        """Version of the schema. VerificationError if it is later than this program's."""
        version = int(self._connection.execute("pragma user_version").fetchone()[0])
        if version > schema.VERSION:
            raise VerificationError(
                f"{path} is of version {version} and this arcade-rl knows up to {schema.VERSION}; "
                "use the newer arcade-rl that made it"
            )
        return version

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Write everything that the block writes, or nothing. ArcadeError if the file cannot be
        written."""
        with writing(), self._connection:
            yield

    # Status and notices

    def set_status(self, state: str, reason: str = "", pid: int | None = None) -> None:
        """Say what the run is doing now."""
        with self._transaction():
            self._connection.execute(
                "insert or replace into status values (1, ?, ?, ?, ?)",
                (state, reason, pid, time.time()),
            )

    def notify(
        self,
        level: str,
        text: str,
        chunk: int | None = None,
        attempt: int | None = None,
        at: float | None = None,
    ) -> None:
        """Store a notice, something that a person should know, at the time `at` or now. Notices
        without a chunk are never deleted."""
        with self._transaction():
            self._connection.execute(
                "insert into notices (time, level, chunk, attempt, text) values (?, ?, ?, ?, ?)",
                (time.time() if at is None else at, level, chunk, attempt, text),
            )

    # Attempts

    def begin_attempt(self, chunk: int, attempt: int, first_update: int, last_update: int) -> None:
        """Begin an attempt at a chunk, and delete the rows that an earlier attempt left."""
        with self._transaction():
            self._forget(chunk)
            self._connection.execute(
                "insert into chunks values (?, ?, 'running', ?, ?, null, ?, null)",
                (chunk, attempt, first_update, last_update, time.time()),
            )

    def record(self, chunk: int, attempt: int, event: Event) -> None:
        """Store the rows of one event of the attempt."""
        with self._transaction():
            self._insert(chunk, attempt, event, time.time())

    def discard_from(self, chunk: int) -> None:
        """Delete every row of `chunk` and of all later chunks, as if they had not happened.

        Notices of the workers of these chunks are deleted too. Notices of supervisors belong to no
        chunk and stay.
        """
        with self._transaction():
            for table in (*schema.OF_CHUNKS, "notices"):
                self._connection.execute(f"delete from {table} where chunk >= ?", (chunk,))

    def finish_chunk(
        self, state: CheckpointState, ended: float, recordings: Iterable[RecordingRow] = ()
    ) -> None:
        """Make the rows of the running attempt count, together with its checkpoint and the
        recordings of its segment, in one transaction."""
        with self._transaction():
            self._finish_chunk(state, ended)
            self._set_recordings(state.chunk, recordings)

    def set_recordings(self, chunk: int, recordings: Iterable[RecordingRow]) -> None:
        """Replace the rows that say what lies in the segment of `chunk`."""
        with self._transaction():
            self._set_recordings(chunk, recordings)

    def _set_recordings(self, chunk: int, recordings: Iterable[RecordingRow]) -> None:
        self._connection.execute("delete from recordings where chunk = ?", (chunk,))
        self._connection.executemany(
            "insert or replace into recordings values (?, ?, ?, ?, ?)",
            [(r.number, chunk, r.offset, r.bytes, ",".join(r.reasons)) for r in recordings],
        )

    def replay_chunk(self, log: ChunkLog) -> None:
        """Insert a committed chunk from its event log, in one transaction."""
        chunk, attempt = log.state.chunk, log.attempt
        updates = [event for event in log.events if isinstance(event, Update)]
        first = updates[0].update if updates else log.state.updates + 1
        # A log does not say when its chunk began: the first rollout took as long as its speed
        # tells.
        started = log.ended
        if updates:
            rollout_steps = log.state.steps / log.state.updates
            started = updates[0].time - rollout_steps / updates[0].steps_per_s
        with self._transaction():
            self._forget(chunk)
            self._connection.execute(
                "insert into chunks values (?, ?, 'running', ?, ?, null, ?, null)",
                (chunk, attempt, first, log.state.updates, started),
            )
            for event in log.events:
                self._insert(chunk, attempt, event, log.ended)
            self._finish_chunk(log.state, log.ended)

    def add_episode(self, chunk: int, episode: Episodes) -> None:
        """Insert an episode of a chunk that happened and has no event log. A chunk that has no rows
        yet counts from now on, without updates."""
        with self._transaction():
            self._connection.execute(
                "insert or ignore into chunks values (?, 1, 'done', 1, 0, null, ?, ?)",
                (chunk, episode.time, episode.time),
            )
            self._insert(chunk, 1, episode, episode.time)

    def set_kept(self, kept: dict[int, list[str]]) -> None:
        """Store why each checkpoint is still on disk; all other checkpoints get an empty reason."""
        with self._transaction():
            self._connection.execute("update checkpoints set kept = ''")
            self._connection.executemany(
                "update checkpoints set kept = ? where chunk = ?",
                [(", ".join(reasons), chunk) for chunk, reasons in kept.items()],
            )

    def _forget(self, chunk: int) -> None:
        for table in (*schema.OF_CHUNKS, "notices"):
            self._connection.execute(f"delete from {table} where chunk = ?", (chunk,))

    def _finish_chunk(self, state: CheckpointState, ended: float) -> None:
        self._connection.execute(
            "update chunks set state = 'done', last_update = ?, steps = ?, ended = ? where chunk = ?",
            (state.updates, state.steps, ended, state.chunk),
        )
        self._connection.execute(
            "insert into checkpoints values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'latest', ?)",
            (
                state.chunk, state.parent, state.updates, state.steps, state.episodes,
                state.progress, state.trained_s, state.weights_sha256,
                ", ".join(state.milestones), ended,
            ),
        )  # fmt: skip

    def _insert(self, chunk: int, attempt: int, event: Event, at: float) -> None:
        if isinstance(event, Update):
            self._connection.execute(
                "insert into updates values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    event.update, chunk, attempt, event.steps, event.time, event.steps_per_s,
                    json.dumps(event.values), json.dumps(event.phases),
                ),
            )  # fmt: skip
        elif isinstance(event, Episodes) and len(event):
            columns = {
                **event.columns,
                **{f"term_{name}": values for name, values in event.terms.items()},
                **{f"metric_{name}": values for name, values in event.metrics.items()},
            }
            names = ", ".join(f'"{name}"' for name in columns)
            marks = ", ".join("?" * len(columns))
            rows = zip(*columns.values(), strict=True)
            self._connection.executemany(
                f"insert into episodes (number, chunk, attempt, time, {names}) values (?, ?, ?, ?, {marks})",
                [(event.first + k, chunk, attempt, event.time, *row) for k, row in enumerate(rows)],
            )
        elif isinstance(event, Recorded):
            self._connection.execute(
                "insert or replace into recorded values (?, ?, ?, ?, ?)",
                (chunk, event.offered, event.written, event.dropped, event.failed),
            )
        elif isinstance(event, Notice):
            self._connection.execute(
                "insert into notices (time, level, chunk, attempt, text) values (?, ?, ?, ?, ?)",
                (at, event.level, chunk, attempt, event.text),
            )
