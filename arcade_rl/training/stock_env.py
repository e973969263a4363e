"""A game's environment as Stable-Baselines3 wants it: weighted sum of terms, copies, info dicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from stable_baselines3.common.vec_env import VecEnv

from arcade_rl.contracts import Array, Declaration, Observations, VectorEnv
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.arrays import WeightedSum, actions_for, to_numpy
from arcade_rl.envs.harvest import OpenEpisodes
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.recording.ended import EndedEpisodes
from arcade_rl.training.carried import Carried
from arcade_rl.training.played import Played, Stopwatch


class StockEnv(VecEnv):
    """A `VectorEnv` as SB3 sees it. SB3 holds on to observations, so they are copied here."""

    def __init__(
        self,
        env: VectorEnv,
        shape: WeightedSum,
        accounting: EpisodeAccounting,
        declaration: Declaration,
    ) -> None:
        self.game_env, self._declaration = env, declaration
        self._accounting = accounting
        self._shape = shape
        self._played: list[tuple[Array, Array, Array]] = []
        self.stopwatch = Stopwatch()
        super().__init__(env.num_envs, env.observation_space, env.action_space)

    def begin(self, seeds: HashedSeeds, stage: int, carried: Carried | None) -> Any:
        """Start an episode in every environment, or go on with open ones. Returns the
        observations."""
        if carried is None:
            self.game_env.set_stage(stage)
            self._accounting.begin_episodes(stage)
            self._given = self.game_env.reset(seeds)
        else:
            self._given = carried.reopen(self.game_env, self._declaration, seeds, stage)
            self._accounting.go_on(carried.open, stage)
        return _copy(self._given)

    def open_episodes(self) -> OpenEpisodes:
        """The open episodes. Valid between a harvest and the next step."""
        return self._accounting.open_episodes()

    def set_stage(self, stage: int) -> None:
        """Episodes that start from now on are played in `stage`."""
        self.game_env.set_stage(stage)
        self._accounting.set_stage(stage)

    def harvest(self, values: npt.NDArray[np.float32]) -> tuple[EndedEpisodes, Played]:
        """(the episodes that ended since the last harvest, the steps since then). `values` are the
        critic's estimates before these steps, (T, N)."""
        actions, seeds, ended = (
            torch.from_numpy(np.stack(column)) for column in zip(*self._played, strict=True)
        )
        self._played.clear()
        harvest = self._accounting.harvest()
        played = Played(actions, seeds, ended, torch.from_numpy(values), None, harvest.steps)
        return harvest.ended, played

    def reset(self) -> Any:
        """The observations of `begin`: SB3 resets its environment when its loop begins."""
        return _copy(self._given)

    def step_async(self, actions: npt.NDArray[Any]) -> None:
        self._actions = actions

    def step_wait(self) -> Any:
        self.stopwatch.lap("inference")
        batch = self.game_env.step(actions_for(self._actions, self._given))
        self.stopwatch.lap("environment")
        shaped = self._shape(batch.terms)
        ended = to_numpy(self._accounting.record(batch, shaped))
        self._played.append((self._actions.copy(), _host_copy(batch.episode_seeds), ended.copy()))
        self.stopwatch.lap("record")
        done = ended if batch.cut is None else ended | to_numpy(batch.cut)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if ended.any():
            truncated = to_numpy(batch.truncated & ~batch.terminated)
            for index in np.flatnonzero(ended):
                infos[index] = {
                    "TimeLimit.truncated": bool(truncated[index]),
                    "terminal_observation": _copy(batch.final_observations, index),
                }
        given = _copy(batch.observations), _host_copy(shaped), done, infos
        self.stopwatch.lap("copy")
        return given

    def close(self) -> None:
        self.game_env.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        if attr_name == "render_mode":
            return [None] * self.num_envs
        if attr_name == "action_masks" and self._declaration.masks:
            return [None] * self.num_envs
        raise AttributeError(attr_name)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        if method_name == "action_masks" and self._declaration.masks:
            return list(to_numpy(self.game_env.action_masks()))
        raise AttributeError(method_name)

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise AttributeError(attr_name)

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [False] * self.num_envs


def _host_copy(array: Array) -> npt.NDArray[Any]:
    """A copy of the array in host memory, which the environment's next step does not change."""
    is_shared = isinstance(array, np.ndarray) or array.device.type == "cpu"
    host = to_numpy(array)
    return host.copy() if is_shared else host


def _copy(observations: Observations, index: Any = ...) -> Observations:
    if isinstance(observations, dict):
        return {key: _host_copy(array[index]) for key, array in observations.items()}
    return _host_copy(observations[index])
