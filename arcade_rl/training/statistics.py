"""What an update of PPO measures, and how it is logged: SB3's keys with SB3's meanings."""

from __future__ import annotations

from typing import TypeAlias

import stable_baselines3
from torch import Tensor

from arcade_rl.training.rollout import Rollout

STATISTICS = (
    "entropy_loss", "policy_gradient_loss", "value_loss", "approx_kl", "clip_fraction", "loss",
)  # fmt: skip
"""What every minibatch measures, under SB3's names below `train/`."""

Clips: TypeAlias = tuple[Tensor, Tensor | None]
"""How far the ratio of the policies may move from 1, and values from the old ones (None: any
distance)."""


def log_update(
    model: stable_baselines3.PPO, rollout: Rollout, measured: Tensor, last_epoch: int, clips: Clips
) -> None:
    """Log the statistics of all minibatches of an update, (minibatches, 6) in host memory. The last
    pass begins with minibatch number `last_epoch`.

    Where nobody asks for the KL divergence, this is the only time that an update waits for the
    device.
    """
    means = dict(zip(STATISTICS, measured.mean(0).tolist(), strict=True))
    means["approx_kl"] = float(measured[last_epoch:, 3].mean())
    means["loss"] = float(measured[-1, 5])
    returns, values = rollout.returns, rollout.values[:-1]
    means["explained_variance"] = float(1 - (returns - values).var() / returns.var())
    if hasattr(model.policy, "log_std"):
        means["std"] = float(model.policy.log_std.detach().exp().mean())
    names = ("clip_range", "clip_range_vf")
    means |= {name: float(c) for name, c in zip(names, clips, strict=True) if c is not None}
    for name, value in means.items():
        model.logger.record(f"train/{name}", value)
    model.logger.record("train/n_updates", model._n_updates, exclude="tensorboard")
