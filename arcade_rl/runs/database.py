"""run.db: an index of a run's chunks, checkpoints, updates, episodes and notices.

The supervisor is the only writer. Rows carry the attempt they came from: they are written while an
attempt runs, so that people can watch, and count only once their chunk is `done`. Everything here
can be made again from the files of the run (`rebuild`).
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from arcade_rl.errors import VerificationError
from arcade_rl.runs import schema
from arcade_rl.runs.checkpoints import WINDOW, CheckpointState
from arcade_rl.runs.events import ChunkLog, Episodes, Event, Notice, Recorded, Update
from arcade_rl.runs.fields import built_of_row, unsound
from arcade_rl.runs.phases import total
from arcade_rl.runs.sqlite import checked, connect, connect_to_read, require, writing


@dataclass(frozen=True, slots=True)
class Status:
    """What the supervisor last said of the run."""

    state: str
    """"created", "running", "paused", "stopped", "finished" or "failed"."""
    reason: str
    pid: int | None
    time: float


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """Where the recording of an episode lies."""

    number: int
    """Number of the episode in its run."""
    offset: int
    """Of its frame in the segment, bytes."""
    bytes: int
    reasons: list[str]
    """The criteria that it was kept for."""


@dataclass(frozen=True, slots=True)
class RecordingCounts:
    """What became of the episodes of finished chunks that were to be recorded."""

    offered: int
    written: int
    dropped: int
    """Came while too many waited: the disk was too slow."""
    failed: int
    """Could not be written."""
    stored: int
    """Those of the written that are there still: what the budget left."""

    @property
    def lost(self) -> int:
        """Never written."""
        return self.dropped + self.failed


@dataclass(frozen=True, slots=True)
class ChunkSummary:
    """One finished chunk, as people read it."""

    chunk: int
    attempt: int
    steps: int
    """Steps of the run at its end."""
    episodes: int
    """Episodes that ended in it."""
    raw_return: float | None
    """Mean raw return of these episodes."""
    metrics: dict[str, float | None]
    """Mean of every metric over these episodes."""
    seconds: float
    steps_per_s: float
    phases: dict[str, float]
    """Wall time in each phase over its updates, seconds; empty where none was measured."""


class Database:
    """An open `run.db`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.row_factory = sqlite3.Row

    @classmethod
    def create(cls, path: Path, terms: Iterable[str], metrics: Iterable[str]) -> Self:
        """A new, empty database with a column for every term and metric of the game.

        It is made beside `path` and renamed, so that nobody ever reads half a schema.
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
        """An existing database, to write. Only the supervisor, with the run's lock, may.

        One of an earlier version is upgraded; nothing in it is lost.
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
    def reading(cls, path: Path) -> Iterator[Self]:
        """An existing database, to read while another process may write.

        VerificationError if it turns out not to be sound, now or in the block; ArcadeError if its rights
        or its disk are in the way.
        """
        require(path)
        with checked(path):
            connection = connect_to_read(path)
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
        """Version of the schema. VerificationError if it is a later one than this program's."""
        version = int(self._connection.execute("pragma user_version").fetchone()[0])
        if version > schema.VERSION:
            raise VerificationError(
                f"{path} is of version {version} and this arcade-rl knows up to {schema.VERSION}; "
                "use the newer arcade-rl that made it"
            )
        return version

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing. ArcadeError if the file cannot be written."""
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

    def status(self) -> Status:
        """What the supervisor last said."""
        row = self._connection.execute("select state, reason, pid, time from status").fetchone()
        return built_of_row(Status, dict(row)) if row else Status("created", "", None, 0.0)

    def notify(
        self,
        level: str,
        text: str,
        chunk: int | None = None,
        attempt: int | None = None,
        at: float | None = None,
    ) -> None:
        """Store something that a person should know, `at` a time or now. Notices are never deleted."""
        with self._transaction():
            self._connection.execute(
                "insert into notices (time, level, chunk, attempt, text) values (?, ?, ?, ?, ?)",
                (time.time() if at is None else at, level, chunk, attempt, text),
            )

    def notices(self) -> list[sqlite3.Row]:
        """All notices, oldest first."""
        return self._connection.execute("select * from notices order by id").fetchall()

    # Attempts

    def begin_attempt(self, chunk: int, attempt: int, first_update: int, last_update: int) -> None:
        """Open an attempt at a chunk; what an earlier attempt left goes."""
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

    def attempts(self) -> dict[int, int]:
        """Last attempt at each chunk, finished or not."""
        rows = self._connection.execute("select chunk, attempt from chunks").fetchall()
        return {row["chunk"]: row["attempt"] for row in rows}

    def discard_from(self, chunk: int) -> None:
        """Drop every row of `chunk` and of all later ones: they did not happen.

        With them go the notices of workers; those of supervisors belong to no chunk and stay.
        """
        with self._transaction():
            for table in (*schema.OF_CHUNKS, "notices"):
                self._connection.execute(f"delete from {table} where chunk >= ?", (chunk,))

    def finish_chunk(
        self, state: CheckpointState, ended: float, recordings: Iterable[RecordingRow] = ()
    ) -> None:
        """Make the rows of the running attempt count, with their checkpoint and with the recordings
        of its segment, in one transaction."""
        with self._transaction():
            self._finish_chunk(state, ended)
            self._set_recordings(state.chunk, recordings)

    def set_recordings(self, chunk: int, recordings: Iterable[RecordingRow]) -> None:
        """Say anew what lies in the segment of `chunk`."""
        with self._transaction():
            self._set_recordings(chunk, recordings)

    def _set_recordings(self, chunk: int, recordings: Iterable[RecordingRow]) -> None:
        self._connection.execute("delete from recordings where chunk = ?", (chunk,))
        self._connection.executemany(
            "insert or replace into recordings values (?, ?, ?, ?, ?)",
            [(r.number, chunk, r.offset, r.bytes, ",".join(r.reasons)) for r in recordings],
        )

    def replay_chunk(self, log: ChunkLog) -> None:
        """Put a committed chunk in from its event log, in one transaction."""
        chunk, attempt = log.state.chunk, log.attempt
        updates = [event for event in log.events if isinstance(event, Update)]
        first = updates[0].update if updates else log.state.updates + 1
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
        """Put in an episode of a chunk that happened and has no event log. A chunk of which nothing is
        known counts from now on, without updates."""
        with self._transaction():
            self._connection.execute(
                "insert or ignore into chunks values (?, 1, 'done', 1, 0, null, ?, ?)",
                (chunk, episode.time, episode.time),
            )
            self._insert(chunk, 1, episode, episode.time)

    def set_kept(self, kept: dict[int, list[str]]) -> None:
        """Store why each checkpoint is still on disk; the others have no reason."""
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

    # Reading

    def rows(self, query: str, values: Sequence[object] = ()) -> Iterator[sqlite3.Row]:
        """The rows of any query, one after the other."""
        return iter(self._connection.execute(query, tuple(map(schema.bindable, values))))

    def metric_names(self) -> list[str]:
        """Metrics that the episodes have, in the order of the declaration."""
        return self._columns("metric_")

    def term_names(self) -> list[str]:
        """Reward terms that the episodes have, in the order of the declaration."""
        return self._columns("term_")

    def _columns(self, prefix: str) -> list[str]:
        rows = self._connection.execute("pragma table_info(episodes)").fetchall()
        names = [str(row["name"]) for row in rows]
        return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]

    def chunk_is_done(self, chunk: int) -> bool:
        """Whether the rows of `chunk` count."""
        row = self._connection.execute(
            "select 1 from chunks where chunk = ? and state = 'done'", (chunk,)
        ).fetchone()
        return row is not None

    def has_episode(self, number: int) -> bool:
        """Whether there is a row of this episode."""
        found = self.rows("select 1 from episodes where number = ?", [number])
        return next(found, None) is not None

    def has_columns_of(self, episodes: Episodes) -> bool:
        """Whether their terms and metrics are those of the run."""
        names = set(self.term_names()), set(self.metric_names())
        return names == (set(episodes.terms), set(episodes.metrics))

    def chunks(self, first: int = 0) -> list[ChunkSummary]:
        """Every finished chunk from `first` on that trained, oldest first."""
        metrics, phases = self.metric_names(), self._phases(first)
        means = "".join(f', avg(e."metric_{name}")' for name in metrics)
        rows = self._connection.execute(
            f"""
            select c.chunk, c.attempt, c.steps, count(e.number), avg(e.raw_return), c.ended - c.started,
                   coalesce(u.mean_speed, 0){means}
            from chunks c
            left join episodes e on e.chunk = c.chunk
            left join (select chunk, 1.0 / avg(1.0 / max(steps_per_s, 1e-9)) as mean_speed
                       from updates where chunk >= :first group by chunk) u on u.chunk = c.chunk
            where c.state = 'done' and c.last_update >= c.first_update and c.chunk >= :first
            group by c.chunk order by c.chunk
            """,
            {"first": first},
        ).fetchall()
        names = ("chunk", "attempt", "steps", "episodes", "raw_return", "seconds", "steps_per_s")
        return [
            built_of_row(ChunkSummary, {
                **dict(zip(names, row, strict=False)), "phases": phases.get(row[0], {}),
                "metrics": dict(zip(metrics, row[len(names) :], strict=True)),
            })
            for row in map(tuple, rows)
        ]  # fmt: skip

    def _phases(self, first: int) -> dict[int, dict[str, float]]:
        """Seconds of every phase, by chunk from `first` on."""
        query = "select chunk, group_concat(phases) from updates where chunk >= ? group by chunk"
        rows = self._connection.execute(query, (first,))
        try:
            return {chunk: total(json.loads(f"[{phases}]")) for chunk, phases in rows}
        except (ValueError, TypeError, AttributeError) as error:
            raise unsound(ChunkSummary, f"phases: {error}") from error

    def checkpoints(self) -> list[sqlite3.Row]:
        """Every checkpoint that was committed, oldest first; `kept` is empty for those gone."""
        return self._connection.execute("select * from checkpoints order by chunk").fetchall()

    def episodes(self) -> list[sqlite3.Row]:
        """Every episode of finished chunks, in the order of their end."""
        return self._connection.execute(
            "select e.* from episodes e join chunks c using (chunk) where c.state = 'done' order by number"
        ).fetchall()

    def updates(self) -> list[sqlite3.Row]:
        """Every update of finished chunks, in order."""
        return self._connection.execute(
            "select u.* from updates u join chunks c using (chunk) where c.state = 'done' order by number"
        ).fetchall()

    def recorded_updates(self) -> int:
        """Updates that have rows, those of a running attempt included."""
        return int(self._connection.execute("select count(*) from updates").fetchone()[0])

    def counts(self) -> tuple[int, int]:
        """(steps, episodes) of the finished chunks."""
        row = self._connection.execute(
            "select coalesce(max(steps), 0), coalesce(max(episodes), 0) from checkpoints"
        ).fetchone()
        return int(row[0]), int(row[1])

    def ended_steps(self) -> int:
        """Steps of the episodes that ended in the finished chunks."""
        finished = "chunk in (select chunk from checkpoints)"
        row = self._connection.execute(
            f"select coalesce(sum(length), 0) from episodes where {finished}"
        ).fetchone()
        return int(row[0])

    def recorded(self, chunk: int) -> Recorded | None:
        """What the last attempt at `chunk` said of its recordings; None if it said nothing."""
        row = self._connection.execute(
            "select offered, written, dropped, failed from recorded where chunk = ?", (chunk,)
        ).fetchone()
        return Recorded(*row) if row else None

    def recording_counts(self) -> RecordingCounts:
        """What became of the recordings of all finished chunks."""
        row = self._connection.execute(
            """
            select coalesce(sum(offered), 0) as offered, coalesce(sum(written), 0) as written,
                   coalesce(sum(dropped), 0) as dropped, coalesce(sum(failed), 0) as failed,
                   (select count(*) from recordings) as stored
            from recorded join chunks using (chunk) where state = 'done'
            """
        ).fetchone()
        return built_of_row(RecordingCounts, dict(row))

    def frames_ends(self) -> dict[int, int]:
        """Where the last recorded episode of each segment ends, by chunk. Bytes."""
        query = 'select chunk, max("offset" + bytes) from recordings group by chunk'
        return dict(self._connection.execute(query).fetchall())

    def first_to_go(self) -> Iterator[tuple[int, int, int]]:
        """(chunk, number, bytes) of recorded episodes in the order in which a budget gives them up:
        the oldest that have no reason but "all", then the oldest."""
        for condition in ("reasons = 'all'", "reasons <> 'all'"):
            yield from map(
                tuple,
                self._connection.execute(
                    f"select chunk, number, bytes from recordings where {condition} order by number"
                ),
            )

    def recent_mean(self, metric: str, window: int = WINDOW) -> float | None:
        """Mean of `metric` over the last `window` episodes of finished chunks."""
        row = self._connection.execute(
            f"""
            select avg(value) from (
                select e."metric_{metric}" as value from episodes e join chunks c using (chunk)
                where c.state = 'done' order by number desc limit ?
            )
            """,
            (window,),
        ).fetchone()
        return None if row[0] is None else float(row[0])
