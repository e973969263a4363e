"""Where pictures are taken from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from arcade_rl_go2.options import CameraName

Point: TypeAlias = npt.NDArray[np.float64]
"""(3,), m, in the world."""
Place: TypeAlias = tuple[float, float, float]
"""x, y and z, m."""

NEAR, FAR = 0.1, 300.0
"""m."""


@dataclass(frozen=True, slots=True)
class Mount:
    """How a camera is fixed: to the ground where the robot is, or where it started."""

    position: Place
    """Position of the camera, seen from the place that it is fixed to, m."""
    target: Place
    """Point that the camera looks at, seen from the same place, m."""
    field_deg: float
    """From the lower to the upper border of the picture."""
    follows: bool = True


MOUNTS: Mapping[CameraName, Mount] = {
    "follow": Mount((0.86, -1.34, 0.78), (0.0, 0.0, 0.26), 40.0),
    "fixed": Mount((3.0, -2.5, 1.5), (0.0, 0.0, 0.3), 45.0, follows=False),  # older films
    "front": Mount((1.7, -0.35, 0.55), (0.0, 0.0, 0.24), 40.0),
    "above": Mount((0.0, -0.35, 2.3), (0.0, 0.0, 0.2), 40.0),
}


@dataclass(frozen=True, slots=True)
class View:
    """How pictures are taken."""

    camera: CameraName = "follow"
    width: int = 1280
    height: int = 720
    """Pixel."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera in its place."""

    position: Point
    target: Point
    """Point that the camera looks at."""
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
    mount = MOUNTS[view.camera]
    base = ground if mount.follows else np.array([0.0, lane, 0.0])
    size = (view.width, view.height)
    return Camera(base + mount.position, base + mount.target, mount.field_deg, size)
