"""Which runs came from which, so that the curve of a fork continues that of its parent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from arcade_rl.runs.directory import RunDirectory, all_runs
from arcade_rl.runs.origins import Fork

D = TypeVar("D", bound="Descended")


@dataclass(frozen=True, slots=True)
class LinePart:
    """The part of a run that belongs to the line of a fork."""

    run: RunDirectory
    before: int
    """Steps that the runs before this one contribute."""
    until: int | None
    """Steps of this run after which the next one was forked from it; None for the last run."""


class Descended(Protocol):
    """What is known of a run and of its parent."""

    @property
    def name(self) -> str: ...

    @property
    def created(self) -> float:
        """When the run was made, in seconds since the epoch."""
        ...

    @property
    def forked(self) -> Fork | None:
        """The checkpoint of another run that the run began with."""
        ...


def parent_of(run: D, among: Sequence[D]) -> D | None:
    """The run that this one was forked from; None for a run that is no fork, or whose parent is not
    `among` these any more. A parent that was renamed is known by the time when it was made."""
    if run.forked is None:
        return None
    made, name = run.forked.created, run.forked.run
    same = [other for other in among if other.created == made and other != run]
    return next((other for other in same if other.name == name), same[0] if same else None)


def lineage(run: RunDirectory) -> list[LinePart]:
    """The run and all that it comes from, the oldest first. The parents are looked for beside the
    run; a line whose beginning was deleted begins with the oldest that is left."""
    beside = all_runs(run.path.parent)
    line: list[RunDirectory] = [run]
    ends: list[int | None] = [None]
    while (parent := parent_of(line[-1], beside)) is not None and parent not in line:
        origin = line[-1].forked
        assert origin is not None, "a run with a parent is a fork"
        line.append(parent)
        ends.append(origin.steps)
    found, before = [], 0
    for one, until in zip(reversed(line), reversed(ends), strict=True):
        found.append(LinePart(one, before, until))
        before += until or 0
    return found


def as_tree(runs: Sequence[D]) -> list[tuple[D, int]]:
    """(run, number of the runs above it) for every run: a fork comes below the run that it was
    forked from, and otherwise the order stays."""
    by_time: dict[float, list[D]] = {}
    for run in runs:
        by_time.setdefault(run.created, []).append(run)
    children: dict[str | None, list[D]] = {}
    for run in runs:
        parent = parent_of(run, by_time.get(run.forked.created, [])) if run.forked else None
        children.setdefault(parent.name if parent else None, []).append(run)
    found: list[tuple[D, int]] = []
    waiting = [(run, 0) for run in reversed(children.get(None, []))]
    while waiting:
        run, depth = waiting.pop()
        found.append((run, depth))
        waiting += [(child, depth + 1) for child in reversed(children.get(run.name, []))]
    return found
