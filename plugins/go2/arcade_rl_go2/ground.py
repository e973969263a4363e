"""The ground that the robot walks on: a plane, or heights on a grid."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

REACH = 1.0
"""The camera follows the mean height so far around the robot, m: it does not shake on steps."""
SAMPLES = 9


@dataclass(frozen=True, eq=False)
class HeightField:
    """Heights on a square grid; beyond its border the ground is at 0."""

    heights: npt.NDArray[np.floating] = field(repr=False)
    """The first axis goes along x, the second along y. (rows, columns), m."""
    scale: float
    """Between two of them, m."""
    origin: tuple[float, float] = (0.0, 0.0)
    """Where the first is in the world: x and y, m."""

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The least x and y, and the greatest, m."""
        (x, y), (rows, columns) = self.origin, self.heights.shape
        return x, y, x + (rows - 1) * self.scale, y + (columns - 1) * self.scale

    def at(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Heights at points, between those of the grid. Any shape, m."""
        heights = self.heights
        across = (x - self.origin[0]) / self.scale, (y - self.origin[1]) / self.scale
        cells, parts, is_inside = [], [], np.ones(np.shape(x), bool)
        for along, count in zip(across, heights.shape, strict=True):
            is_inside &= (along >= 0) & (along <= count - 1)
            cell = np.clip(np.floor(along), 0, count - 2).astype(int)
            cells.append(cell)
            parts.append(np.clip(along - cell, 0, 1))
        (i, j), (a, b) = cells, parts
        low = heights[i, j] * (1 - b) + heights[i, j + 1] * b
        high = heights[i + 1, j] * (1 - b) + heights[i + 1, j + 1] * b
        return np.where(is_inside, low * (1 - a) + high * a, 0.0)

    def mean_around(self, x: float, y: float) -> float:
        """Mean height around a point, m."""
        steps = np.linspace(-REACH, REACH, SAMPLES)
        return float(self.at(*np.meshgrid(x + steps, y + steps)).mean())

    def triangles(self) -> npt.NDArray[np.float64]:
        """Corners of the triangles that it is made of. (T, 3, 3), m."""
        rows, columns = self.heights.shape
        i, j = np.indices((rows, columns))
        x, y = self.origin[0] + i * self.scale, self.origin[1] + j * self.scale
        points = np.stack([x, y, np.float64(self.heights)], -1).reshape(-1, 3)
        first = (i * columns + j)[:-1, :-1].ravel()
        near, far = first + columns, first + columns + 1
        return points[np.r_[np.c_[first, near, far], np.c_[first, far, first + 1]]]
