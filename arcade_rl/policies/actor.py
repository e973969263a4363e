"""A loaded policy that plays N environments: what it must remember between steps, and its actions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.policies import BasePolicy

from arcade_rl.config import Resolved, Train
from arcade_rl.contracts import Array, Observations, VectorEnv
from arcade_rl.envs.arrays import observations_to_numpy, to_numpy
from arcade_rl.policies.build import is_image
from arcade_rl.policies.device import thread_count
from arcade_rl.policies.draws import Draws, Integers
from arcade_rl.policies.load import load_policy
from arcade_rl.policies.normalize import ObservationNormalizer
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState


class Actor:
    """Chooses actions as in training: normalised, masked, with memory and exploration noise.

    What it samples in an episode follows from that episode's seed, whoever plays beside it.
    """

    def __init__(
        self,
        policy: BasePolicy,
        normalizer: ObservationNormalizer,
        env: VectorEnv,
        train: Train,
        deterministic: bool,
        seeds: Callable[[Integers], Integers],
    ) -> None:
        """`seeds`: those of the environments' episodes, by how many each has played before. (N,)"""
        self._policy, self._normalizer = policy, normalizer
        self._deterministic = deterministic
        self._masked = env if isinstance(policy, MaskableActorCriticPolicy) else None
        self._draws = None if deterministic else Draws(policy, _noise_interval(train))
        self._seeds_of = seeds
        self._rounds = np.zeros(env.num_envs, np.int64)
        self._steps = np.zeros(env.num_envs, np.int64)
        self._memory: Any = None
        self._starts: npt.NDArray[np.bool_] = np.ones(env.num_envs, bool)

    def act(self, observations: Observations) -> npt.NDArray[Any]:
        """Actions within the action space. (N,) int64, or (N, dimensions) float32."""
        if self._draws is not None:
            self._draws.begin_step(self._seeds_of(self._rounds), self._steps)
        keywords: dict[str, Any] = {}
        if self._masked is not None:
            keywords["action_masks"] = to_numpy(self._masked.action_masks())
        actions, self._memory = self._policy.predict(
            self._normalizer(observations_to_numpy(observations)),
            state=self._memory,
            episode_start=self._starts,
            deterministic=self._deterministic,
            **keywords,
        )
        self._steps = self._steps + 1
        return actions

    def observe_ends(self, ended: Array) -> None:
        """Say where the last step ended an episode: what is remembered and drawn is another's then.
        (N,), bool."""
        self._starts = to_numpy(ended)
        self._rounds = self._rounds + self._starts
        self._steps = np.where(self._starts, 0, self._steps)


def load_acting(
    resolved: Resolved,
    checkpoint: Path,
    state: CheckpointState,
    env: VectorEnv,
    device: str,
    threads: int = 0,
) -> tuple[BasePolicy, ObservationNormalizer]:
    """What acts in `env` with a verified checkpoint of the run: the policy and what prepares its
    observations. `threads`: of torch; 0 for as many as in training. VerificationError if it does not
    fit the configuration."""
    train = resolved.config.train
    torch.set_num_threads(threads or thread_count(train, is_image(env.observation_space)))
    # SB3 draws weights first, on the CPU.
    with checkpoints.unless_gone(checkpoint), torch.random.fork_rng([]):
        policy = load_policy(
            checkpoint / checkpoints.MODEL,
            train,
            env.observation_space,
            env.action_space,
            device,
            masked=resolved.declaration.masks,
        )
    return policy, ObservationNormalizer(state.normalization)


def _noise_interval(train: Train) -> int:
    """Steps between two draws of gSDE's noise."""
    every = train.sde_sample_freq or -1
    return every if every > 0 else train.rollout_steps // train.n_envs
