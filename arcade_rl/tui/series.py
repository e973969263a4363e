"""Curves without a terminal: points over an axis, joined, smoothed, and searched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Axis: TypeAlias = Literal["step", "time", "episode"]
AXES: tuple[Axis, ...] = ("step", "time", "episode")


@dataclass(frozen=True, slots=True)
class Measured:
    """Every value of one measure, in the order in which they were measured, with where they were
    measured on each axis. Arrays of one length."""

    steps: Floats
    """Steps of the run."""
    times: Floats
    """Seconds since the run began to train."""
    episodes: Floats
    """Number of the episode, or of the last one that had ended."""
    values: Floats

    def __len__(self) -> int:
        return len(self.values)

    def later(self, steps: int) -> Measured:
        """These values, so many steps later."""
        return replace(self, steps=self.steps + steps)

    def along(self, axis: Axis) -> Floats:
        """Where each value lies on an axis."""
        return {"step": self.steps, "time": self.times, "episode": self.episodes}[axis]


@dataclass(frozen=True, slots=True)
class ShownSeries:
    """The points of one curve on the screen, from left to right. Arrays of one length."""

    name: str
    x: Floats
    mean: Floats
    low: Floats
    """Smallest value that each point stands for."""
    high: Floats
    """Largest value that each point stands for."""
    colour: int = 0
    """Number of the colour of the curve."""

    def __len__(self) -> int:
        return len(self.x)


def joined(
    measured: Measured, axis: Axis, points: int, name: str, smoothing: int = 0, colour: int = 0
) -> ShownSeries:
    """A curve of at most `points` points, each the mean of about as many consecutive values, with
    the least and the most of them. `smoothing`: number of points before each that its mean takes in
    too. Values that are not finite are left out."""
    x, values = measured.along(axis), measured.values
    is_there = np.isfinite(values) & np.isfinite(x)
    x, values = x[is_there], values[is_there]
    if not len(values):
        empty = np.empty(0)
        return ShownSeries(name, empty, empty, empty, empty, colour)
    count = min(points, len(values))
    starts = (np.arange(count) * len(values)) // count
    sizes = np.diff(np.append(starts, len(values)))
    mean = np.add.reduceat(values, starts) / sizes
    ends = starts + sizes - 1
    return ShownSeries(
        name, x[ends], smoothed(mean, smoothing), np.minimum.reduceat(values, starts),
        np.maximum.reduceat(values, starts), colour,
    )  # fmt: skip


def smoothed(values: Floats, before: int) -> Floats:
    """Each value as the mean of it and of the `before` values before it."""
    if before <= 0 or len(values) < 2:
        return values
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - before - 1, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def nearest_point(series: ShownSeries, x: float) -> int | None:
    """Index of the point that is nearest to `x`; None for a curve without points."""
    if not len(series):
        return None
    return int(np.argmin(np.abs(series.x - x)))
