"""What is measured of every robot: running values of its episode, made where the simulator is."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from arcade_rl.contracts import Metric
from arcade_rl_go2.motion import Motion
from arcade_rl_go2.robot import GRAVITY, MASS_KG

UPRIGHT_RAD = math.radians(30.0)
UPRIGHT_M = 0.2
"""The robot is upright where it is tilted less than this angle and its base is higher than this."""
GOOD_M = 1.0
EXCELLENT_M = 2.0
"""Distances from which on an episode is a success of level 1 and 2, as the older system had them."""
LEAST_M = 0.1
"""The cost of transport takes shorter ways for this long: it has none where nothing moves."""

METRICS = (
    Metric("distance", "Distance", "m", "up", "last", ".2f", least=0),
    Metric("speed", "Forward speed", "m/s", "none", "mean", ".2f"),
    Metric("speed_error", "Speed error", "m/s", "down", "mean", ".2f", least=0),
    Metric("turn_error", "Turning error", "rad/s", "down", "mean", ".2f", least=0),
    Metric("height", "Height", "m", "none", "mean", ".3f"),
    Metric("tilt", "Tilt", "deg", "down", "mean", ".1f", least=0, most=180),
    Metric("air_time", "Steps in the air", "s", "none", "last", ".2f", least=0),
    Metric("trot", "Trot", "", "up", "last", ".0%", least=0, most=1),
    Metric("energy", "Energy", "J", "down", "sum", ".0f", least=0),
    Metric("transport_cost", "Cost of transport", "", "down", "last", ".2f", least=0),
    Metric("falls", "Falls", "", "down", "sum", ".0%", least=0, most=1, is_event=True),
    Metric("upright", "Upright", "s", "up", "sum", ".1f", least=0),
    Metric("success", "Success level", "", "up", "last", ".0f", least=0, most=2),
)


class Measures:
    """The metrics of N robots. Feet are in the order of `robot`."""

    def __init__(self, num: int, device: torch.device) -> None:
        self._start = torch.zeros((num, 2), device=device)
        self._energy = torch.zeros(num, device=device)
        self._steps_s = torch.zeros(num, device=device)
        """Time in the air of all steps that feet have ended."""
        self._steps = torch.zeros(num, device=device)
        """How many these are."""
        self._diagonals = torch.zeros((num, 2), device=device)
        """Time on each diagonal pair of feet alone."""
        self._time_s = torch.zeros(num, device=device)

    @property
    def carried(self) -> dict[str, Tensor]:
        """The running values, by name, to be read and written. (N, ...) each."""
        return {name.removeprefix("_"): rows for name, rows in vars(self).items()}

    def begin(self, mask: Tensor, positions: Tensor) -> None:
        """Episodes of `mask` (N,) start at these positions of the base. (N, 3), m."""
        self._start = torch.where(mask[:, None], positions[:, :2], self._start)
        for total in (self._energy, self._steps_s, self._steps, self._time_s):
            total.masked_fill_(mask, 0.0)
        self._diagonals.masked_fill_(mask[:, None], 0.0)

    def take(self, motion: Motion, position: Tensor, fallen: Tensor) -> Tensor:
        """The metrics after a step. position (N, 3), m, and fallen (N,), bool. (N, M), float32."""
        distance = torch.linalg.vector_norm(position[:, :2] - self._start, dim=1)
        error = motion.command[:, :2] - motion.velocity[:, :2]
        energy = (motion.torques * motion.speeds).abs().sum(dim=1) * motion.step_s
        self._energy += energy
        self._steps_s += (motion.air_s * motion.landed).sum(dim=1)
        self._steps += motion.landed.sum(dim=1)
        self._diagonals += on_diagonals(motion.contacts) * motion.step_s
        self._time_s += motion.step_s
        is_upright = (motion.tilt < UPRIGHT_RAD) & (motion.height > UPRIGHT_M)
        columns = (
            distance,
            motion.velocity[:, 0],
            torch.linalg.vector_norm(error, dim=1),
            (motion.command[:, 2] - motion.rotation[:, 2]).abs(),
            motion.height,
            motion.tilt * (180.0 / math.pi),
            self._steps_s / self._steps.clamp(min=1.0),
            2.0 * self._diagonals.amin(dim=1) / self._time_s,
            energy,
            self._energy / (MASS_KG * GRAVITY * distance.clamp(min=LEAST_M)),
            fallen,
            is_upright * motion.step_s,
            (distance >= GOOD_M).to(torch.float32) + (distance > EXCELLENT_M),
        )
        return torch.stack([column.to(torch.float32) for column in columns], dim=1)


def on_diagonals(contacts: Tensor) -> Tensor:
    """Whether it stands on the feet FR and RL and on no other, and on FL and RR and on no other.
    contacts (N, 4), bool, to (N, 2), bool."""
    front_right, front_left, rear_right, rear_left = contacts.unbind(1)
    first, second = front_right & rear_left, front_left & rear_right
    neither = ~(front_left | rear_right), ~(front_right | rear_left)
    return torch.stack((first & neither[0], second & neither[1]), dim=1)
