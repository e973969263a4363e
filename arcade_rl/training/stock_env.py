"""A game's environment as Stable-Baselines3 wants it: weighted sum of terms, copies, info dicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from arcade_rl.contracts import Array, Declaration, VectorEnv
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.arrays import (
    WeightedSum,
    actions_for,
    host_copy,
    observations_copy,
    to_numpy,
)
from arcade_rl.envs.harvest import OpenEpisodes
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.gymnasium.stable import StableEnv, tell_ends
from arcade_rl.recording.ended import EndedEpisodes
from arcade_rl.training.carried import Carried
from arcade_rl.training.played import Played, Stopwatch


class StockEnv(StableEnv):
    """The environments of a training as SB3 sees them: with seeds, open episodes and episode counts of
    a run."""

    def __init__(
        self,
        env: VectorEnv,
        shape: WeightedSum,
        accounting: EpisodeAccounting,
        declaration: Declaration,
    ) -> None:
        super().__init__(env, declaration)
        self._accounting = accounting
        self._shape = shape
        self._played: list[tuple[Array, Array, Array]] = []
        self.stopwatch = Stopwatch()

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
        return observations_copy(self._given)

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
        return observations_copy(self._given)

    def step_wait(self) -> Any:
        self.stopwatch.lap("inference")
        batch = self.game_env.step(actions_for(self._actions, self._given))
        self.stopwatch.lap("environment")
        shaped = self._shape(batch.terms)
        ended = to_numpy(self._accounting.record(batch, shaped))
        self._played.append((self._actions.copy(), host_copy(batch.episode_seeds), ended.copy()))
        self.stopwatch.lap("record")
        done = ended if batch.cut is None else ended | to_numpy(batch.cut)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        tell_ends(infos, batch, ended)
        given = observations_copy(batch.observations), host_copy(shaped), done, infos
        self.stopwatch.lap("copy")
        return given
