"""The ground of the task `terrain`: one height field with a strip for every stage of its curriculum."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from arcade_rl_go2.ground import HeightField

CELL_M = 0.1
"""Side of a cell of the height field."""
LENGTH_M = 28.0
"""Length of every strip, along x: an episode starts near its beginning and walks along it."""
WIDTH_M = 12.0
"""Width of every strip, along y."""
START_M = 3.0
"""Flat ground at the beginning of a strip; an episode starts in the middle of it."""
STAGES = ("flat", "bumps", "slopes", "steps")
BUMP_M = 0.04
"""Highest bump."""
SLOPE = 0.15
"""Rise over run."""
STEP_M = 0.05
"""Height of a step."""
TREAD_M = 0.8
"""Depth of a step."""

Heights = npt.NDArray[np.float32]


@cache
def rough_ground() -> HeightField:
    """All strips beside each other. Stage k lies about y = `middle(k)`."""
    strips = [_strip(make) for make in (_flat, _bumps, _slopes, _steps)]
    return HeightField(np.concatenate(strips, axis=1), CELL_M, (-START_M / 2, -WIDTH_M / 2))


def middle(stage: int) -> float:
    """World y of the middle of a stage's strip, m."""
    return stage * WIDTH_M


def _strip(make: Callable[[Heights, int], Heights]) -> Heights:
    rows, columns = round(LENGTH_M / CELL_M), round(WIDTH_M / CELL_M)
    heights: Heights = np.zeros((rows, columns), np.float32)
    first = round(START_M / CELL_M)
    along = (np.arange(rows - first, dtype=np.float32) + 1) * CELL_M
    heights[first:] = make(along, columns)
    return heights


def _flat(along: Heights, columns: int) -> Heights:
    return np.zeros((len(along), columns), np.float32)


def _bumps(along: Heights, columns: int) -> Heights:
    """Random heights of cells of 0.3 m, without a jump at the beginning."""
    size = 3
    random = np.random.default_rng(0)
    coarse = random.uniform(0.0, BUMP_M, (-(-len(along) // size), -(-columns // size)))
    fine = coarse.repeat(size, 0).repeat(size, 1)[: len(along), :columns]
    heights: Heights = (fine * np.minimum(along / 2.0, 1.0)[:, None]).astype(np.float32)
    return heights


def _slopes(along: Heights, columns: int) -> Heights:
    """Up for 3 m, level for 1 m, down for 3 m, level for 1 m, and again."""
    phase = along % 8.0
    height = SLOPE * np.clip(np.minimum(phase, 7.0 - phase), 0.0, 3.0)
    return np.repeat(height[:, None], columns, 1).astype(np.float32)


def _steps(along: Heights, columns: int) -> Heights:
    """Four steps up and four down, and again."""
    count = np.floor(along / TREAD_M) % 8
    height = STEP_M * np.minimum(count, 8 - count)
    return np.repeat(height[:, None], columns, 1).astype(np.float32)
