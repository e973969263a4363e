"""Heads say what SB3's and sb3_contrib's distributions say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy

from arcade_rl.policies.heads import CategoricalHead, head_of

SPACE: Any = spaces.Box(-1, 1, (5,), np.float32)
ACTIONS: dict[str, spaces.Space[Any]] = {
    "discrete": spaces.Discrete(4),
    "multi-discrete": spaces.MultiDiscrete([3, 2, 5]),
    "multi-binary": spaces.MultiBinary(3),
    "continuous": spaces.Box(-1, 1, (2,), np.float32),
    "continuous matrix": spaces.Box(-1, 1, (2, 3), np.float32),
    "continuous number": spaces.Box(-1, 1, (), np.float32),
    "gSDE matrix": spaces.Box(-1, 1, (2, 3), np.float32),
    "gSDE": spaces.Box(-1, 1, (2,), np.float32),
}
ROWS = 20_000


def make(kind: str) -> ActorCriticPolicy:
    torch.manual_seed(0)
    policy = ActorCriticPolicy(
        SPACE,
        ACTIONS[kind],
        lambda _: 1e-3,
        net_arch=[8],
        use_sde=kind.startswith("gSDE"),
        log_std_init=-0.5,
    )
    torch.nn.init.normal_(policy.action_net.weight, std=0.5)  # type: ignore[arg-type]
    return policy


@pytest.mark.parametrize("kind", ACTIONS)
def test_log_probabilities_and_entropies_are_sb3s(kind: str) -> None:
    policy = make(kind)
    head = head_of(policy, ACTIONS[kind])
    latent = torch.randn(50, 8)
    with torch.no_grad():
        if kind.startswith("gSDE"):
            policy.reset_noise(50)
        theirs = policy._get_action_dist_from_latent(latent)
        ours = head.distribution(latent)
        assert ours.shape == (50, head.numbers)
        actions = head.sample(ours, slice(0, 50))
        assert actions.shape == (50, *(ACTIONS[kind].shape or ()))
        stock_actions = actions if kind.endswith("discrete") else actions.float().reshape(50, -1)
        torch.testing.assert_close(head.log_prob(ours, actions), theirs.log_prob(stock_actions))
        torch.testing.assert_close(head.entropy(ours), theirs.entropy())


@pytest.mark.parametrize("kind", [kind for kind in ACTIONS if not kind.startswith("gSDE")])
def test_samples_have_the_probabilities_that_the_head_says(kind: str) -> None:
    policy = make(kind)
    head = head_of(policy, ACTIONS[kind])
    torch.manual_seed(1)
    with torch.no_grad():
        latent = torch.randn(1, 8).expand(ROWS, 8)
        ours = head.distribution(latent)
        samples = head.sample(ours, slice(0, ROWS)).float()
        expected = policy._get_action_dist_from_latent(latent).sample().float()
    assert samples.shape == (ROWS, *(ACTIONS[kind].shape or ()))
    samples = samples.reshape(expected.shape)
    error = 5 * expected.std(0) / ROWS**0.5 * 2**0.5
    assert ((samples.mean(0) - expected.mean(0)).abs() <= error).all()
    assert torch.allclose(samples.std(0), expected.std(0), atol=0.05)


def test_noise_of_gsde_belongs_to_its_environment() -> None:
    policy = make("gSDE")
    head = head_of(policy, ACTIONS["gSDE"])
    latent = torch.randn(6, 8)
    with torch.no_grad():
        head.renew_noise(6)
        whole = head.sample(head.distribution(latent), slice(0, 6))
        parts = [
            head.sample(head.distribution(latent[rows]), rows)
            for rows in (slice(0, 2), slice(2, 6))
        ]
        torch.testing.assert_close(torch.cat(parts), whole)
        torch.testing.assert_close(whole, policy._get_action_dist_from_latent(latent).get_actions())
        head.renew_noise(6)
        assert not torch.equal(head.sample(head.distribution(latent), slice(0, 6)), whole)


def test_noise_of_gsde_has_the_shape_of_the_actions() -> None:
    policy = make("gSDE matrix")
    head = head_of(policy, ACTIONS["gSDE matrix"])
    latent = torch.randn(6, 8)
    with torch.no_grad():
        head.renew_noise(6)
        actions = head.sample(head.distribution(latent), slice(0, 6))
        theirs = policy._get_action_dist_from_latent(latent).get_actions()
    torch.testing.assert_close(actions, theirs.reshape(6, 2, 3))


@pytest.mark.parametrize("kind", ["discrete", "multi-discrete"])
def test_masks_are_those_of_maskable_ppo(kind: str) -> None:
    space = ACTIONS[kind]
    torch.manual_seed(0)
    policy = MaskableActorCriticPolicy(SPACE, space, lambda _: 1e-3, net_arch=[8])  # type: ignore[arg-type]
    sizes = [4] if kind == "discrete" else [3, 2, 5]
    head = CategoricalHead(policy, sizes, is_single=kind == "discrete")
    latent = torch.randn(200, 8)
    masks = torch.rand(200, sum(sizes)) < 0.5
    for part in torch.split(masks, sizes, dim=1):
        part[:, 0] = True
    with torch.no_grad():
        ours = head.distribution(latent, masks)
        actions = head.sample(ours, slice(0, 200))
        theirs = policy._get_action_dist_from_latent(latent)
        theirs.apply_masking(masks.numpy())
        torch.testing.assert_close(head.log_prob(ours, actions), theirs.log_prob(actions))
        torch.testing.assert_close(head.entropy(ours), theirs.entropy())
    chosen = actions[:, None] if kind == "discrete" else actions
    for part, column in zip(torch.split(masks, sizes, dim=1), chosen.unbind(1), strict=True):
        assert part.gather(1, column[:, None]).all()
