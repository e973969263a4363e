"""What an update of PPO measures, and how it is logged: SB3's keys with SB3's meanings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import stable_baselines3
import torch
from torch import Tensor

from arcade_rl.training.ratios import UpdateRatios
from arcade_rl.training.rollout import Minibatch, Rollout

STATISTICS = (
    "entropy_loss", "policy_gradient_loss", "value_loss", "approx_kl", "clip_fraction", "loss",
)  # fmt: skip
"""What every minibatch measures, under SB3's names below `train/`."""

Clips: TypeAlias = tuple[Tensor, Tensor | None]
"""How far the ratio of the policies may move from 1, and values from the old ones (None: any
distance)."""
Loss: TypeAlias = Callable[[Minibatch, Clips], tuple[Tensor, Tensor]]
"""Function that gives the loss of a minibatch, (), and its `STATISTICS`, (6,)."""


def log_update(
    model: stable_baselines3.PPO,
    rollout: Rollout,
    statistics: Sequence[Tensor],
    last_epoch: int,
    clips: Clips,
    ratios: UpdateRatios,
) -> None:
    """Log the statistics of each minibatch of an update, (6,) on the device, and the update/weight
    ratios. The last pass begins with minibatch number `last_epoch`.

    Where nobody asks for the KL divergence, this is the first time that an update waits for the
    device.
    """
    measured, by_layer = ratios.fetch_with(torch.stack([*statistics]))
    means = dict(zip(STATISTICS, measured.mean(0).tolist(), strict=True))
    means["approx_kl"] = float(measured[last_epoch:, 3].mean())
    means["loss"] = float(measured[-1, 5])
    returns, values = rollout.returns, rollout.values[:-1]
    means["explained_variance"] = float(1 - (returns - values).var() / returns.var())
    if hasattr(model.policy, "log_std"):
        means["std"] = float(model.policy.log_std.detach().exp().mean())
    names = ("clip_range", "clip_range_vf")
    means |= {name: float(c) for name, c in zip(names, clips, strict=True) if c is not None}
    named = {f"train/{name}": value for name, value in means.items()}
    for name, value in (named | by_layer).items():
        model.logger.record(name, value)
    model.logger.record("train/n_updates", model._n_updates, exclude="tensorboard")
