"""Pictures as cells of a terminal: two pixels in each, one above the other.

Neighbours of one colour become one run, so that a terminal is sent few codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Picture: TypeAlias = npt.NDArray[np.uint8]
"""(height, width, 3), uint8, RGB."""
SHADES = " .:-=+*#%@"
"""Signs of rising brightness, for terminals without colours or Unicode."""


@dataclass(frozen=True, slots=True)
class CellRun:
    """Neighbouring cells of one look."""

    count: int
    upper: tuple[int, int, int]
    lower: tuple[int, int, int]


def size_within(
    width: int, height: int, columns: int, lines: int, aspect: float
) -> tuple[int, int]:
    """(columns, pixel rows) of a picture of this shape that fits into so many cells. `aspect`: width
    of a pixel divided by its height."""
    shape = width * aspect / height
    rows = min(lines * 2, columns / shape)
    wide = max(1, min(columns, round(rows * shape)))
    return wide, max(2, round(rows) // 2 * 2)


def resized(picture: Picture, columns: int, rows: int) -> Picture:
    """The picture in another size: the mean of the pixels that each new one covers."""
    height, width = picture.shape[:2]
    top = (np.arange(rows + 1) * height) // rows
    left = (np.arange(columns + 1) * width) // columns
    ends, rights = np.maximum(top[1:], top[:-1] + 1), np.maximum(left[1:], left[:-1] + 1)
    tops, lefts = top[:-1], left[:-1]
    down = np.zeros((height + 1, width, 3), np.uint32)
    np.cumsum(picture, axis=0, out=down[1:])
    across = np.zeros((rows, width + 1, 3), np.uint32)
    np.cumsum(down[ends] - down[tops], axis=1, out=across[:, 1:])
    total = across[:, rights] - across[:, lefts]
    areas = ((ends - tops)[:, None] * (rights - lefts)[None, :])[..., None]
    return np.asarray(total // areas, np.uint8)


def quantised(picture: Picture, levels: int) -> Picture:
    """The picture with at most so many levels of each colour, for screens with many colours."""
    step = 256 // levels
    return np.asarray(np.minimum(picture // step * step + step // 2, 255), np.uint8)


def runs_of_line(picture: Picture, line: int) -> list[CellRun]:
    """The cells of one line of the terminal."""
    upper, lower = picture[2 * line], picture[2 * line + 1]
    both = np.concatenate([upper, lower], axis=1)
    changes = np.flatnonzero((both[1:] != both[:-1]).any(axis=1)) + 1
    starts = [0, *changes.tolist()]
    ends = [*changes.tolist(), len(both)]
    return [
        CellRun(end - start, tuple(upper[start].tolist()), tuple(lower[start].tolist()))
        for start, end in zip(starts, ends, strict=True)
    ]


def shades_of_line(picture: Picture, line: int) -> str:
    """One line of the terminal in ASCII, without colours."""
    both = picture[2 * line : 2 * line + 2].astype(np.float64)
    light = (both @ np.array([0.299, 0.587, 0.114])).mean(axis=0)
    return "".join(SHADES[min(int(value / 256 * len(SHADES)), len(SHADES) - 1)] for value in light)


def changed_lines(before: Picture | None, now: Picture) -> list[int]:
    """Lines of the terminal whose cells differ; all of them after another size."""
    if before is None or before.shape != now.shape:
        return list(range(len(now) // 2))
    differs = (before != now).any(axis=(1, 2)).reshape(-1, 2).any(axis=1)
    return [int(line) for line in np.flatnonzero(differs)]
