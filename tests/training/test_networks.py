"""Fast networks compute what SB3's do."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticCnnPolicy, ActorCriticPolicy
from torch import nn

from arcade_rl.policies.build import channels_first
from arcade_rl.training.networks import (
    Networks,
    SigmoidTanh,
    TiledConv2d,
    multiplies_bfloat16,
    networks_of,
)

ACTIONS = spaces.Discrete(3)


def pictures(*shape: int) -> Any:
    return spaces.Box(0, 255, shape, np.uint8)


def policy_of(space: Any, **keywords: Any) -> ActorCriticPolicy:
    torch.manual_seed(0)
    return ActorCriticCnnPolicy(channels_first(space), ACTIONS, lambda _: 1e-3, **keywords)


LAYERS = [
    (4, 8, 4, (84, 84)),
    (32, 4, 2, (20, 20)),
    (1, 8, 4, (36, 36)),
    (3, 6, 3, (50, 41)),
    (5, 2, 2, (9, 12)),
]


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("channels", "kernel", "stride", "size"), LAYERS)
def test_a_tiled_convolution_is_the_convolution(
    channels: int, kernel: int, stride: int, size: tuple[int, int], memory: torch.memory_format
) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(channels, 7, kernel, stride)
    tiled = copy.deepcopy(layer)
    assert TiledConv2d.fits(tiled)
    tiled.__class__ = TiledConv2d
    x = torch.randn(3, channels, *size).contiguous(memory_format=memory)
    inputs = [x.clone(memory_format=torch.preserve_format).requires_grad_() for _ in range(2)]
    outputs = [net(part) for net, part in zip((layer, tiled), inputs, strict=True)]
    torch.testing.assert_close(*outputs, atol=1e-5, rtol=1e-5)
    for output in outputs:
        output.square().sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(layer.weight.grad, tiled.weight.grad, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(layer.bias.grad, tiled.bias.grad, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_a_tiled_convolution_takes_bytes_as_pictures(memory: torch.memory_format) -> None:
    layer = nn.Conv2d(4, 8, 8, 4)
    x = torch.randint(0, 256, (2, 4, 36, 36), dtype=torch.uint8).contiguous(memory_format=memory)
    expected = layer(x.float() / 255)
    layer.__class__ = TiledConv2d
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 8, 3, 1),
        nn.Conv2d(4, 8, 5, 2),
        nn.Conv2d(4, 8, 4, 2, padding=1),
        nn.Conv2d(4, 8, 4, 2, groups=2),
        nn.Conv2d(4, 8, 4, 2, dilation=2),
        nn.Conv2d(4, 8, (4, 8), (2, 4)),
    ],
    ids=str,
)
def test_other_convolutions_stay_as_they_are(layer: nn.Conv2d) -> None:
    assert not TiledConv2d.fits(layer)


SPACES = {
    "stack": pictures(4, 84, 84),
    "channels last": pictures(40, 48, 3),
    "odd size": pictures(1, 37, 46),
}


@pytest.mark.parametrize("keywords", [{}, {"share_features_extractor": False}], ids=str)
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_exact_networks_are_sb3s(space: Any, keywords: dict[str, Any]) -> None:
    policy = policy_of(space, **keywords)
    x = torch.from_numpy(np.stack([space.sample() for _ in range(3)]))
    first = x if x.shape[1:] == policy.observation_space.shape else x.permute(0, 3, 1, 2)
    with torch.no_grad():
        values, distribution = policy.predict_values(first), policy.get_distribution(first)
        networks, acting = networks_of(policy, space, is_fast=False)
        assert acting is networks
        actor, critic = networks.both(x)
        torch.testing.assert_close(policy.value_net(critic), values, atol=1e-6, rtol=1e-5)
        logits = distribution.distribution.logits  # type: ignore[attr-defined]
        actions = policy.action_net(actor).log_softmax(1)
        torch.testing.assert_close(actions, logits, atol=1e-6, rtol=1e-5)
        assert torch.equal(networks.actor(x), actor)
        assert torch.equal(networks.critic(x), critic)


@pytest.mark.skipif(
    not multiplies_bfloat16(torch.device("cpu")), reason="this CPU has no products of bfloat16"
)
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_fast_networks_are_bfloat16_near_to_exact_ones(space: Any) -> None:
    policy = policy_of(space)
    x = torch.from_numpy(np.stack([space.sample() for _ in range(3)]))
    with torch.no_grad():
        exact = Networks(policy, space).both(x)
        learning, acting = networks_of(policy, space, is_fast=True)
        acting.copy_from(policy)
        for networks in (learning, acting):
            for fast, reference in zip(networks.both(x), exact, strict=True):
                assert fast.dtype == torch.float32
                error = (fast - reference).norm() / reference.norm()
                assert 1e-5 < error < 2e-2


def test_fast_networks_keep_names_shapes_and_dtypes_of_weights() -> None:
    policy = policy_of(SPACES["stack"])
    before = {name: tensor.clone() for name, tensor in policy.state_dict().items()}
    networks_of(policy, SPACES["stack"], is_fast=True)
    after = policy.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert policy.optimizer.param_groups[0]["params"][0] is next(policy.parameters())


def test_small_dense_networks_act_as_sb3s_and_learn_in_float32() -> None:
    space: Any = spaces.Box(-1, 1, (5,), np.float32)
    policy = ActorCriticPolicy(space, ACTIONS, lambda _: 1e-3)
    reference = Networks(copy.deepcopy(policy), space)
    learning, acting = networks_of(policy, space, is_fast=True)
    assert learning is acting
    x = 3 * torch.randn(1000, 5)
    with torch.inference_mode():
        for fast, exact in zip(acting.both(x), reference.both(x), strict=True):
            assert torch.equal(fast, exact)
    for fast, exact in zip(learning.both(x), reference.both(x), strict=True):
        assert 0 < (fast - exact).abs().max() < 1e-6


def test_tanh_by_a_sigmoid_is_tanh() -> None:
    x = torch.linspace(-20, 20, 10_001, requires_grad=True)
    y = SigmoidTanh()(x)
    y.sum().backward()
    exact = torch.tanh(x.detach().double())
    assert (y - exact).abs().max() < 3e-7
    assert x.grad is not None
    assert (x.grad - (1 - exact.square())).abs().max() < 6e-7
