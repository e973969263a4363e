"""What those who look at a run again and again ask of its run.db. Each question is one short query,
and the rows of the chunk that runs now count too."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from arcade_rl.errors import VerificationError
from arcade_rl.runs.checkpoints import WINDOW
from arcade_rl.runs.database import Database
from arcade_rl.runs.remaining import Mark

PATIENCE_S = 0.2
"""How long a database that somebody has locked is waited for, seconds."""


@contextmanager
def looking(path: Path) -> Iterator[Database]:
    """Open run.db for a short look. VerificationError or ArcadeError if it cannot be read, and
    VerificationError too where the block finds something else than the numbers that belong there."""
    try:
        with Database.reading(path, PATIENCE_S) as database:
            yield database
    except (ValueError, TypeError, OverflowError) as error:
        raise VerificationError(
            f"{path} holds values that cannot be ({error}); "
            f"rebuild it with `arcade-rl runs reindex {path.parent}`"
        ) from error


@dataclass(frozen=True, slots=True)
class Settled:
    """Which rows stay as they are."""

    until: int
    """The last finished chunk; -1 before the first."""
    started: float
    """When the first chunk began, in seconds since the epoch; 0 before the first. Another time says
    that the run was begun anew."""


@dataclass(frozen=True, slots=True)
class BegunChunk:
    """A chunk that has begun. Another attempt at it has another number or another beginning; rows of
    one attempt are only added, until the next one deletes all of them."""

    chunk: int
    attempt: int
    started: float
    """When the attempt began, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class ChunkReturns:
    """What the episodes that ended in a chunk were worth."""

    episodes: int
    mean: float
    """Mean raw return."""
    most: float
    terms: dict[str, float]
    """Mean of the sum of every reward term, unweighted, by name."""


def settled(database: Database) -> Settled:
    """The last finished chunk, and the beginning of the first."""
    query = (
        "select coalesce(max(case when state = 'done' then chunk end), -1), "
        "coalesce(min(started), 0) from chunks"
    )
    until, started = next(database.rows(query))
    return Settled(int(until), float(started))


def newest_chunk(database: Database) -> BegunChunk | None:
    """The newest chunk that has begun, finished or not; None before the first."""
    query = "select chunk, attempt, started from chunks order by chunk desc limit 1"
    return next((BegunChunk(*row) for row in map(tuple, database.rows(query))), None)


def begun_chunk(database: Database, chunk: int) -> BegunChunk | None:
    """A chunk as it has begun; None where it has not."""
    query = "select chunk, attempt, started from chunks where chunk = ?"
    return next((BegunChunk(*row) for row in map(tuple, database.rows(query, [chunk]))), None)


def newest_update(database: Database) -> sqlite3.Row | None:
    """The newest update of the run; None before its first."""
    return next(database.rows("select * from updates order by number desc limit 1"), None)


def trained_chunks(database: Database) -> int:
    """Number of finished chunks that trained."""
    query = "select count(*) from chunks where state = 'done' and chunk > 0"
    return int(next(database.rows(query))[0])


def recent_means(database: Database, metric: str) -> tuple[float | None, float | None]:
    """(mean return, mean of a metric) of the last `WINDOW` episodes. None before the first episode,
    and for the metric ""."""
    column = f'"metric_{metric}"' if metric else "null"
    query = (
        f"select avg(raw_return), avg(value) from (select raw_return, {column} as value "
        "from episodes order by number desc limit ?)"
    )
    row = next(database.rows(query, [WINDOW]))
    return row[0], row[1]


def course(database: Database, name: str, points: int) -> tuple[float, ...]:
    """A measurement of the updates at a few updates over the whole training, oldest first. Updates
    without it, and damaged ones, are left out."""
    newest = newest_update(database)
    if newest is None:
        return ()
    last = int(newest["number"])
    wanted = sorted({1 + round(k * (last - 1) / (points - 1)) for k in range(points)})
    marks = ", ".join("?" * len(wanted))
    query = f'select "values" from updates where number in ({marks}) order by number'
    found = []
    for row in database.rows(query, wanted):
        try:
            value = json.loads(row[0]).get(name)
        except (ValueError, TypeError, AttributeError):
            continue  # who reads all updates reports the damaged one
        if isinstance(value, int | float):
            found.append(float(value))
    return tuple(found)


def best_return(database: Database, after: int, until: int | None = None) -> float | None:
    """Largest return of the episodes of the chunks above `after`, up to `until`; None where there is
    no episode."""
    query = "select max(raw_return) from episodes where chunk > ? and chunk <= coalesce(?, chunk)"
    found = next(database.rows(query, [after, until]))[0]
    return None if found is None else float(found)


def recent_marks(database: Database, since: float, most: int) -> list[Mark]:
    """When the newest updates ended that ended after a moment, at most so many, oldest first."""
    query = "select time, steps, chunk from updates where time >= ? order by number desc limit ?"
    rows = list(database.rows(query, [since, most]))
    return [Mark(float(row[0]), float(row[1]), int(row[2])) for row in reversed(rows)]


def updates_above(database: Database, number: float, most: int) -> list[sqlite3.Row]:
    """The next updates with a number above `number`, at most so many."""
    query = "select * from updates where number > ? order by number limit ?"
    return list(database.rows(query, [number, most]))


def episodes_above(
    database: Database, number: float, most: int, metrics: Sequence[str], terms: Sequence[str]
) -> list[sqlite3.Row]:
    """The next episodes with a number above `number`, at most so many: "number", "step", "time",
    "chunk", "raw_return", "shaped_return", "length", the metrics, the terms, in this order."""
    own = [f'"metric_{name}"' for name in metrics] + [f'"term_{name}"' for name in terms]
    chosen = ["number", "step", "time", "chunk", "raw_return", "shaped_return", "length", *own]
    query = f"select {', '.join(chosen)} from episodes where number > ? order by number limit ?"
    return list(database.rows(query, [number, most]))


def begun_chunks(database: Database) -> list[sqlite3.Row]:
    """Every chunk that has begun, oldest first; the last one may still run."""
    return list(database.rows("select * from chunks order by chunk"))


def returns_by_chunk(database: Database, after: int) -> dict[int, ChunkReturns]:
    """What the episodes of each chunk above `after` were worth. Chunks without episodes are left
    out."""
    names = database.term_names()
    terms = "".join(f', avg("term_{name}")' for name in names)
    query = f"select chunk, count(*), avg(raw_return), max(raw_return){terms} from episodes "
    query += "where chunk > ? group by chunk"
    return {
        int(row[0]): ChunkReturns(
            row[1], row[2], float(row[3]), dict(zip(names, row[4:], strict=True))
        )
        for row in map(tuple, database.rows(query, [after]))
    }


def trained_speed(database: Database) -> float | None:
    """Steps per second of everything that is committed; None where nothing was trained."""
    query = "select steps, trained_s from checkpoints order by chunk desc limit 1"
    row = next(database.rows(query), None)
    return row[0] / row[1] if row is not None and row[0] and row[1] else None
