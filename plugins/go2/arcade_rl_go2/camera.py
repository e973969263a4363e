"""Where pictures are taken from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Point: TypeAlias = npt.NDArray[np.float64]
"""(3,), m, in the world."""
CameraName: TypeAlias = Literal["follow", "fixed"]

FIXED_FROM, FIXED_AT, FIXED_FIELD = (3.0, -2.5, 1.5), (0.0, 0.0, 0.3), 45.0
"""The camera of the older films."""
FOLLOW_FROM, FOLLOW_AT, FOLLOW_FIELD = (0.86, -1.34, 0.78), (0.0, 0.0, 0.26), 40.0
"""From where the robot is on the ground."""
NEAR, FAR = 0.1, 300.0
"""m."""


@dataclass(frozen=True, slots=True)
class View:
    """How pictures are taken."""

    camera: CameraName = "follow"
    """"follow": beside the robot wherever it goes, always from the same side; "fixed": where it starts."""
    width: int = 1280
    height: int = 720
    """Pixel."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera in its place."""

    position: Point
    target: Point
    """What it looks at."""
    field_deg: float
    """From the lower to the upper border of the picture."""
    size: tuple[int, int]
    """(width, height), pixel."""

    @property
    def axes(self) -> npt.NDArray[np.float64]:
        """Right, up and back of the picture in the world. (3, 3), one a row."""
        back = self.position - self.target
        back = back / np.linalg.norm(back)
        right = np.cross([0.0, 0.0, 1.0], back)
        right /= np.linalg.norm(right)
        return np.array([right, np.cross(back, right), back])

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """From the world to clip coordinates, y downward as the rows of a picture go. (4, 4)"""
        axes, place = self.axes, np.eye(4)
        place[:3, :3], place[:3, 3] = axes, -axes @ self.position
        scale = 1 / np.tan(np.radians(self.field_deg) / 2)
        lens = np.zeros((4, 4))
        lens[0, 0], lens[1, 1] = scale * self.size[1] / self.size[0], -scale
        lens[2, 2:] = (FAR + NEAR) / (NEAR - FAR), 2 * FAR * NEAR / (NEAR - FAR)
        lens[3, 2] = -1
        return lens @ place

    def project(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Where points before the camera are in the picture. (P, 3) -> (P, 2): column, row."""
        clip = np.c_[points, np.ones(len(points))] @ self.matrix.T
        return np.asarray((clip[:, :2] / clip[:, 3:] + 1) / 2 * np.array(self.size))


def place_camera(view: View, ground: Point, lane: float) -> Camera:
    """The camera of a view. `ground`: the point of the ground below the robot; `lane`: y of where it
    started, m."""
    size = (view.width, view.height)
    if view.camera == "fixed":
        start = np.array([0.0, lane, 0.0])
        return Camera(start + FIXED_FROM, start + FIXED_AT, FIXED_FIELD, size)
    return Camera(ground + FOLLOW_FROM, ground + FOLLOW_AT, FOLLOW_FIELD, size)
