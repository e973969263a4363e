"""A policy that a game brings along, on the learner's own seat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.config import Resolved
from arcade_rl.contracts import Array, Asked, Observations, VectorEnv
from arcade_rl.envs.arrays import observations_to_numpy, to_numpy
from arcade_rl.policies.draws import Integers


class BuiltInActor:
    """Plays N environments with one of the game's own policies, step by step.

    Random choices in an episode follow from its seed, as those of an opponent do.
    """

    def __init__(
        self,
        resolved: Resolved,
        name: str,
        env: VectorEnv,
        seeds: Callable[[Integers], Integers],
    ) -> None:
        """`name` is one of `Declaration.opponents`. `seeds` gives the seeds (N,) of the open
        episodes, from how many each environment has ended, (N,)."""
        self._policy = resolved.game.make_opponent(resolved.options, name)
        self._env, self._seeds_of = env, seeds
        self._rounds = np.zeros(env.num_envs, np.int64)
        self._steps = np.zeros(env.num_envs, np.int64)

    def act(self, observations: Observations) -> npt.NDArray[Any]:
        """Actions within the action space. (N,) int64, or (N, dimensions) float32."""
        masks = self._env.action_masks()
        asked = Asked(
            np.arange(self._env.num_envs),
            self._seeds_of(self._rounds),
            self._steps,
            observations_to_numpy(observations),
            None if masks is None else to_numpy(masks),
        )
        self._steps = self._steps + 1
        return self._policy.choose(asked)

    def observe_ends(self, ended: Array) -> None:
        """Say where the last step ended an episode, (N,), bool."""
        over = to_numpy(ended)
        self._rounds = self._rounds + over
        self._steps = np.where(over, 0, self._steps)
