"""A loaded policy that plays N environments, with everything that it remembers between steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.policies import BasePolicy

from arcade_rl.config import Resolved, Train
from arcade_rl.contracts import Array, Observations, VectorEnv
from arcade_rl.envs.arrays import observations_to_numpy, to_numpy
from arcade_rl.errors import MissingError
from arcade_rl.policies.build import is_image, own_class
from arcade_rl.policies.device import thread_count
from arcade_rl.policies.draws import Draws, Integers
from arcade_rl.policies.load import load_policy
from arcade_rl.policies.normalize import ObservationNormalizer
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState


class Acting:
    """Chooses actions as in training: normalised, masked, with memory and exploration noise."""

    def __init__(
        self,
        policy: BasePolicy,
        normalizer: ObservationNormalizer,
        train: Train,
        deterministic: bool,
    ) -> None:
        self._policy, self._normalizer = policy, normalizer
        self._deterministic = deterministic
        self._takes_masks = isinstance(policy, MaskableActorCriticPolicy)
        self._draws = None if deterministic else Draws(policy, _noise_interval(train))

    def choose(
        self,
        observations: Observations,
        masks: Array | None,
        seeds: Integers,
        steps: Integers,
        memory: Any,
        starts: npt.NDArray[np.bool_],
    ) -> tuple[npt.NDArray[Any], Any]:
        """(actions within the action space, the policy's memory after them). Actions are (N, ...),
        int64 or float32.

        Random choices follow from each episode's seed and its number of steps so far, both (N,).
        `starts` says where an episode begins, whose memory is empty. (N,), bool.
        """
        if self._draws is not None:
            self._draws.begin_step(seeds, steps)
        keywords: dict[str, Any] = {}
        if self._takes_masks and masks is not None:
            keywords["action_masks"] = to_numpy(masks)
        return self._policy.predict(
            self._normalizer(observations_to_numpy(observations)),
            state=memory,
            episode_start=starts,
            deterministic=self._deterministic,
            **keywords,
        )


class Actor:
    """A loaded policy on the learner's seat of N environments, step by step.

    Random choices in an episode follow from its seed, so the other environments change nothing.
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
        """`seeds` gives the seeds (N,) of the open episodes, from how many each environment has
        ended, (N,)."""
        self._env = env
        self._acting = Acting(policy, normalizer, train, deterministic)
        self._memory_is_needed = train.algorithm_name == "RecurrentPPO"
        self._seeds_of = seeds
        self._rounds = np.zeros(env.num_envs, np.int64)
        self._steps = np.zeros(env.num_envs, np.int64)
        self._memory: Any = None
        self._starts: npt.NDArray[np.bool_] = np.ones(env.num_envs, bool)

    def act(self, observations: Observations) -> npt.NDArray[Any]:
        """Actions within the action space. (N, ...), int64 or float32."""
        actions, self._memory = self._acting.choose(
            observations,
            self._env.action_masks(),
            self._seeds_of(self._rounds),
            self._steps,
            self._memory,
            self._starts,
        )
        self._steps = self._steps + 1
        return actions

    def join(self, steps: int) -> None:
        """Say that somebody else chose the first steps of the open episodes. MissingError for a
        policy with a memory, which knows nothing of them."""
        if self._memory_is_needed:
            raise MissingError(
                "the policy has a memory, and has not seen the steps that somebody else played; only "
                "a policy without a memory takes over in the middle"
            )
        self._steps = np.full_like(self._steps, steps)
        self._starts = np.zeros_like(self._starts)

    def observe_ends(self, ended: Array) -> None:
        """Say where the last step ended an episode, (N,), bool. Memory and random choices start
        anew there."""
        self._starts = to_numpy(ended)
        self._rounds = self._rounds + self._starts
        self._steps = np.where(self._starts, 0, self._steps)


class Spaced(Protocol):
    """What an environment says about what goes in and out."""

    @property
    def observation_space(self) -> spaces.Space[Any]: ...

    @property
    def action_space(self) -> spaces.Space[Any]: ...


def load_acting(
    resolved: Resolved,
    checkpoint: Path,
    state: CheckpointState,
    env: Spaced,
    device: str,
    threads: int = 0,
) -> tuple[BasePolicy, ObservationNormalizer]:
    """(the policy of a verified checkpoint of the run, the normaliser of its observations), for
    `env`.

    `threads` is the number of torch's threads; 0 means as many as in training. VerificationError if
    the checkpoint does not fit the configuration.
    """
    train = resolved.config.train
    torch.set_num_threads(threads or thread_count(train, is_image(env.observation_space)))
    # SB3 first makes random weights, on the CPU; the fork keeps that from changing other draws.
    with checkpoints.unless_gone(checkpoint), torch.random.fork_rng([]):
        policy = load_policy(
            checkpoint / checkpoints.MODEL,
            train,
            env.observation_space,
            env.action_space,
            device,
            masked=resolved.declaration.masks,
            own=own_class(resolved),
        )
    return policy, ObservationNormalizer(state.normalization)


def _noise_interval(train: Train) -> int:
    """Steps between two draws of gSDE's noise."""
    every = train.sde_sample_freq or -1
    return every if every > 0 else train.rollout_steps // train.n_envs
