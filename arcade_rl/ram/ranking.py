"""Which bytes of memory hold a number that is known from elsewhere, by what recorded episodes show.

A recording plays again, so the memory at each of its steps is known, and a whole series of a metric,
of the reward or of somebody's notes can be compared with every address at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import UsageError
from arcade_rl.ram.kinds import KINDS, NO_NUMBER, NumberKind, differs

STEADY = 0.3
"""Largest part of the steps with a change at which a series counts as one that rests between
changes, such as a score. When it changes then says more than how far."""
MARGIN = 0.02
"""How much better a more complicated reading of the same bytes must be in order to be proposed."""


@dataclass(frozen=True, slots=True)
class MemoryTrace:
    """One episode: what memory held after each step, and the series that is looked for."""

    memory: npt.NDArray[np.uint8]
    """(T, addresses), uint8."""
    series: npt.NDArray[np.float64]
    """(T,), float64; NaN where the value is not known."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A place that may hold the number."""

    address: int
    kind: NumberKind
    equal: float
    """Part of the steps at which the number in memory is the very value, 0 to 1."""
    together: float
    """How well the changes of both fall together: twice the common ones over all of both, 0 to 1."""
    fit: float
    """Squared correlation of both, 0 to 1."""
    scale: float
    offset: float
    """The series is nearly `scale` times the number, plus `offset`."""

    @property
    def end(self) -> int:
        """The first address behind the number."""
        return self.address + self.kind.size

    @property
    def is_same(self) -> bool:
        """Whether memory held the very value at every step."""
        return self.equal == 1.0


def rank(traces: Sequence[MemoryTrace], count: int = 10) -> list[Proposal]:
    """The best places for a series, best first, each address once. UsageError where the series never
    changes, because every byte that rests would do."""
    known = [~np.isnan(trace.series) for trace in traces]
    series = np.concatenate([trace.series[k] for trace, k in zip(traces, known, strict=True)])
    if not len(series) or series.min() == series.max():
        raise UsageError("the series never changes in these episodes; take more of them, or others")
    changed = _changes([trace.series[k] for trace, k in zip(traces, known, strict=True)])
    best: dict[int, tuple[float, Proposal]] = {}
    for kind in KINDS:
        values = [kind.read(t.memory[k]) for t, k in zip(traces, known, strict=True)]
        for score, proposal in _proposals(kind, values, series, changed):
            other = best.get(proposal.address)
            if other is None or score > other[0] + MARGIN:
                best[proposal.address] = (score, proposal)
    ranked = sorted(best.values(), key=lambda pair: (-round(pair[0], 3), pair[1].kind.simplicity))
    found: list[Proposal] = []
    for _, proposal in ranked:
        if len(found) == count:
            break
        if not any(proposal.address <= one.address < proposal.end for one in found):
            found.append(proposal)  # wider readings of a byte that is named already say nothing new
    return found


def rank_changes(memories: Sequence[npt.NDArray[np.uint8]], steps: Sequence[Sequence[int]], count: int = 10) -> list[Proposal]:  # fmt: skip
    """The bytes that change at just these steps of each episode, counted from 1, best first."""
    traces = []
    for memory, at in zip(memories, steps, strict=True):
        series = np.zeros(len(memory))
        series[[step for step in at if 0 < step < len(memory)]] = 1.0
        traces.append(MemoryTrace(memory, np.cumsum(series)))
    ranked = rank(traces, 4 * count)
    return sorted(ranked, key=lambda proposal: -proposal.together)[:count]


def _changes(parts: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.bool_]:
    """Whether a series changes from one step of an episode to the next. (steps - episodes,), bool."""
    return np.concatenate([part[1:] != part[:-1] for part in parts])


def _proposals(
    kind: NumberKind,
    parts: Sequence[npt.NDArray[np.int64]],
    series: npt.NDArray[np.float64],
    changed: npt.NDArray[np.bool_],
) -> list[tuple[float, Proposal]]:
    """(score, proposal) of every address that changes at all and always holds a number."""
    values = np.concatenate(parts)
    alive = (values != NO_NUMBER).all(axis=0) & (values.min(axis=0) != values.max(axis=0))
    addresses = np.flatnonzero(alive)
    if not len(addresses):
        return []
    held = values[:, addresses].astype(np.float64)
    moved = np.concatenate([differs(p[1:], p[:-1])[:, addresses] for p in parts])
    together = 2 * (moved & changed[:, None]).sum(0) / (moved.sum(0) + changed.sum())
    centred, target = held - held.mean(0), series - series.mean()
    spread = (centred**2).sum(0)
    covariance = centred.T @ target
    fit = covariance**2 / (spread * (target @ target))
    scale = covariance / spread
    offset = series.mean() - scale * held.mean(0)
    equal = (held == series[:, None]).mean(0)
    rests = changed.mean() <= STEADY
    score = np.where(equal == 1.0, 2.0, (together + fit) / 2 if rests else fit)
    return [
        (
            float(score[k]),
            Proposal(
                int(address), kind, float(equal[k]), float(together[k]), float(fit[k]),
                float(scale[k]), float(offset[k]),
            ),
        )
        for k, address in enumerate(addresses)
    ]  # fmt: skip
