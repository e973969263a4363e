"""The identity games: say what you see. Every action space of PPO, with a known best return."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from arcade_rl.contracts import Array, Declaration, Observations, SeedSource, StepBatch, VectorEnv
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.arrays import WeightedSum
from arcade_rl.training.moments import Normalize
from arcade_rl.training.ppo import PPO

LENGTH = 25

SPACES: dict[str, spaces.Space[Any]] = {
    "discrete": spaces.Discrete(4),
    "multi-discrete": spaces.MultiDiscrete([3, 2]),
    "multi-binary": spaces.MultiBinary(3),
    "continuous": spaces.Box(-1, 1, (2,), np.float32),
}


class Identity(VectorEnv):
    """N games in which the reward of a step is 1 for the action that the observation shows, less for
    others: the part of a choice that is right, or 1 minus the squared distance."""

    def __init__(self, space: spaces.Space[Any], num_envs: int, on: str = "") -> None:
        self.num_envs = num_envs
        self.observation_space = space
        self.action_space = space
        self._on = on
        """Device of the arrays; "" for numpy."""

    def reset(self, seeds: SeedSource, rows: Any = None) -> Observations:
        self._seeds = seeds.next(np.arange(self.num_envs))
        self._rng = np.random.default_rng(self._seeds)
        self._clock = 0
        return self._show()

    def step(self, actions: Array) -> StepBatch:
        chosen = actions.cpu().numpy() if isinstance(actions, torch.Tensor) else actions
        distance = np.abs(chosen - self._shown).reshape(self.num_envs, -1)
        if isinstance(self.action_space, spaces.Box):
            rewards = 1 - np.square(distance).mean(1)
        else:
            rewards = (distance == 0).mean(1)
        self._clock += 1
        over = np.full(self.num_envs, self._clock % LENGTH == 0)
        final = self._shown.copy() if over.any() else None
        shaped = rewards.astype(np.float32)
        batch = StepBatch(
            observations=self._show(),
            rewards=shaped,
            terms=shaped[:, None],
            terminated=np.zeros_like(over),
            truncated=over,
            metrics=np.zeros((self.num_envs, 0), np.float32),
            episode_seeds=self._seeds.copy(),
            final_observations=final,
        )
        if self._on:
            for name in StepBatch.__slots__:
                if (array := getattr(batch, name)) is not None:
                    setattr(batch, name, torch.as_tensor(array, device=self._on))
        return batch

    def close(self) -> None:
        pass

    def _show(self) -> Any:
        space, n = self.action_space, self.num_envs
        match space:
            case spaces.Discrete():
                shown: Any = self._rng.integers(0, space.n, n)
            case spaces.MultiDiscrete():
                shown = self._rng.integers(0, space.nvec, (n, len(space.nvec)))
            case spaces.MultiBinary():
                shown = self._rng.integers(0, 2, (n, space.n)).astype(np.int8)
            case _:
                shown = self._rng.uniform(-1, 1, (n, *space.shape)).astype(np.float32)  # type: ignore[misc]
        self._shown = shown
        return torch.as_tensor(shown, device=self._on) if self._on else shown


def identity_ppo(space: spaces.Space[Any], num_envs: int = 8, on: str = "", **keywords: Any) -> PPO:
    """A learner of an identity game with settings under which it is solved in seconds."""
    horizon = keywords.setdefault("n_steps", 32)
    for name, value in {
        "n_epochs": 8,
        "batch_size": 64,
        "learning_rate": 3e-3,
        "gamma": 0.5,
    }.items():
        keywords.setdefault(name, value)
    keywords.setdefault("policy_kwargs", {"net_arch": [32]})
    keywords.setdefault("normalize", Normalize())
    model = PPO(
        "MlpPolicy",
        Identity(space, num_envs, on),
        WeightedSum([1.0]),
        lambda rows: EpisodeAccounting(declaration(), rows, horizon),
        declaration(),
        **keywords,
    )
    model.set_logger(make_logger_without_files())
    return model


def declaration() -> Declaration:
    from arcade_rl.contracts import RewardTerm

    return Declaration((), (RewardTerm("right", 1.0, ""),), (), "", (1, 1), Fraction(1), "")


def make_logger_without_files() -> Any:
    from stable_baselines3.common.logger import Logger

    return Logger(None, [])


def train(model: PPO, updates: int, on_step: Callable[[], None] = lambda: None) -> float:
    """Train for some updates; the mean reward of a step in the last rollout."""
    for _ in range(updates):
        model.collect(on_step)
        model.train()
    return float(model._rollout.rewards.mean())
