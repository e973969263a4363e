"""Rotations of whole batches. Quaternions are (w, x, y, z), of unit length."""

from __future__ import annotations

import torch
from torch import Tensor


def to_body(quaternions: Tensor, vectors: Tensor) -> Tensor:
    """Vectors of the world in the frame of a body that is turned so. (N, 4), (N, 3) to (N, 3)."""
    w, axis = quaternions[:, :1], -quaternions[:, 1:]
    twice = 2.0 * torch.linalg.cross(axis, vectors)
    turned: Tensor = vectors + w * twice + torch.linalg.cross(axis, twice)
    return turned


def down(quaternions: Tensor) -> Tensor:
    """Where down is in the frame of the body, of unit length. (N, 4) to (N, 3)."""
    w, x, y, z = quaternions.unbind(1)
    return torch.stack((2 * (w * y - x * z), -2 * (w * x + y * z), 2 * (x * x + y * y) - 1), dim=1)


def tilt(downs: Tensor) -> Tensor:
    """Angle between the body's own up and the world's, whatever its heading. (N, 3) to (N,), rad."""
    return torch.atan2(torch.linalg.vector_norm(downs[:, :2], dim=1), -downs[:, 2])


def roll_and_pitch(downs: Tensor) -> tuple[Tensor, Tensor]:
    """Turned about the forward axis, and about the left axis (nose down is positive). (N,) each, rad."""
    x, y, z = downs.unbind(1)
    return torch.atan2(-y, -z), torch.atan2(x, torch.sqrt(y * y + z * z))
