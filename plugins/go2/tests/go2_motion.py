"""What tests share: a motion that they change, of two robots that stand still, and headings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from arcade_rl_go2.motion import Motion
from arcade_rl_go2.robot import DEFAULT_POSE

ROBOTS = 2


def standing(**changes: Any) -> Motion:
    """Both stand at 0.3 m on all feet, are asked to stand, and nothing moves. Changes are for both,
    unless they have a row for each."""
    pose = torch.tensor(DEFAULT_POSE)
    joints, three = torch.zeros((ROBOTS, 12)), torch.zeros((ROBOTS, 3))
    still = Motion(
        step_s=0.02,
        velocity=three,
        rotation=three,
        down=torch.tensor([0.0, 0.0, -1.0]).expand(ROBOTS, 3),
        tilt=torch.zeros(ROBOTS),
        height=torch.full((ROBOTS,), 0.3),
        angles=pose.expand(ROBOTS, 12),
        speeds=joints,
        last_speeds=joints,
        torques=joints,
        contacts=torch.ones((ROBOTS, 4), dtype=torch.bool),
        foot_speeds=torch.zeros((ROBOTS, 4)),
        landed=torch.zeros((ROBOTS, 4), dtype=torch.bool),
        air_s=torch.zeros((ROBOTS, 4)),
        command=three,
        action=joints,
        last_action=joints,
        pose=pose,
    )
    changed: dict[str, Any] = {name: _rows(name, value) for name, value in changes.items()}
    return replace(still, **changed)


def _rows(name: str, value: Any) -> torch.Tensor:
    if name in ("height", "tilt"):
        return torch.full((ROBOTS,), value)
    row = torch.as_tensor(value)
    return row if row.ndim == 2 and len(row) == ROBOTS else row.expand(ROBOTS, *row.shape)


def heading(quaternions: Tensor) -> Tensor:
    """Turned about the world's up axis, to the left. (N, 4) to (N,), rad."""
    w, x, y, z = quaternions.unbind(1)
    return torch.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def headed(angles: Tensor) -> Tensor:
    """The quaternions of turns about the world's up axis. (N,), rad, to (N, 4)."""
    zero = torch.zeros_like(angles)
    return torch.stack((torch.cos(angles / 2), zero, zero, torch.sin(angles / 2)), dim=1)
