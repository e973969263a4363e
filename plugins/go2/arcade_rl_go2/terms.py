"""Reward terms: small functions of a `Motion`, each with (N,) float32 as its result.

Those of `walk` are the ones of Genesis' `examples/locomotion`, and below them some of legged_gym's
and MuJoCo Playground's; those named `standing_...` are of the older task "stand up and walk".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from arcade_rl.contracts import RewardTerm
from arcade_rl_go2.motion import Motion
from arcade_rl_go2.robot import FEET

SIGMA = 0.25
"""Width of the bells of the tracking terms, (m/s)^2 or (rad/s)^2."""
HEIGHT_M = 0.3
"""Height that `height` asks for."""
LONG_STEP_S = 0.5
"""Time in the air from which on `air_time` rewards a foot."""
WALKING_M_S = 0.1
"""Commands below this speed ask the robot to stand: feet are not rewarded for being in the air."""
STANDING_M = 0.27
"""Height that `standing_height` asks for."""
LYING_M = 0.15
"""Below this height the base counts as lying."""
LYING = -10.0
"""What `standing_height` is then."""
TARGET_M_S = 0.6
"""Speed that `standing_forward` asks for."""


@dataclass(frozen=True, slots=True)
class Term:
    """A reward term of a task."""

    name: str
    function: Callable[[Motion], Tensor]
    weight: float
    """Weight where the configuration names none."""
    measures: str
    """What the term measures, with its unit, in one line."""
    is_rate: bool = True
    """Whether it counts by the second: it is multiplied by the length of the step, as all of Genesis'
    example and of legged_gym are, so that their weights can be taken over."""

    def __call__(self, motion: Motion) -> Tensor:
        """(N,), float32."""
        value = self.function(motion)
        return value * motion.step_s if self.is_rate else value

    def declared(self) -> RewardTerm:
        """The declaration of this term for the core."""
        measures = (
            f"{self.measures}, times the step's length in s" if self.is_rate else self.measures
        )
        return RewardTerm(self.name, self.weight, measures)


# --- Genesis' example --------------------------------------------------------------------------


def track_velocity(motion: Motion) -> Tensor:
    error = (motion.command[:, :2] - motion.velocity[:, :2]).square().sum(dim=1)
    return torch.exp(-error / SIGMA)


def track_turn(motion: Motion) -> Tensor:
    return torch.exp(-(motion.command[:, 2] - motion.rotation[:, 2]).square() / SIGMA)


def vertical_velocity(motion: Motion) -> Tensor:
    return motion.velocity[:, 2].square()


def height(motion: Motion) -> Tensor:
    return (motion.height - HEIGHT_M).square()


def action_rate(motion: Motion) -> Tensor:
    return (motion.action - motion.last_action).square().sum(dim=1)


def pose(motion: Motion) -> Tensor:
    return (motion.angles - motion.pose).abs().sum(dim=1)


# --- legged_gym and MuJoCo Playground ----------------------------------------------------------


def rolling(motion: Motion) -> Tensor:
    return motion.rotation[:, :2].square().sum(dim=1)


def orientation(motion: Motion) -> Tensor:
    return motion.down[:, :2].square().sum(dim=1)


def torque(motion: Motion) -> Tensor:
    return motion.torques.square().sum(dim=1)


def joint_acceleration(motion: Motion) -> Tensor:
    return ((motion.speeds - motion.last_speeds) / motion.step_s).square().sum(dim=1)


def air_time(motion: Motion) -> Tensor:
    is_walking = torch.linalg.vector_norm(motion.command, dim=1) > WALKING_M_S
    rewarded: Tensor = (motion.air_s - LONG_STEP_S) * motion.landed * is_walking[:, None]
    return rewarded.sum(dim=1)


def slip(motion: Motion) -> Tensor:
    return (motion.foot_speeds.square() * motion.contacts).sum(dim=1)


def power(motion: Motion) -> Tensor:
    return (motion.torques * motion.speeds).abs().sum(dim=1)


# --- stand up and walk -------------------------------------------------------------------------


def standing_forward(motion: Motion) -> Tensor:
    return (motion.velocity[:, 0] / TARGET_M_S).clamp(max=2.0)


def standing_stability(motion: Motion) -> Tensor:
    return (1.0 - 3.0 * motion.tilt).clamp(min=0.0)


def standing_height(motion: Motion) -> Tensor:
    near = torch.exp(-5.0 * (motion.height - STANDING_M).abs())
    return torch.where(motion.height < LYING_M, LYING, near)


def standing_energy(motion: Motion) -> Tensor:
    return motion.speeds.square().mean(dim=1).clamp(max=10.0)


def standing_smoothness(motion: Motion) -> Tensor:
    return (motion.action - motion.last_action).square().mean(dim=1).clamp(max=2.0)


def standing_symmetry(motion: Motion) -> Tensor:
    """The older system's own formula is not known: mean of exp(-|right - left|) over the joints, where
    hips are mirrored."""
    legs = motion.angles.view(-1, len(FEET), 3)
    mirror = torch.tensor([-1.0, 1.0, 1.0], device=legs.device)
    difference = legs[:, 0::2] - legs[:, 1::2] * mirror  # right minus left, front and rear
    return torch.exp(-difference.abs()).mean(dim=(1, 2))


def standing_legs(motion: Motion) -> Tensor:
    legs = motion.angles.view(-1, len(FEET), 3)
    thigh = torch.exp(-2.0 * (legs[:, :, 1] - 0.6).abs())
    calf = torch.exp(-2.0 * (legs[:, :, 2] + 1.2).abs())
    return (0.5 * (thigh + calf)).mean(dim=1)


WALK = (
    Term(
        "track_velocity", track_velocity, 1.0, "exp(-(horizontal velocity error in m/s)^2 / 0.25)"
    ),
    Term("track_turn", track_turn, 0.2, "exp(-(turning error in rad/s)^2 / 0.25)"),
    Term("vertical_velocity", vertical_velocity, -1.0, "(vertical velocity in m/s)^2"),
    Term("height", height, -50.0, "(height over the ground - 0.3 m)^2"),
    Term("action_rate", action_rate, -0.005, "sum of (change of action)^2"),
    Term("pose", pose, -0.1, "sum of |joint angle - default| in rad"),
    Term("rolling", rolling, 0.0, "(roll and pitch rates in rad/s)^2"),
    Term("orientation", orientation, 0.0, "(horizontal part of gravity's direction)^2"),
    Term("torque", torque, 0.0, "sum of (torque in Nm)^2"),
    Term("joint_acceleration", joint_acceleration, 0.0, "sum of (joint acceleration in rad/s^2)^2"),
    Term("air_time", air_time, 0.0, "sum over feet that land of (s in the air - 0.5)"),
    Term("slip", slip, 0.0, "sum of (speed of feet on the ground in m/s)^2"),
    Term("power", power, 0.0, "sum of |torque x joint speed| in W"),
)

STAND_UP_AND_WALK = (
    Term("forward", standing_forward, 1.0, "forward speed over 0.6 m/s, 2 at most", False),
    Term("stability", standing_stability, 0.3, "1 - 3 x tilt in rad, 0 at least", False),
    Term("height", standing_height, 2.5, "exp(-5 |height - 0.27 m|), or -10 below 0.15 m", False),
    Term("energy", standing_energy, -0.1, "mean (joint speed in rad/s)^2, 10 at most", False),
    Term("smoothness", standing_smoothness, -0.1, "mean (change of action)^2, 2 at most", False),
    Term(
        "symmetry", standing_symmetry, 0.2, "mean exp(-|right - mirrored left joint| in rad)", False
    ),
    Term(
        "legs", standing_legs, 1.0, "mean of exp(-2 |thigh - 0.6|) and exp(-2 |calf + 1.2|)", False
    ),
)
