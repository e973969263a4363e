"""The learning rate that follows the KL divergence of the updates."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from identity import SPACES, identity_ppo, train

from arcade_rl.config import AdaptiveRate
from arcade_rl.envs.seeds import HashedSeeds


def test_a_kl_adaptive_rate_moves_towards_its_divergence() -> None:
    rule = AdaptiveRate(kl=0.01, start=1e-6, min=1e-7, max=1e-2)
    torch.manual_seed(0)
    model = identity_ppo(SPACES["continuous"], adaptive_rate=rule, learning_rate=rule.start)
    model.begin(HashedSeeds(0, 8), 0)

    def rate() -> float:
        return float(model.policy.optimizer.param_groups[0]["lr"])

    train(model, 1)
    assert rate() == pytest.approx(1e-6 * 1.5**8)  # too slow in every epoch
    for group in model.policy.optimizer.param_groups:
        group["lr"] = 0.5
    train(model, 1)
    assert rate() == pytest.approx(0.5 / 1.5**8)  # too fast
    train(model, 12)
    divergences = []
    for _ in range(8):
        train(model, 1)
        divergences.append(model.logger.name_to_value["train/approx_kl"])
    assert 0.003 < np.median(divergences) < 0.03


def test_a_kl_adaptive_rate_hears_nothing_of_the_first_minibatch() -> None:
    """The divergence of the first minibatch is measured before any step, and is always 0."""
    rule = AdaptiveRate(kl=0.01, start=1e-3, min=1e-7, max=1e-2)
    model = identity_ppo(SPACES["discrete"], adaptive_rate=rule, n_epochs=1, batch_size=256)
    model.begin(HashedSeeds(0, 8), 0)
    train(model, 3)
    assert model.policy.optimizer.param_groups[0]["lr"] == 1e-3


def test_a_kl_adaptive_rate_falls_where_an_update_is_stopped() -> None:
    rule = AdaptiveRate(kl=0.01, start=0.5, min=1e-7, max=1.0)
    model = identity_ppo(SPACES["discrete"], adaptive_rate=rule, target_kl=0.02)
    model.begin(HashedSeeds(0, 8), 0)
    train(model, 1)
    assert model._n_updates == 1, "stopped in its first epoch"
    assert model.policy.optimizer.param_groups[0]["lr"] == pytest.approx(0.5 / 1.5)
