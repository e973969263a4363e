"""What can be read from an open run.db.

Readers that keep looking ask for rows above a number, for counts, and for curves of a few points.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from arcade_rl.errors import UsageError
from arcade_rl.runs import schema
from arcade_rl.runs.checkpoints import WINDOW
from arcade_rl.runs.events import Episodes, Recorded, Update
from arcade_rl.runs.fields import built_of_row, unsound
from arcade_rl.runs.phases import total
from arcade_rl.words import meant_or


@dataclass(frozen=True, slots=True)
class Status:
    """What the supervisor last said of the run."""

    state: str
    """State of the run: "created", "running", "paused", "stopped", "finished" or "failed"."""
    reason: str
    pid: int | None
    time: float


@dataclass(frozen=True, slots=True)
class RecordingCounts:
    """What became of the episodes of finished chunks that were to be recorded."""

    offered: int
    written: int
    dropped: int
    """Episodes that were dropped because too many were waiting: the disk was too slow."""
    failed: int
    """Episodes that could not be written."""
    stored: int
    """Episodes that were written and are still there: what the budget left."""

    @property
    def lost(self) -> int:
        """Episodes that were never written."""
        return self.dropped + self.failed


@dataclass(frozen=True, slots=True)
class ChunkSummary:
    """One finished chunk in the numbers that people look at."""

    chunk: int
    attempt: int
    steps: int
    """Steps of the run at the end of the chunk."""
    episodes: int
    """Episodes that ended in the chunk."""
    raw_return: float | None
    """Mean raw return of these episodes."""
    metrics: dict[str, float | None]
    """Mean of every metric over these episodes."""
    seconds: float
    steps_per_s: float
    phases: dict[str, float]
    """Wall time in each phase over the updates of the chunk, in seconds; empty where none was
    measured."""


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Numbers of rows of each kind."""

    updates: int
    episodes: int
    notices: int


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point of a curve, which stands for several consecutive values of the training."""

    step: int
    """Steps of the run at the last of these values."""
    mean: float
    least: float
    most: float
    count: int
    """Number of values that the point stands for."""


@dataclass(frozen=True, slots=True)
class RecentPoint:
    """What the last episodes were worth at a step of the run."""

    step: int
    """Steps of the run when the newest of these episodes ended."""
    mean: float
    """Mean of the last `WINDOW` episodes, or of all where fewer have ended."""
    least: float
    """Smallest value of all episodes so far."""
    most: float
    """Largest value of all episodes so far."""


class Queries:
    """Reads from an open `run.db`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.row_factory = sqlite3.Row

    def status(self) -> Status:
        """What the supervisor last said of the run."""
        row = self._connection.execute("select state, reason, pid, time from status").fetchone()
        return built_of_row(Status, dict(row)) if row else Status("created", "", None, 0.0)

    def notices(self, since: int = 0) -> list[sqlite3.Row]:
        """All notices whose id is above `since`, oldest first."""
        query = "select * from notices where id > ? order by id"
        return self._connection.execute(query, (since,)).fetchall()

    def attempts(self) -> dict[int, int]:
        """Last attempt at each chunk, finished or not."""
        rows = self._connection.execute("select chunk, attempt from chunks").fetchall()
        return {row["chunk"]: row["attempt"] for row in rows}

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
        """Whether `chunk` is finished, so that its rows count."""
        row = self._connection.execute(
            "select 1 from chunks where chunk = ? and state = 'done'", (chunk,)
        ).fetchone()
        return row is not None

    def has_episode(self, number: int) -> bool:
        """Whether there is a row of this episode."""
        found = self.rows("select 1 from episodes where number = ?", [number])
        return next(found, None) is not None

    def has_columns_of(self, episodes: Episodes) -> bool:
        """Whether these episodes have the terms and metrics of the run."""
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
        """Every checkpoint that was committed, oldest first; `kept` is empty for those that are
        gone."""
        return self._connection.execute("select * from checkpoints order by chunk").fetchall()

    def episodes(
        self, since: int = 0, limit: int | None = None, running: bool = False
    ) -> list[sqlite3.Row]:
        """Episodes of finished chunks with a number above `since`, in the order of their end, at
        most `limit`. `running` adds the episodes of the running attempt, which may yet be
        discarded."""
        return self._numbered("episodes", since, limit, running)

    def updates(
        self, since: int = 0, limit: int | None = None, running: bool = False
    ) -> list[sqlite3.Row]:
        """Updates with a number above `since`, in order. Parameters are those of `episodes`."""
        return self._numbered("updates", since, limit, running)

    def _numbered(
        self, table: str, since: int, limit: int | None, running: bool
    ) -> list[sqlite3.Row]:
        counts = "" if running else "and c.state = 'done'"
        return self._connection.execute(
            f"""
            select t.* from {table} t join chunks c using (chunk)
            where t.number > ? {counts} order by number limit ?
            """,
            (since, -1 if limit is None else limit),
        ).fetchall()

    def running_attempt(self) -> sqlite3.Row | None:
        """Chunk, attempt and start of the attempt that runs; None if none does."""
        query = "select chunk, attempt, started from chunks where state = 'running' order by chunk"
        return next(self.rows(query), None)

    def newest_update(self, chunk: int) -> sqlite3.Row | None:
        """The newest update of `chunk`, which may be running; None before its first."""
        query = "select * from updates where chunk = ? order by number desc limit 1"
        return next(self.rows(query, [chunk]), None)

    def newest_episode(self) -> int:
        """Number of the last episode that ended, in the running chunk too; 0 before the first."""
        return int(next(self.rows("select coalesce(max(number), 0) from episodes"))[0])

    def row_counts(self) -> RowCounts:
        """Numbers of rows of finished chunks, and of all notices, for readers that only count."""
        row = self._connection.execute(
            """
            select (select count(*) from updates join chunks using (chunk) where state = 'done') as updates,
                   (select count(*) from episodes join chunks using (chunk) where state = 'done') as episodes,
                   (select count(*) from notices) as notices
            """
        ).fetchone()
        return built_of_row(RowCounts, dict(row))

    def episode_curve(self, name: str, points: int, until: int | None = None) -> list[CurvePoint]:
        """The course of a number of the episodes over the training: "return", "shaped_return",
        "length", or a metric.

        The curve has at most `points` points, each for about as many consecutive episodes of
        finished chunks, and ends at the step `until` of the run where that is given. UsageError
        for any other name.
        """
        return self._curve(self._values_of(name), "e", points, until)

    def recent_curve(self, name: str, every: float, until: int) -> list[RecentPoint]:
        """The mean of the last episodes, and the best and worst so far, over the training: a point
        for every `every` steps of the run, and one for the last episode that ended by step `until`.

        `name` and errors are those of `episode_curve`.
        """
        rows = self._connection.execute(
            f"""
            with entries as (
                {self._values_of(name)} join chunks c on c.chunk = e.chunk where c.state = 'done'
            ), rolled as (
                select number, step,
                       avg(value) over (order by number rows between {WINDOW - 1} preceding
                                        and current row) as mean,
                       min(value) over (order by number) as least,
                       max(value) over (order by number) as most
                from entries
            )
            select step, mean, least, most, max(number) from rolled
            group by step > ?, cast(step / ? as integer) order by 5
            """,
            (until, every),
        ).fetchall()
        names = ("step", "mean", "least", "most")
        return [built_of_row(RecentPoint, {key: row[key] for key in names}) for row in rows]

    def _values_of(self, name: str) -> str:
        """The query for a number of every episode. UsageError if episodes have no such number."""
        columns = {"return": "raw_return", "shaped_return": "shaped_return", "length": "length"}
        columns |= {metric: f"metric_{metric}" for metric in self.metric_names()}
        if name not in columns:
            expected = f"expected one of {', '.join(columns)}"
            raise UsageError(f"episodes have no {name!r}; {meant_or(name, columns, expected)}")
        return f'select e.number, e.step as step, e."{columns[name]}" as value from episodes e'

    def update_curve(self, name: str, points: int, until: int | None = None) -> list[CurvePoint]:
        """The course of a measurement of the updates over the training, such as "train/loss" or
        "steps_per_s".

        The curve has at most `points` points, as in `episode_curve`, and no point if no update has
        the measurement. Values that are not finite are left out.
        """
        value = "u.steps_per_s"
        if name != "steps_per_s":
            value = 'measurement(u."values", ?)'
            self._connection.create_function("measurement", 2, _measurement, deterministic=True)
        names = () if name == "steps_per_s" else (name,)
        entries = f"select u.number, u.steps as step, {value} as value from updates u"
        return self._curve(entries, "u", points, until, *names)

    def _curve(
        self, select: str, table: str, points: int, until: int | None, *values: str
    ) -> list[CurvePoint]:
        """Points of a curve, each over about as many consecutive rows of finished chunks."""
        if points < 1:
            raise ValueError(f"{points} points; expected 1 or more")
        rows = self._connection.execute(
            f"""
            with entries as (
                {select} join chunks c on c.chunk = {table}.chunk
                where c.state = 'done'
            ), placed as (
                select step, value, row_number() over (order by number) - 1 as place,
                       count(*) over () as total
                from entries where value is not null and step <= coalesce(?, step)
            )
            select max(step) as step, avg(value) as mean, min(value) as least, max(value) as most,
                   count(*) as count
            from placed group by place * min(?, total) / total order by place
            """,
            (*values, until, points),
        ).fetchall()
        return [built_of_row(CurvePoint, dict(row)) for row in rows]

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
        """End of the last recorded episode in each segment, by chunk, in bytes from the start of
        the file."""
        query = 'select chunk, max("offset" + bytes) from recordings group by chunk'
        return dict(self._connection.execute(query).fetchall())

    def first_to_go(self) -> Iterator[tuple[int, int, int]]:
        """(chunk, number, bytes) of recorded episodes in the order in which a budget deletes them:
        first those that were kept for no reason but "all", then the others, each from the oldest
        on."""
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


def update_of(row: sqlite3.Row) -> Update:
    """The update that a row of run.db describes. VerificationError if the row has impossible
    values."""
    try:
        values, phases = json.loads(row["values"]), json.loads(row["phases"])
    except (ValueError, TypeError) as error:
        raise unsound(Update, error) from None
    names = {"update": "number", "steps": "steps", "time": "time", "steps_per_s": "steps_per_s"}
    plain = {field: row[column] for field, column in names.items()}
    return built_of_row(Update, {**plain, "values": values, "phases": phases})


def _measurement(values: str, name: str) -> float | None:
    """A measurement of an update; None where the update has no finite value of this name. SQLite's
    own functions refuse JSON that holds a NaN."""
    value = json.loads(values).get(name)
    is_finite = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if is_finite else None
