"""What a reward counts for that comes one step later."""

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
    """The discount of steps: gamma itself, or gamma to the power of the seconds that a step lasts."""

    gamma: float
    per: GammaPer
    frame_rate: float
    """Native frames per second."""

    def at(self, frames: Array | None, t: int, rows: slice) -> float | Tensor:
        """The discount of one step of a rollout in some environments, of frames (T, N)."""
        return self.of(None if frames is None else frames[t, rows])

    def of(self, frames: Array | None, device: torch.device | None = None) -> float | Tensor:
        """The discount of steps of so many native frames, in their shape, float32, on a device; one for all
        where it does not depend on them."""
        if self.per == "step":
            return self.gamma
        discount = torch.pow(self.gamma, tensor(frames).double() / self.frame_rate)
        return discount.to(device, torch.float32)


def at(discount: float | Tensor, places: tuple[Any, ...]) -> float | Tensor:
    """The discount at some places of a rollout, (T, N)."""
    return discount if isinstance(discount, float) else discount[places]
