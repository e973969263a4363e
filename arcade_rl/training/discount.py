"""The discount: what a reward counts for if it comes one step later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from arcade_rl.contracts import Array
from arcade_rl.training.storage import tensor

GammaPer: TypeAlias = Literal["step", "second"]


@dataclass(frozen=True, slots=True)
class Discount:
    """The discount of a step: gamma, or gamma to the power of the seconds that the step lasts."""

    gamma: float
    """Discount over one unit of time."""
    per: GammaPer
    """The unit of time: a step or a second."""
    frame_rate: float
    """Native frames per second."""

    def at(self, frames: Array | None, t: int, rows: slice) -> float | Tensor:
        """The discount of step `t` in the environments `rows`. `frames` are those of the rollout,
        (T, N)."""
        return self.of(None if frames is None else frames[t, rows])

    def of(self, frames: Array | None, device: torch.device | None = None) -> float | Tensor:
        """The discount of steps that last `frames` native frames, in the shape of `frames`,
        float32, on `device`; a single number if the unit is a step."""
        if self.per == "step":
            return self.gamma
        discount = torch.pow(self.gamma, tensor(frames).double() / self.frame_rate)
        return discount.to(device, torch.float32)


def at(discount: float | Tensor, places: tuple[Any, ...]) -> float | Tensor:
    """The discount at some places of a rollout; `discount` is one number or (T, N)."""
    return discount if isinstance(discount, float) else discount[places]
