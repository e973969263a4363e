"""Arrows above the robot and discs below its feet, as triangles in the world."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from arcade_rl_go2.kinematics import heading
from arcade_rl_go2.states import COMMAND, VELOCITY

Points: TypeAlias = npt.NDArray[np.float64]
"""(P, 3), m, in the world."""
Colour: TypeAlias = tuple[float, float, float]
"""Red, green and blue, 0 to 1 as a screen has them."""

COMMAND_COLOUR: Colour = (0.16, 0.50, 0.96)
VELOCITY_COLOUR: Colour = (1.00, 0.60, 0.10)
CONTACT_COLOUR: Colour = (0.20, 0.86, 0.45)

LEVELS = (0.32, 0.25)
"""Heights of the two arrows above the base: one does not hide the other when they agree. m."""
LENGTH = 0.6
"""Length of an arrow, m for each m/s."""
LONGEST = 1.2
"""Greatest length of an arrow, m."""
SWEEP = 0.9
"""Angle of an arc, rad for each rad/s."""
WIDEST = 2.8
"""Greatest angle of an arc, rad."""
ARC_RADIUS = 0.36
LEAST, LEAST_TURN = 0.02, 0.25
"""Below so many m/s a ball stands for an arrow, below so many rad/s nothing for an arc."""
RADIUS, HEAD_RADIUS, HEAD = 0.011, 0.026, 0.065
"""Radius of an arrow's shaft, radius of its head, and length of its head, m."""
SIDES, BENDS = 14, 20
DISC_RADIUS = 0.06
LIFT = 0.004
"""Height of discs above the ground, m."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Corners of triangles, three in a row for each."""

    corners: npt.NDArray[np.float32]
    """(T * 3, 3)"""
    normals: npt.NDArray[np.float32]
    colours: npt.NDArray[np.float32]

    @staticmethod
    def joined(parts: Iterable[Marks]) -> Marks:
        """All of them, in order."""
        rows = [(part.corners, part.normals, part.colours) for part in parts]
        empty = [(np.empty((0, 3), np.float32),) * 3]
        return Marks(*(np.concatenate(each) for each in zip(*empty, *rows, strict=True)))


def arrows(state: npt.NDArray[np.floating], base: npt.NDArray[np.float64]) -> Marks:
    """Arrows of the command and of the velocity along the ground, and arcs for turning. `base`:
    from the base's frame to the world."""
    axes, parts = heading(base), []
    for values, level, colour in (
        (state[COMMAND], LEVELS[0], COMMAND_COLOUR),
        (state[VELOCITY], LEVELS[1], VELOCITY_COLOUR),
    ):
        middle = base[:3, 3] + [0.0, 0.0, level]
        forward, left, turning = (float(value) for value in values)
        parts.append(_straight(middle, axes, np.array([forward, left, 0.0]), colour))
        if abs(turning) > LEAST_TURN:
            sweep = np.clip(turning * SWEEP, -WIDEST, WIDEST)
            angles = np.linspace(0.0, sweep, BENDS)
            along = np.c_[np.cos(angles), np.sin(angles), np.zeros(BENDS)] * ARC_RADIUS
            parts.append(_arrow(middle + along @ axes.T, colour))
    return Marks.joined(parts)


def _straight(middle: Points, axes: Points, velocity: Points, colour: Colour) -> Marks:
    speed = float(np.linalg.norm(velocity))
    if speed <= LEAST:
        return _ball(middle, colour)
    tip = velocity * min(LENGTH, LONGEST / speed)
    return _arrow(np.array([middle, middle + axes @ tip]), colour)


def _arrow(path: Points, colour: Colour) -> Marks:
    """Along a level path; a short one has a smaller head."""
    steps = np.diff(path, axis=0)
    length = float(np.linalg.norm(steps, axis=1).sum())
    tangents = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    size = min(1.0, length / (1.5 * HEAD))
    base = _shortened(path, HEAD * size)
    joints = tangents[: len(base) - 1]
    ways = np.concatenate([joints[:1], (joints[:-1] + joints[1:]) / 2, joints[-1:]])
    end = base[-1] + tangents[-1] * HEAD * size
    points = np.concatenate([base[:1], base, base[-1:], end[None]])
    ways = np.concatenate([ways[:1], ways, ways[-1:], ways[-1:]])
    thin = RADIUS * max(size, 0.6)
    radii = np.array([0.0, *[thin] * len(base), HEAD_RADIUS * size, 0.0])
    return _turned(points, ways, radii, colour)


def _shortened(path: Points, by: float) -> Points:
    """Without so much of its end."""
    for k in range(len(path) - 1, 0, -1):
        step = path[k] - path[k - 1]
        length = float(np.linalg.norm(step))
        if by < length:
            return np.concatenate([path[:k], (path[k] - step * by / length)[None]])
        by -= length
    return path[:2]


def _ball(middle: Points, colour: Colour) -> Marks:
    angles = np.linspace(0, np.pi, 9)
    points = middle + np.c_[-np.cos(angles), np.zeros((9, 2))] * HEAD_RADIUS
    ways = np.tile([1.0, 0.0, 0.0], (9, 1))
    return _turned(points, ways, np.sin(angles) * HEAD_RADIUS, colour)


def _turned(points: Points, ways: Points, radii: npt.NDArray[np.float64], colour: Colour) -> Marks:
    """Rings of these radii around a level path, joined to each other."""
    ways = ways / np.linalg.norm(ways, axis=1, keepdims=True)
    sides = np.cross([0.0, 0.0, 1.0], ways)
    angles = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
    round_ = np.cos(angles)[:, None] * sides[:, None] + np.sin(angles)[:, None] * [0.0, 0.0, 1.0]
    rings = points[:, None] + radii[:, None, None] * round_
    a, b = rings[:-1], rings[1:]
    after_a, after_b = np.roll(a, -1, axis=1), np.roll(b, -1, axis=1)
    corners = np.stack([a, b, after_b, a, after_b, after_a], axis=2)
    rises = radii[:-1] - radii[1:]
    runs = np.linalg.norm(np.diff(points, axis=0), axis=1)
    slopes = np.stack([runs, rises], 1)
    slopes /= np.maximum(np.linalg.norm(slopes, axis=1, keepdims=True), 1e-9)
    out = slopes[:, :1, None] * round_[:-1] + slopes[:, 1:, None] * ways[:-1, None]
    after = np.roll(out, -1, axis=1)
    normals = np.stack([out, out, after, out, after, after], axis=2)
    return _coloured(corners.reshape(-1, 3), normals.reshape(-1, 3), colour)


def discs(feet: Points, height: Callable[[Points], npt.NDArray[np.float64]]) -> Marks:
    """On the ground below feet that touch it. (feet, 3); `height`: of the ground at points, m."""
    angles = np.linspace(0, 2 * np.pi, 2 * SIDES + 1)
    ring = np.c_[np.cos(angles), np.sin(angles), np.zeros(len(angles))] * DISC_RADIUS
    parts = []
    for foot in feet:
        middle, rim = np.tile(foot, (len(ring) - 1, 1)), foot + ring
        corners = np.stack([middle, rim[:-1], rim[1:]], axis=1).reshape(-1, 3)
        corners[:, 2] = height(corners) + LIFT
        parts.append(
            _coloured(corners, np.tile([0.0, 0.0, 1.0], (len(corners), 1)), CONTACT_COLOUR)
        )
    return Marks.joined(parts)


def _coloured(corners: Points, normals: Points, colour: Colour) -> Marks:
    shade = np.tile(np.array(colour, np.float32), (len(corners), 1))
    return Marks(corners.astype(np.float32), normals.astype(np.float32), shade)
