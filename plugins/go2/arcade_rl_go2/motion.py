"""What one step of all robots was, as reward terms and metrics see it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Motion:
    """N robots after a step. Joints and feet are in the order of `robot`."""

    step_s: float
    """Length of the step, s."""
    velocity: Tensor
    """Linear velocity of the base in its own frame: forward, left, up. (N, 3), m/s."""
    rotation: Tensor
    """Angular velocity of the base in its own frame. (N, 3), rad/s."""
    down: Tensor
    """Where down is in the base's frame, of unit length. (N, 3)"""
    tilt: Tensor
    """Angle of the base's up axis to the world's. (N,), rad."""
    height: Tensor
    """Height of the base above the ground below it. (N,), m."""
    angles: Tensor
    """Angles of the joints. (N, 12), rad."""
    speeds: Tensor
    """Speeds of the joints. (N, 12), rad/s."""
    last_speeds: Tensor
    """Speeds of the joints one step before. (N, 12), rad/s."""
    torques: Tensor
    """Torques of the joints' controllers. (N, 12), Nm."""
    contacts: Tensor
    """Whether each foot touches the ground. (N, 4), bool."""
    foot_speeds: Tensor
    """Horizontal speed of each foot. (N, 4), m/s."""
    landed: Tensor
    """Which feet touched the ground in this step after they were in the air. (N, 4), bool."""
    air_s: Tensor
    """How long each foot has been in the air; of those that landed, how long it was. (N, 4), s."""
    command: Tensor
    """Forward and left, m/s; turning left, rad/s. (N, 3)"""
    action: Tensor
    """(N, 12)"""
    last_action: Tensor
    """Action one step before. (N, 12)"""
    pose: Tensor
    """The default pose. (12,), rad."""
