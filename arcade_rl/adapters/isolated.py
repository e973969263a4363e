"""Machines in processes of their own, for libraries that allow one emulator in a process."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from arcade_rl.contracts import (
    Array,
    Declaration,
    Frame,
    Game,
    Observations,
    Purpose,
    Screen,
    ScreenStep,
    SeedSource,
    StepBatch,
    VectorEnv,
)
from arcade_rl.envs.board import ScreenOrder
from arcade_rl.envs.processes import ProcessEnv, Shard, end, open_processes
from arcade_rl.envs.starts import StartOptions
from arcade_rl.errors import ContractError


class IsolatedEnv(VectorEnv):
    """N environments, each in a process of its own; all arrays go through memory that they share."""

    def __init__(self, env: ProcessEnv) -> None:
        self._env = env
        self.num_envs = env.num_envs
        self.observation_space, self.action_space = env.observation_space, env.action_space

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        observations = self._env.reset(seeds, rows)
        self._source = seeds
        self._begun(np.arange(self.num_envs) if rows is None else rows)
        return observations

    def step(self, actions: Array) -> StepBatch:
        batch = self._env.step(actions)
        self._begun(np.flatnonzero(batch.terminated | batch.truncated))
        return batch

    def _begun(self, rows: npt.NDArray[np.intp]) -> None:
        """Go on with the seeds where episodes began: the processes took theirs from copies."""
        if len(rows):
            self._source.next(rows)

    def action_masks(self) -> Array | None:
        return self._env.action_masks()

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        return self._env.save()

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        self._source = seeds
        return self._env.restore(saved, seeds)

    def close(self) -> None:
        self._env.close()


class StagedIsolatedEnv(IsolatedEnv):
    """Isolated environments of a game with a curriculum."""

    def set_stage(self, stage: int) -> None:
        self._env.set_stage(stage)


def isolated_environments(
    game: Game, options: BaseModel, declaration: Declaration, num_envs: int, purpose: Purpose
) -> VectorEnv:
    """So many environments, each in a process of its own."""
    if len(declaration.seats) > 1:
        raise ContractError(
            f"{game.name}: isolated games have one seat, and {len(declaration.seats)} are declared"
        )
    env = open_processes(game, options, declaration, num_envs, purpose, num_envs)
    return (StagedIsolatedEnv if declaration.stages else IsolatedEnv)(env)


class IsolatedScreen(Screen):
    """A screen in a process of its own."""

    def __init__(self, shard: Shard) -> None:
        self._shards = [shard]
        shard.receive()

    def reset(self, seed: int) -> Frame:
        frame: Frame = self._call("reset", seed)
        return frame

    def step(self, action: Array, replies: Array | None = None) -> ScreenStep:
        shown: ScreenStep = self._call("step", action)
        return shown

    def save(self) -> object:
        return self._call("save")

    def restore(self, state: object) -> None:
        self._call("restore", state)

    def close(self) -> None:
        shards, self._shards = self._shards, []
        end(shards)

    def _call(self, method: str, *arguments: Any) -> Any:
        (shard,) = self._shards
        shard.send(pickle.dumps((method, arguments)))
        return pickle.loads(shard.receive())


class StagedIsolatedScreen(IsolatedScreen):
    """An isolated screen of a game with a curriculum."""

    def set_stage(self, stage: int) -> None:
        self._call("set_stage", stage)


def isolated_screen(
    game: Game, options: BaseModel, declaration: Declaration, purpose: Purpose, sound: bool
) -> Screen:
    """The game's screen, in a process of its own."""
    start = options.start_state if isinstance(options, StartOptions) else None
    order = ScreenOrder(game.name, options.model_dump(), purpose, sound, start)
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        shard = Shard(f"{game.name}: the process of its screen", order, nothing)
    finally:
        os.close(nothing)
    return (StagedIsolatedScreen if declaration.stages else IsolatedScreen)(shard)
