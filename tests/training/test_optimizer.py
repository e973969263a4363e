"""Adam in one pass: the weights and the state of torch's, without its compiler."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from arcade_rl.training.optimizer import FusedAdam

UPDATE = """
import sys
from stable_baselines3.common.logger import Logger
from arcade_rl.config import from_assignments, resolve
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.registry import load_game
from arcade_rl.training.learner import open_learner

words = ["game=toy", "train.n_envs=4", "train.n_steps=8", "train.batch_size=16"]
learner = open_learner(resolve([from_assignments(words)], load_game))
learner.model.set_logger(Logger(None, []))
learner.begin(HashedSeeds(0, 4), 0, lambda: None)
learner.iterate(1_000)
print("torch._dynamo" in sys.modules)
"""


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 3))


def differentiate(module: nn.Module, seed: int, scale: float) -> None:
    inputs = torch.randn(32, 5, generator=torch.Generator().manual_seed(seed))
    module.zero_grad()
    (scale * module(inputs)).square().mean().backward()


@pytest.mark.parametrize("scale", [0.1, 30.0], ids=["within the limit", "clipped"])
def test_steps_are_those_of_adam_after_a_clip(scale: float) -> None:
    own, other = network(), network()
    fused = FusedAdam(own.parameters(), lr=1e-2)
    adam = torch.optim.Adam(other.parameters(), lr=1e-2, eps=1e-5)
    for seed in range(20):
        differentiate(own, seed, scale)
        fused.step_clipped(0.5)
        differentiate(other, seed, scale)
        norm = nn.utils.clip_grad_norm_(other.parameters(), 0.5)
        adam.step()
    assert (norm > 0.5) == (scale > 1)
    for mine, torchs in zip(own.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, torchs, atol=1e-6, rtol=1e-5)
        assert mine.grad is not None
        torch.testing.assert_close(mine.grad, torchs.grad, atol=1e-6, rtol=1e-5)


def test_the_state_is_adams_in_both_directions() -> None:
    own, other = network(), network()
    fused = FusedAdam(own.parameters(), lr=1e-2)
    differentiate(own, 0, 1.0)
    fused.step_clipped(0.5)
    other.load_state_dict(own.state_dict())
    adam = torch.optim.Adam(other.parameters(), lr=1e-2)
    adam.load_state_dict(copy.deepcopy(fused.state_dict()))
    differentiate(other, 1, 0.1)
    adam.step()
    differentiate(own, 1, 0.1)
    fused.step_clipped(1e9)
    for mine, torchs in zip(own.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, torchs)
    again = FusedAdam(own.parameters(), lr=1.0)
    again.load_state_dict(adam.state_dict())
    differentiate(own, 2, 0.1)
    again.step_clipped(1e9)
    assert all(state["step"] == 3 for state in again.state.values())


def test_a_weight_without_a_gradient_stays() -> None:
    module = network()
    unused = nn.Parameter(torch.ones(3))
    fused = FusedAdam([*module.parameters(), unused], lr=1e-2)
    differentiate(module, 0, 1.0)
    fused.step_clipped(0.5)
    assert torch.equal(unused, torch.ones(3))
    assert unused not in fused.state


def test_an_update_does_not_import_the_compiler() -> None:
    done = subprocess.run([sys.executable, "-c", UPDATE], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
