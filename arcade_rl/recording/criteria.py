"""Which episodes are kept, and why: each criterion looks at every episode that ends, in order.

A criterion may look back and name episodes that ended earlier. Its memory consists of plain values,
which a checkpoint carries, so that a chunk that is tried again keeps the same episodes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from arcade_rl.config import parse_percent
from arcade_rl.config.recording import (
    RETURN,
    All,
    AnyCriterion,
    FailureCriterion,
    First,
    PerformanceCriterion,
    Periodic,
    Record,
    StageBoundary,
    StageTransition,
)
from arcade_rl.contracts import Better, Metric

Memory = Any
"""What a criterion remembers, as a value that JSON can hold."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What criteria know about an episode that ended."""

    number: int
    """Number of the episode in its run, from 1."""
    stage: int
    """Number of the curriculum stage that the episode was played in."""
    length: int
    """Number of steps."""
    values: Mapping[str, float]
    """The return, under the name RETURN, and every metric, by name."""


class Criterion(ABC):
    """One reason to keep episodes."""

    look_back = 0
    """How many of the last episodes the criterion may name when the stage changes."""

    @abstractmethod
    def matches(self, episode: Facts) -> bool:
        """Whether this episode is kept; called once for each, in the order of their end."""

    def stage_ended(self, stage: int, last: Sequence[Facts]) -> Sequence[Facts]:
        """Which of the last episodes to end are kept because `stage` ended after them."""
        return ()

    def run_ended(self, stage: int, last: Sequence[Facts]) -> Sequence[Facts]:
        """Which of the last episodes to end are kept because the run ended in `stage`."""
        return ()

    def memory(self) -> Memory:
        """What the criterion remembers, for `remember`."""
        return None

    def remember(self, memory: Memory) -> None:
        """Go on from the memory of another criterion with the same settings."""
        return


class Always(Criterion):
    """Keeps every episode."""

    def matches(self, episode: Facts) -> bool:
        return True


class EveryNth(Criterion):
    """Keeps one episode in every `every`."""

    def __init__(self, settings: Periodic) -> None:
        self._every = settings.every

    def matches(self, episode: Facts) -> bool:
        return episode.number % self._every == 0


class Window(Criterion):
    """Compares an episode with the last `length` episodes before it."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._values: list[float] = []

    def _shares(self, value: float) -> tuple[Fraction, Fraction] | None:
        """(share of the window below a value, share above it); None until the window is full. The
        value enters the window afterwards: an episode is not compared with itself."""
        window = self._values
        self._values = [*window, value][-self._length :]
        if len(window) < self._length:
            return None
        below, above = sum(o < value for o in window), sum(o > value for o in window)
        return Fraction(below, len(window)), Fraction(above, len(window))

    def memory(self) -> Memory:
        return self._values

    def remember(self, memory: Memory) -> None:
        self._values = list(memory)[-self._length :]


class BestAndWorst(Window):
    """Keeps the best and the worst episodes. An episode that ties with many others is neither."""

    def __init__(self, settings: PerformanceCriterion, better: Better) -> None:
        super().__init__(settings.window)
        self._metric = settings.metric
        shares = [
            Fraction(0) if s == "0%" else parse_percent(s) for s in (settings.top, settings.bottom)
        ]
        self._high, self._low = reversed(shares) if better == "down" else shares

    def matches(self, episode: Facts) -> bool:
        shares = self._shares(episode.values[self._metric])
        if shares is None:
            return False
        below, above = shares
        is_high = self._high > 0 and below >= 1 - self._high
        return is_high or (self._low > 0 and above >= 1 - self._low)


class Shortest(Window):
    """Keeps the shortest episodes."""

    def __init__(self, settings: FailureCriterion) -> None:
        super().__init__(settings.window)
        self._share = parse_percent(settings.shortest)

    def matches(self, episode: Facts) -> bool:
        shares = self._shares(episode.length)
        return shares is not None and shares[1] >= 1 - self._share


class AroundTransitions(Criterion):
    """Keeps the last episodes before a change of stage, and the first ones after it."""

    def __init__(self, settings: StageTransition) -> None:
        self.look_back = settings.before
        self._after = settings.after
        self._left = 0
        self._stage = 0

    def matches(self, episode: Facts) -> bool:
        if self._left and episode.stage == self._stage:
            self._left -= 1
            return True
        return False

    def stage_ended(self, stage: int, last: Sequence[Facts]) -> Sequence[Facts]:
        self._left, self._stage = self._after, stage + 1
        return last[-self.look_back :] if self.look_back else ()

    def memory(self) -> Memory:
        return [self._left, self._stage]

    def remember(self, memory: Memory) -> None:
        self._left, self._stage = memory


class EndsOfStages(Criterion):
    """Keeps the first and the last episodes of every stage."""

    def __init__(self, settings: StageBoundary) -> None:
        self.look_back = settings.last
        self._first = settings.first
        self._seen: dict[int, int] = {}
        """How many episodes have ended, by stage."""

    def matches(self, episode: Facts) -> bool:
        seen = self._seen[episode.stage] = self._seen.get(episode.stage, 0) + 1
        return seen <= self._first

    def stage_ended(self, stage: int, last: Sequence[Facts]) -> Sequence[Facts]:
        played = [episode for episode in last if episode.stage == stage]
        return played[-self.look_back :] if self.look_back else ()

    def run_ended(self, stage: int, last: Sequence[Facts]) -> Sequence[Facts]:
        return self.stage_ended(stage, last)

    def memory(self) -> Memory:
        return list(self._seen.items())

    def remember(self, memory: Memory) -> None:
        self._seen = dict(memory)


class NewBest(Criterion):
    """Keeps episodes that set a record. The first episode of a run sets none: it has nothing to
    beat."""

    def __init__(self, directions: Mapping[str, Better]) -> None:
        self._directions = directions
        self._best: dict[str, float] = {}

    def matches(self, episode: Facts) -> bool:
        is_record = False
        for name, better in self._directions.items():
            value, best = episode.values[name], self._best.get(name)
            if best is None or (value > best if better == "up" else value < best):
                self._best[name] = value
                is_record |= best is not None
        return is_record

    def memory(self) -> Memory:
        return self._best

    def remember(self, memory: Memory) -> None:
        self._best = dict(memory)


class FirstPast(Criterion):
    """Keeps the first episode that reaches a threshold."""

    def __init__(self, settings: First, better: Better) -> None:
        self._settings, self._is_down = settings, better == "down"
        self._is_done = False

    def matches(self, episode: Facts) -> bool:
        value, threshold = episode.values[self._settings.metric], self._settings.threshold
        passes = value <= threshold if self._is_down else value >= threshold
        is_first = passes and not self._is_done
        self._is_done |= passes
        return is_first

    def memory(self) -> Memory:
        return self._is_done

    def remember(self, memory: Memory) -> None:
        self._is_done = bool(memory)


def make(settings: AnyCriterion, metrics: Sequence[Metric]) -> Criterion:
    """The criterion for these settings. The game must declare every metric that they name."""
    better: dict[str, Better] = {RETURN: "up", **{m.name: m.better for m in metrics}}
    match settings:
        case All():
            return Always()
        case Periodic():
            return EveryNth(settings)
        case PerformanceCriterion():
            return BestAndWorst(settings, better[settings.metric])
        case StageTransition():
            return AroundTransitions(settings)
        case StageBoundary():
            return EndsOfStages(settings)
        case Record():
            names = settings.metrics or [n for n, way in better.items() if way != "none"]
            return NewBest({name: better[name] for name in names})
        case First():
            return FirstPast(settings, better[settings.metric])
        case FailureCriterion():
            return Shortest(settings)
