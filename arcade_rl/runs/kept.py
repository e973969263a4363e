"""Recorded episodes of a run that can be shown."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from arcade_rl.errors import MissingError
from arcade_rl.runs import checkpoints
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import EpisodeRow, Query, find_episodes


class Kept:
    """The recorded episodes of a run. `with_policy` leaves only those whose policy is still on
    disk."""

    def __init__(self, run: RunDirectory, with_policy: bool) -> None:
        self._run = run
        self._chunks = _chunks_of_kept(run) if with_policy else None

    def __iter__(self) -> Iterator[EpisodeRow]:
        for row in find_episodes(self._run, Query()):
            if self._chunks is None or row.chunk in self._chunks:
                yield row

    def refuse_none(self) -> None:
        """Raise MissingError if there is no such episode."""
        if next(iter(self), None) is None:
            which = " whose checkpoint is kept" if self._chunks is not None else ""
            raise MissingError(f"{self._run.name} has no recorded episode{which}")

    def nearest(self, steps: int) -> EpisodeRow:
        """The episode that ended nearest to this step of the run. MissingError if there is no
        episode."""
        return self.around(steps, 1)[0]

    def around(self, steps: int, count: int) -> list[EpisodeRow]:
        """The `count` episodes, or fewer where there are not so many, that ended nearest to this
        step of the run, the nearest first. MissingError if there is no episode."""
        self.refuse_none()
        return heapq.nsmallest(count, self, key=lambda row: abs(row.step - steps))


def _chunks_of_kept(run: RunDirectory) -> set[int]:
    """Chunks that began with a checkpoint that is still on disk."""
    there = {chunk for chunk, _ in checkpoints.stored(run.checkpoints)}
    with Database.reading(run.database) as database:
        return {row["chunk"] for row in database.checkpoints() if row["parent"] in there}
