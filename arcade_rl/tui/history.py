"""Every measurement of a run in memory, read on from where the last look ended."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from arcade_rl.runs import looks
from arcade_rl.runs.database import Database
from arcade_rl.tui.series import Floats, Measured

SLICE = 5_000
"""Most rows that one transaction reads."""
EPISODE_MEASURES = ("return", "shaped return", "length")
"""Measures that the episodes of every game have, before those of the game."""


@dataclass(frozen=True, slots=True)
class _Published:
    """Columns as they were at the end of a look."""

    names: tuple[str, ...]
    buffer: Floats
    count: int

    def column(self, name: str) -> Floats:
        """One column, oldest row first."""
        return self.buffer[self.names.index(name), : self.count]


@dataclass
class _Columns:
    """Rows as columns of numbers, which grow. Rows of a chunk that is not finished can be forgotten."""

    names: tuple[str, ...]
    _buffer: Floats = field(default_factory=lambda: np.empty((0, 0)))
    count: int = 0
    settled: int = 0
    """Number of rows of finished chunks, which stay as they are."""
    published: _Published = field(init=False)
    """What other threads see."""

    def __post_init__(self) -> None:
        self._buffer = np.empty((len(self.names), 256))
        self.publish()

    def add(self, rows: Sequence[Sequence[float]]) -> None:
        """Add rows at the end."""
        if not rows:
            return
        block = np.array(rows, np.float64).T
        while self.count + block.shape[1] > self._buffer.shape[1]:
            self._buffer = np.concatenate([self._buffer, np.empty_like(self._buffer)], axis=1)
        self._buffer[:, self.count : self.count + block.shape[1]] = block
        self.count += block.shape[1]

    def widen(self, names: Sequence[str]) -> None:
        """Add columns, which are not numbers in the rows that are here already."""
        if not names:
            return
        more = np.full((len(names), self._buffer.shape[1]), np.nan)
        self._buffer = np.concatenate([self._buffer, more])
        self.names = (*self.names, *names)

    def settle(self, until: int) -> None:
        """Rows of chunks up to `until` stay as they are."""
        chunks = self._buffer[self.names.index("chunk"), : self.count]
        self.settled = int(np.searchsorted(chunks, until, side="right"))

    def forget_open(self) -> None:
        """Forget the rows of chunks that are not finished."""
        self.count = self.settled

    def publish(self) -> None:
        """Let other threads see the rows that are here now."""
        self.published = _Published(self.names, self._buffer, self.count)

    def last(self, name: str) -> float:
        """The value of the last row; 0 without rows."""
        return float(self._buffer[self.names.index(name), self.count - 1]) if self.count else 0.0


_PLACES = ("number", "step", "time", "chunk")
_RATE = "steps per second"


class History:
    """The updates and episodes of one run. A look reads what is new, and nothing a second time: the
    rows of the chunk that runs stay until its attempt fails, and then they are forgotten."""

    def __init__(self) -> None:
        self._updates = _Columns((*_PLACES, _RATE))
        self._episodes: _Columns | None = None
        self._metrics: list[str] = []
        self._terms: list[str] = []
        self._until = -1
        self._newest: looks.BegunChunk | None = None
        """The newest chunk before the rows were read."""
        self.started = 0.0
        """When the first chunk began, in seconds since the epoch."""
        self.unreadable = 0
        """Number of updates whose values could not be read."""
        self.version = 0
        """A number that grows with every look that finds something new."""

    @property
    def metrics(self) -> list[str]:
        """Metrics of the game."""
        return self._metrics

    @property
    def terms(self) -> list[str]:
        """Reward terms of the game."""
        return self._terms

    @property
    def update_measures(self) -> list[str]:
        """Names of what the updates measured."""
        return [name for name in self._updates.published.names if name not in _PLACES]

    @property
    def episode_measures(self) -> list[str]:
        """Names of what the episodes measured."""
        return [*EPISODE_MEASURES, *self._metrics, *(f"term {name}" for name in self._terms)]

    @property
    def measure_names(self) -> list[str]:
        """Names of everything that was measured, each once."""
        names = [*self.episode_measures, *self.update_measures] if self._episodes else []
        return list(dict.fromkeys(names))

    @property
    def counts(self) -> tuple[int, int]:
        """(updates, episodes) that are here."""
        episodes = self._episodes.published.count if self._episodes else 0
        return self._updates.published.count, episodes

    def look(self, database: Database) -> None:
        """Read what is new. Each transaction is short."""
        now, newest = looks.settled(database), looks.newest_chunk(database)
        is_anew = now.until < self._until or now.started != self.started
        if is_anew or self._episodes is None:
            self._begin(database, now.started)
        elif not self._is_same_attempt(database):
            self._forget_open(database)
        assert self._episodes is not None
        before = self.counts
        self._read(self._updates, self._update_rows(database))
        self._read(self._episodes, self._episode_rows(database))
        for columns in (self._updates, self._episodes):
            columns.settle(now.until)
            columns.publish()
        self._until, self._newest = now.until, newest
        if self.counts != before:
            self.version += 1

    def _is_same_attempt(self, database: Database) -> bool:
        """Whether the rows of the look before are still those of the run."""
        if self._newest is None or self._episodes is None:
            return False
        last = max(self._updates.last("chunk"), self._episodes.last("chunk"))
        if last > self._newest.chunk:  # the chunk began while rows were read, at an unknown attempt
            return False
        return looks.begun_chunk(database, self._newest.chunk) == self._newest

    def measured(self, name: str) -> Measured:
        """All values of a measure, as of the last look. KeyError for a name that neither updates nor
        episodes have."""
        episodes = self._episodes.published if self._episodes is not None else None
        if episodes is not None and name in self.episode_measures:
            return Measured(
                episodes.column("step"), episodes.column("time"), episodes.column("number"),
                episodes.column(name),
            )  # fmt: skip
        updates = self._updates.published
        if name not in updates.names:
            raise KeyError(name)
        steps = updates.column("step")
        ended = np.searchsorted(episodes.column("step"), steps, side="right") if episodes else steps
        return Measured(
            steps, updates.column("time"), ended.astype(np.float64), updates.column(name)
        )

    def _forget_open(self, database: Database) -> None:
        """Forget the rows of chunks that are not finished, and everything where some of all rows
        could not be read: which ones is not known."""
        assert self._episodes is not None
        if self.unreadable:
            self._begin(database, self.started)
            return
        for columns in (self._updates, self._episodes):
            if columns.count != columns.settled:
                columns.forget_open()
                self.version += 1

    def _begin(self, database: Database, started: float) -> None:
        self._metrics, self._terms = database.metric_names(), database.term_names()
        self._updates = _Columns((*_PLACES, _RATE))
        self._episodes = _Columns((*_PLACES, *self.episode_measures))
        self.started, self._until, self.unreadable, self._newest = started, -1, 0, None
        self.version += 1

    def _read(self, columns: _Columns, slices: Iterator[list[sqlite3.Row]]) -> None:
        for rows in slices:
            columns.add(self._taken(columns, rows))

    def _taken(self, columns: _Columns, rows: list[sqlite3.Row]) -> list[list[float]]:
        if columns is self._updates:
            return self._of_updates(rows)
        found = [[float(value) for value in tuple(row)] for row in rows]
        for episode in found:
            episode[_PLACES.index("time")] -= self.started
        return found

    def _episode_rows(self, database: Database) -> Iterator[list[sqlite3.Row]]:
        assert self._episodes is not None
        while rows := looks.episodes_above(
            database, self._episodes.last("number"), SLICE, self._metrics, self._terms
        ):
            yield rows

    def _update_rows(self, database: Database) -> Iterator[list[sqlite3.Row]]:
        while rows := looks.updates_above(database, self._updates.last("number"), SLICE // 10):
            yield rows

    def _of_updates(self, rows: list[sqlite3.Row]) -> list[list[float]]:
        values = [self._values(row) for row in rows]
        known = set(self._updates.names)
        new = dict.fromkeys(name for one in values for name in one if name not in known)
        self._updates.widen(list(new))
        names = self._updates.names[len(_PLACES) + 1 :]
        nan = float("nan")
        return [
            [
                float(row["number"]), float(row["steps"]), float(row["time"]) - self.started,
                float(row["chunk"]), float(row["steps_per_s"]), *(one.get(name, nan) for name in names),
            ]
            for row, one in zip(rows, values, strict=True)
        ]  # fmt: skip

    def _values(self, row: sqlite3.Row) -> dict[str, float]:
        try:
            values, phases = json.loads(row["values"]), json.loads(row["phases"])
            values = {str(name): float(value) for name, value in values.items()}
            return values | {f"phase {name}": float(s) for name, s in phases.items()}
        except (ValueError, TypeError, AttributeError):
            self.unreadable += 1
            return {}
