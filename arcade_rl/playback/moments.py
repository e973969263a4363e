"""Which part of an episode is shown: all of it, from one moment to another, or the most telling
stretch of a given length.

How telling a stretch is follows from numbers that every game has: the rewards and the metrics of
the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import UsageError
from arcade_rl.playback.session import Session
from arcade_rl.playback.tables import RunningMetrics

RARE = 0.1
"""Largest part of an episode's steps at which a metric may change so that each of its changes
counts as an event."""
SAME = 1e-9
"""Largest difference, relative to the whole episode, between stretches that are equally telling."""

Rule: TypeAlias = Literal["telling", "end"]
"""Which stretch of a long episode is shown: the most telling one, or the last one."""
Counts: TypeAlias = npt.NDArray[np.int64]
Amounts: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Position:
    """A moment of an episode as people name it: 120 steps or 12 seconds after the start."""

    amount: Fraction
    is_seconds: bool

    def __str__(self) -> str:
        return f"{float(self.amount):g}{'s' if self.is_seconds else ''}"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The part of an episode that is wanted; without any limit, the whole episode."""

    start: Position | None = None
    """Where the part begins."""
    end: Position | None = None
    """Where the part ends."""
    limit: Fraction | None = None
    """Longest time for which the part is seen, s. A start is kept and the rest is cut off; an end
    without a start is kept, and the beginning is cut off."""
    rule: Rule = "telling"
    """What is shown of an episode that is longer than `limit`, where neither start nor end is
    given."""


WHOLE = Excerpt()
"""A whole episode."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps of an episode that follow each other."""

    before: int
    """Steps of the episode before the first that is shown."""
    until: int
    """Steps of the episode up to the last that is shown, that one included."""
    frames: int
    """Frames of the steps before the first that is shown."""


def stretch_of(session: Session, excerpt: Excerpt, speed: Fraction) -> Stretch:
    """The steps of a whole episode that an excerpt means. `speed`: seconds of the game that pass in
    a second for those who look. UsageError for a start or an end beyond the episode."""
    if excerpt == WHOLE:
        return Stretch(0, len(session), 0)
    recording, declaration = session.recording, session.declaration
    metrics = RunningMetrics(recording.metadata, declaration).table(recording)
    amounts = amounts_of(recording.rewards, metrics)
    return find_stretch(excerpt, ends_of(session), amounts, declaration.frame_rate, speed)


def scores_of(session: Session, steps: Sequence[int]) -> list[float | None]:
    """The metric of the headline after each of these numbers of steps; None where the recording
    does not have the metric."""
    recording, declaration = session.recording, session.declaration
    metrics = RunningMetrics(recording.metadata, declaration)
    return [metrics.after(recording, step).get(declaration.headline_metric.name) for step in steps]


def ends_of(session: Session) -> Counts:
    """Frames up to the start of a whole episode, which are none, and up to the end of each of its
    steps. (T + 1,), int64."""
    frames = session.recording.frames
    if frames is None:
        session.seek(1)
        frames = np.full(len(session), session.frames_before(2))
    return np.concatenate([[0], np.cumsum(frames, dtype=np.int64)])


def amounts_of(rewards: npt.NDArray[np.generic], metrics: Amounts) -> Amounts:
    """How much happens in each step: the reward in units of the mean of all rewards that are not 0,
    and 1 for every metric that changes, unless the metric changes all the time. (T,), float64.

    `rewards`: the game's own, (T,); `metrics`: the running value of each after each step, (T, K).
    """
    sizes = np.abs(rewards.astype(np.float64))
    if sizes.any():
        sizes /= sizes[sizes > 0].mean()
    changes = np.diff(metrics, axis=0, prepend=metrics[:1]) != 0
    events = changes[:, changes.mean(axis=0) <= RARE]
    return np.asarray(sizes + events.sum(axis=1))


def find_stretch(
    excerpt: Excerpt, ends: Counts, amounts: Amounts, rate: Fraction, speed: Fraction
) -> Stretch:
    """The steps that an excerpt means of an episode with these `ends` and `amounts`. `rate`: the
    game's frames per second; `speed`: as in `stretch_of`."""
    before = 0 if excerpt.start is None else step_at(excerpt.start, "start", ends, rate)
    until = len(amounts) if excerpt.end is None else step_at(excerpt.end, "end", ends, rate)
    if before >= until:
        raise UsageError(
            f"nothing is shown from step {before} to step {until} of an episode of {len(amounts)} "
            "steps; give a start before the end"
        )
    if excerpt.limit is not None and excerpt.start is None:
        length = float(excerpt.limit * speed * rate)
        if excerpt.end is None and excerpt.rule == "telling":
            before = most_telling(ends, amounts, length)
        else:
            before = last_window(ends[: until + 1], length)
    return Stretch(before, until, int(ends[before]))


def most_telling(ends: Counts, amounts: Amounts, length: float) -> int:
    """Steps before the stretch of `length` frames in which most happens.

    Of stretches that are equally telling, the last one of the episode is taken if it is among them,
    so that the end is seen; otherwise the middle one of the latest that follow each other.
    """
    last = last_window(ends, length)
    stops = np.searchsorted(ends, ends[: last + 1] + length, side="right") - 1
    summed = np.concatenate([[0.0], np.cumsum(amounts)])
    gains = summed[stops] - summed[: last + 1]
    best = np.flatnonzero(gains >= gains.max() - SAME * summed[-1])
    if best[-1] == last:
        return last
    latest = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)[-1]
    return int(latest[len(latest) // 2])


def last_window(ends: Counts, length: float) -> int:
    """Steps before the last stretch of at most `length` frames, which has one step at least."""
    return min(int(np.searchsorted(ends, ends[-1] - length)), len(ends) - 2)


def step_at(position: Position, name: str, ends: Counts, rate: Fraction) -> int:
    """Number of whole steps up to a position. `name`: the option that gave it, without dashes;
    `ends`: as `ends_of` gives them; `rate`: the game's frames per second. UsageError for a position
    beyond the episode."""
    steps = len(ends) - 1
    found = position.amount
    if position.is_seconds:
        seconds = ends[-1] / float(rate)
        if position.amount > seconds:
            raise UsageError(
                f"--{name} {position} is beyond the episode, which lasts {seconds:.1f} s"
            )
        return int(np.searchsorted(ends, float(found * rate), side="right")) - 1
    if found > steps:
        raise UsageError(f"--{name} {position} is beyond the episode, which has {steps} steps")
    return int(found)
