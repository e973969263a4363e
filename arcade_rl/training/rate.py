"""A learning rate that follows the KL divergence between the policies before and after its
steps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from arcade_rl.config import AdaptiveRate

RATE_STEP = 1.5
"""Factor by which the rate moves, as in rsl_rl and rl_games."""


def adapt(
    optimizer: torch.optim.Optimizer, rule: AdaptiveRate, divergences: Sequence[Tensor]
) -> None:
    """Move the rate so that the divergence comes near the one that `rule` aims at.

    `divergences` are those of the minibatches of an epoch, () each, nat; where there are none, the
    rate stays.
    """
    if not divergences:
        return
    kl, rate = float(torch.stack(list(divergences)).mean()), optimizer.param_groups[0]["lr"]
    if kl > 2 * rule.kl:
        rate = max(rule.min, rate / RATE_STEP)
    elif kl < rule.kl / 2:
        rate = min(rule.max, rate * RATE_STEP)
    set_rate(optimizer, rate)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let the optimizer step with this rate for all weights."""
    for group in optimizer.param_groups:
        group["lr"] = rate
