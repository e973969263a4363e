"""What tests of cuts share with the process that goes on after one: how it is played, and what is seen."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from arcade_rl.contracts import StepBatch
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl_go2.env import Go2Env, TerrainEnv
from arcade_rl_go2.options import Go2Options

Saved = dict[str, npt.NDArray[Any]]

_SEEN = (
    "observations", "rewards", "terms", "terminated", "truncated", "metrics", "episode_seeds",
    "states",
)  # fmt: skip


def make(options: Go2Options, num_envs: int, stage: int) -> Go2Env:
    env = (TerrainEnv if options.task == "terrain" else Go2Env)(options, num_envs)
    if isinstance(env, TerrainEnv):
        env.set_stage(stage)
    return env


def wild(steps: int, envs: int, seed: int = 1) -> torch.Tensor:
    """Actions that make it fall soon. (T, N, 12)"""
    return torch.randn((steps, envs, 12), generator=torch.Generator().manual_seed(seed))


def seen(batch: StepBatch) -> Saved:
    """All that a step told, which stays as it is."""
    arrays = {name: getattr(batch, name).numpy().copy() for name in _SEEN}
    ended = arrays["terminated"] | arrays["truncated"]
    last = np.zeros_like(arrays["observations"])
    if batch.final_observations is not None:
        last[ended] = batch.final_observations.numpy()[ended]
    return {**arrays, "final_observations": last}


def play(env: Go2Env, actions: torch.Tensor) -> list[Saved]:
    return [seen(env.step(action)) for action in actions]


def go_on(
    options: Go2Options, stage: int, saved: Saved, actions: torch.Tensor
) -> tuple[npt.NDArray[np.float32], list[Saved]]:
    """What is observed where an episode was cut, and what later steps tell."""
    with closing(make(options, actions.shape[1], stage)) as env:
        now = env.restore(saved, HashedSeeds(99, env.num_envs)).numpy()
        return now, play(env, actions)
