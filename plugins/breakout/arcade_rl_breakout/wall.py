"""Which bricks the picture shows, and how many of each row were broken since the episode began."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt

from arcade_rl_breakout.memory import (
    BRICK_BOTTOM,
    BRICK_HEIGHT,
    BRICK_LEFT,
    BRICK_WIDTH,
    COLUMNS,
    ROWS,
    WALL,
)
from arcade_rl_breakout.options import FRAME_SKIP
from arcade_rl_breakout.tally import Floats

FRAME_WIDTH, FRAME_HEIGHT = 160, 210
OBSERVED = 84
"""Side of the observed picture, pixel."""
LIT = 60
"""Grey value that all pixels within a standing brick reach: its rows are 85 to 148. A ball in a gap
never covers three pixels side by side that far."""

PAIR_POINTS = (1, 4, 7)
PAIRS = len(PAIR_POINTS)
"""Rows score in pairs; pair 0 is the lowest."""

Picture = npt.NDArray[np.uint8]
"""Newest picture of N environments. (N, 84, 84), uint8, grey."""


def _inner_pixels(start: float, size: float, scale: float) -> list[int]:
    """Observed pixels that lie wholly within the native ones from `start` on."""
    first, last = int(np.ceil(start * scale)), int(np.floor((start + size) * scale))
    return list(range(first, last))


def _probe_pixels() -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Three observed pixels side by side within every brick: lines (6, 1, 1), columns (18, 3)."""
    down, across = OBSERVED / FRAME_HEIGHT, OBSERVED / FRAME_WIDTH
    tops = [BRICK_BOTTOM - BRICK_HEIGHT * (row + 1) for row in range(ROWS)]
    lines = [_inner_pixels(top, BRICK_HEIGHT, down)[0] for top in tops]
    lefts = [BRICK_LEFT + BRICK_WIDTH * column for column in range(COLUMNS)]
    columns = [_inner_pixels(left, BRICK_WIDTH, across)[:3] for left in lefts]
    return np.array(lines)[:, None, None], np.array(columns)


def _bricks_by_points() -> Floats:
    """Bricks of each pair that make so many points in one step. (points + 1, 3)

    Of several ways, the one that the ball can go in four frames: neighbouring pairs, few bricks.
    """
    table = np.zeros((FRAME_SKIP * max(PAIR_POINTS) + 1, PAIRS), np.float32)
    best: dict[int, tuple[int, int]] = {}
    for count in range(1, FRAME_SKIP + 1):
        for pairs in combinations_with_replacement(range(PAIRS), count):
            points = sum(PAIR_POINTS[pair] for pair in pairs)
            cost = (pairs[-1] - pairs[0], count)
            if cost < best.get(points, (PAIRS, 0)):
                best[points] = cost
                table[points] = np.bincount(pairs, minlength=PAIRS)
    return table


_LINES, _COLUMNS = _probe_pixels()
_BRICKS_BY_POINTS = _bricks_by_points()


def lit_bricks(picture: Picture) -> npt.NDArray[np.bool_]:
    """Which bricks the picture shows. (N, 6, 18), bool; row 0 is the lowest."""
    probes = picture[:, _LINES, _COLUMNS]  # (N, 6, 18, 3)
    lit: npt.NDArray[np.bool_] = probes.min(axis=3) >= LIT
    return lit


class Wall:
    """Bricks broken in the episodes of N environments: points tell when and in which pair of rows,
    the picture in which row.

    A picture is the maximum of two frames, so it may show a brick one step longer than it stands.
    Until it goes, the brick counts for the lower row of its pair.
    """

    def __init__(self, num_envs: int) -> None:
        self._pairs = np.zeros((num_envs, PAIRS), np.float32)
        """Bricks broken since the episode began. (N, 3)"""

    def begin(self, rows: npt.NDArray[np.intp] | slice) -> None:
        """New episodes in these environments."""
        self._pairs[rows] = 0.0

    def count(self, points: Floats, picture: Picture) -> tuple[Floats, Floats]:
        """One step: bricks broken in it (N,), and of each row since the episode began (N, 6)."""
        broken = _BRICKS_BY_POINTS[points.astype(np.intp)]  # (N, 3)
        self._pairs += broken
        lit = lit_bricks(picture).sum(axis=2)  # (N, 6)
        unseen = self._pairs.sum(axis=1) + lit.sum(axis=1) - WALL
        walls = np.maximum(unseen // WALL, 0.0)  # refilled ones
        rows = (COLUMNS * walls[:, None] + COLUMNS - lit).astype(np.float32)
        owed = self._pairs - rows[:, 0::2] - rows[:, 1::2]
        lower = np.minimum(owed, lit[:, 0::2])
        rows[:, 0::2] += lower
        rows[:, 1::2] += owed - lower
        return broken.sum(axis=1), rows
