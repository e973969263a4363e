"""Finding recorded episodes in a run's index."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from arcade_rl.config.recording import CRITERIA
from arcade_rl.errors import MissingError, UsageError
from arcade_rl.recording.ended import COLUMNS
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.fields import unsound
from arcade_rl.runs.schema import LARGEST
from arcade_rl.words import meant_or

NAMES = {"raw_return": "return", "step_end": "step", "env": "environment"}
"""Names that people use for numbers of episodes in tables, CSV, JSON and filters, by the names that
files and tables of run.db have; others are the same."""
_SORTED = ("number", "raw_return", "length", "stage", "step", "time", "chunk", "seed")
FIELDS = {**{NAMES.get(name, name): f"e.{name}" for name in _SORTED}, "bytes": "r.bytes"}
"""SQL columns that every episode has besides its metrics, by the names that people use."""
_TEXTS = {"reasons", *(column.name for column in COLUMNS if column.kind is str)}
_SPOKEN = {">=": "of at least", "<=": "of at most", ">": "above", "<": "below", "=": "of"}
_OPERATORS = tuple(_SPOKEN)
_CONDITION = re.compile(r"\s*([^\s<>=]+)\s*(>=|<=|>|<|=)\s*(\S+)\s*")


def named(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values under the names that people use."""
    return {NAMES.get(name, name): value for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that episodes must meet, such as "score>=100"."""

    name: str
    """Name of a metric, or one of `FIELDS`."""
    operator: Literal[">=", "<=", ">", "<", "="]
    value: float

    def __post_init__(self) -> None:
        if isinstance(self.value, float) and not math.isfinite(self.value):
            raise UsageError(f"{self.name}{self.operator}{self.value} compares with no number")

    def __str__(self) -> str:
        name = self.name.replace("_", " ")
        return f"{name} {_SPOKEN[self.operator]} {self.value:g}"


def parse_condition(text: str) -> Condition:
    """The condition that a text such as "score>=100" states. UsageError if the text states none."""
    try:
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise ValueError
        return Condition(match[1], match[2], float(match[3]))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise UsageError(
            f"{text!r} is not a condition; expected a metric, one of {' '.join(_OPERATORS)} and a "
            'number, such as "score>=100"'
        ) from None


@dataclass(frozen=True, slots=True)
class Query:
    """Which recorded episodes are wanted, and in which order."""

    conditions: tuple[Condition, ...] = ()
    """Conditions that must all be met."""
    reason: str | None = None
    """A criterion that the episodes were kept for; None for any."""
    sort: str = "number"
    """Order of the episodes: a metric or one of `FIELDS`, or either with a "-" before it, from the
    largest to the smallest."""
    limit: int | None = None
    opponent: str | None = None
    """Name of whoever sat opposite."""

    def __post_init__(self) -> None:
        if self.limit is not None and not (isinstance(self.limit, int) and self.limit >= 1):
            raise UsageError(f"limit is {self.limit!r}; expected a whole number, 1 or more")
        if self.reason is not None and self.reason not in CRITERIA:
            expected = f"expected one of {', '.join(CRITERIA)}"
            hint = meant_or(self.reason, CRITERIA, expected)
            raise UsageError(f"there is no criterion {self.reason!r}; {hint}")

    @property
    def column(self) -> str:
        """Name of what the query sorts by, in either direction."""
        return self.sort.removeprefix("-")


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """What the index knows of a recorded episode."""

    number: int
    chunk: int
    """Chunk that the episode ended in."""
    segment: int
    """Chunk whose segment holds the recording; later than `chunk` where a criterion could still
    look back at the episode."""
    environment: int
    seed: int
    stage: int
    length: int
    """Length of the episode, in steps."""
    step: int
    """Steps of the run when the episode ended."""
    raw_return: float
    shaped_return: float
    truncated: bool
    opponent: str
    """Name of whoever sat opposite; "" in a game of one seat."""
    time: float
    """When the rollout in which the episode ended was over, in seconds since the epoch."""
    metrics: dict[str, float]
    terms: dict[str, float]
    reasons: list[str]
    offset: int
    """Where the episode's frame begins in the segment, in bytes."""
    bytes: int
    """Size of the frame, in bytes."""


def find_episodes(run: RunDirectory, query: Query) -> Iterator[EpisodeRow]:
    """The recorded episodes of finished chunks that meet the query, one after the other.

    UsageError if the query names something that episodes do not have. VerificationError if the
    index is damaged.
    """
    with Database.reading(run.database) as database:
        metrics, terms = database.metric_names(), database.term_names()
        chosen, values = _chosen(metrics, query)
        for row in database.rows(f"{_WHOLE} {chosen}", values):
            yield _row(row, metrics, terms)


def find_numbers(run: RunDirectory, query: Query) -> list[int]:
    """The numbers of the episodes that `find_episodes` would give, in the same order, for those who
    show a part of a long list. Errors are the same."""
    with Database.reading(run.database) as database:
        chosen, values = _chosen(database.metric_names(), query)
        return [row[0] for row in database.rows(f"select e.number {_FROM} {chosen}", values)]


def read_numbered(run: RunDirectory, numbers: Sequence[int]) -> list[EpisodeRow]:
    """The recorded episodes with these numbers, at most some hundreds, in the same order; those that
    are gone are left out. VerificationError if the index is damaged."""
    with Database.reading(run.database) as database:
        metrics, terms = database.metric_names(), database.term_names()
        marks = ", ".join("?" * len(numbers))
        rows = database.rows(f"{_WHOLE} where e.number in ({marks})", list(numbers))
        found = {row["number"]: _row(row, metrics, terms) for row in rows}
    return [found[number] for number in numbers if number in found]


def nearest_recorded(run: RunDirectory, number: int) -> int | None:
    """Number of the recorded episode that is nearest to this number; None if none is recorded."""
    query = "select number from recordings order by abs(number - ?), number limit 1"
    with Database.reading(run.database) as database:
        return next((int(row[0]) for row in database.rows(query, [number])), None)


_FROM = "from recordings r join episodes e using (number) join chunks c on c.chunk = e.chunk"
_WHOLE = f"select e.*, r.chunk as segment, r.reasons, r.offset, r.bytes {_FROM}"


def _chosen(metrics: Sequence[str], query: Query) -> tuple[str, list[object]]:
    """What a query chooses, as the end of a statement and its values."""
    columns = FIELDS | {name: f'e."metric_{name}"' for name in metrics}
    where, values = ["c.state = 'done'"], list[object]()
    for condition in query.conditions:
        where.append(f"{_column(columns, condition.name)} {condition.operator} ?")
        values.append(condition.value)
    if query.reason is not None:
        where.append("instr(',' || r.reasons || ',', ?)")
        values.append(f",{query.reason},")
    if query.opponent is not None:
        where.append("e.opponent = ?")
        values.append(query.opponent)
    order = _column(columns, query.column)
    down = " desc" if query.sort.startswith("-") else ""
    limit = -1 if query.limit is None else min(query.limit, LARGEST)
    chosen = f"where {' and '.join(where)} order by {order}{down}, e.number limit ?"
    return chosen, [*values, limit]


def first_episode(run: RunDirectory, condition: Condition) -> tuple[int, int] | None:
    """(number, chunk) of the first episode of finished chunks, recorded or not, that meets the
    condition; None if there is none. UsageError if the condition names something that episodes do
    not have."""
    with Database.reading(run.database) as database:
        columns = {name: column for name, column in FIELDS.items() if column.startswith("e.")}
        columns |= {name: f'e."metric_{name}"' for name in database.metric_names()}
        rows = database.rows(
            "select e.number, e.chunk from episodes e join chunks c using (chunk) where c.state = 'done' "
            f"and {_column(columns, condition.name)} {condition.operator} ? order by e.number limit 1",
            [condition.value],
        )
        return next((tuple(row) for row in rows), None)


def numbered(number: int) -> Query:
    """The query for the episode with this number."""
    return Query((Condition("number", "=", number),))


def find_episode(run: RunDirectory, number: int) -> EpisodeRow:
    """The recorded episode with this number. MissingError if there is none."""
    for row in find_episodes(run, numbered(number)):
        return row
    raise MissingError(
        f"{run.name} has no recording of an episode {number}; "
        f"see `arcade-rl episodes list {run.name}`"
    )


def _column(columns: dict[str, str], name: str) -> str:
    if name not in columns:
        expected = f"expected one of {', '.join(columns)}"
        raise UsageError(f"episodes have no {name!r}; {meant_or(name, columns, expected)}")
    return columns[name]


def _row(row: sqlite3.Row, metrics: Sequence[str], terms: Sequence[str]) -> EpisodeRow:
    for name in row.keys():  # noqa: SIM118 - a row is no mapping
        if not isinstance(row[name], str if name in _TEXTS else int | float):
            raise unsound(EpisodeRow, f"{name} is {row[name]!r}")
    return EpisodeRow(
        number=row["number"],
        chunk=row["chunk"],
        segment=row["segment"],
        environment=row["env"],
        **{c.name: c.kind(row[c.name]) for c in COLUMNS if c.name != "env"},
        time=row["time"],
        metrics={name: row[f"metric_{name}"] for name in metrics},
        terms={name: row[f"term_{name}"] for name in terms},
        reasons=[reason for reason in row["reasons"].split(",") if reason],
        offset=row["offset"],
        bytes=row["bytes"],
    )
