"""N episodes of one game as the environments that the core steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.adapters.episode import Episode
from arcade_rl.contracts import (
    Array,
    Declaration,
    Observations,
    Opponents,
    Purpose,
    SeedSource,
    StepBatch,
    VectorEnv,
)
from arcade_rl.envs.spaces import leaves
from arcade_rl.errors import ContractError

SEEDS, SEEN = "episode.seeds", "episode.seen"
"""Names, in a saved state, of what the core adds to what episodes save."""

Rows = npt.NDArray[np.intp]


class EpisodesEnv(VectorEnv):
    """N machines, each of which plays one episode after another."""

    def __init__(
        self, game: str, episodes: Sequence[Episode], declaration: Declaration, purpose: Purpose
    ) -> None:
        self.num_envs = n = len(episodes)
        self._game, self._episodes, self._declaration = game, episodes, declaration
        self._cuts = purpose == "training"
        self._stage = 0
        self._stack = declaration.frame_stack
        space = episodes[0].observation_space
        self.observation_space = stacked(space, self._stack) if self._stack > 1 else space
        self.action_space = episodes[0].action_space
        self._is_dict = isinstance(space, spaces.Dict)
        self._shapes = {key: part.shape for key, part in leaves(space).items()}
        self._seen = {
            key: np.zeros((n, *(part.shape or ())), part.dtype)
            for key, part in leaves(self.observation_space).items()
        }
        self._action = int if isinstance(self.action_space, spaces.Discrete) else np.array
        self._seeds = np.zeros(n, np.int64)
        self._terms = [term.name for term in declaration.terms]
        self._metrics = [metric.name for metric in declaration.metrics]
        self._declared = {"terms": set(self._terms), "metrics": set(self._metrics)}

    def reset(self, seeds: SeedSource, rows: Rows | None = None) -> Observations:
        self._source = seeds
        chosen = np.arange(self.num_envs) if rows is None else rows
        self._begin(chosen)
        return self._given({key: array[chosen] for key, array in self._seen.items()})

    def step(self, actions: Array) -> StepBatch:
        steps = [
            episode.play(self._action(action))
            for episode, action in zip(self._episodes, actions, strict=True)
        ]
        for row, step in enumerate(steps):
            self._look(row, step.observation)
        terminated = np.array([step.terminated for step in steps], np.bool_)
        truncated = np.array([step.truncated for step in steps], np.bool_) & ~terminated
        ended = np.flatnonzero(terminated | truncated)
        batch = StepBatch(
            observations=self._given(self._seen),
            rewards=np.array([step.reward for step in steps], np.float32),
            terms=self._table("terms", self._terms, [step.terms for step in steps]),
            terminated=terminated,
            truncated=truncated,
            metrics=self._table("metrics", self._metrics, [step.metrics for step in steps]),
            episode_seeds=self._seeds.copy(),
            cut=np.array([step.cut for step in steps], np.bool_) if self._cuts else None,
        )
        if len(ended):
            final = {key: array.copy() for key, array in self._seen.items()}
            batch.final_observations = self._given(final)
            self._begin(ended)
        return batch

    def action_masks(self) -> Array | None:
        if not self._declaration.masks:
            return None
        return np.stack([episode.masks() for episode in self._episodes])

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        saved = [episode.save() for episode in self._episodes]
        own = {f"{SEEN}.{key}": array.copy() for key, array in self._seen.items()}
        rows = {name: np.stack([one[name] for one in saved]) for name in saved[0]}
        return {**rows, SEEDS: self._seeds.copy(), **own}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        self._source = seeds
        self._seeds[:] = saved[SEEDS]
        for key, array in self._seen.items():
            array[:] = saved[f"{SEEN}.{key}"]
        own = [name for name in saved if name != SEEDS and not name.startswith(f"{SEEN}.")]
        for row, episode in enumerate(self._episodes):
            episode.restore({name: saved[name][row] for name in own})
        return self._given(self._seen)

    def close(self) -> None:
        for episode in self._episodes:
            episode.close()

    def _begin(self, rows: Rows) -> None:
        """Begin the next episode of these environments."""
        if len(rows):
            self._seeds[rows] = self._source.next(rows)
            self._announce(rows)
        for row in rows.tolist():
            episode = self._episodes[row]
            episode.stage = self._stage
            self._look(row, episode.begin(int(self._seeds[row])), is_first=True)

    def _announce(self, rows: Rows) -> None:
        """Say that episodes begin, to those who want to know."""

    def _look(self, row: int, observation: Observations, is_first: bool = False) -> None:
        """Take over what the agent sees in an environment."""
        parts = observation if self._is_dict else {"": observation}
        if parts.keys() != self._seen.keys():
            raise ContractError(
                f"{self._game}: an observation has the keys {sorted(parts)}; expected {sorted(self._seen)}"
            )
        for key, part in parts.items():
            if np.shape(part) != self._shapes[key]:
                of = f" of {key!r}" if key else ""
                raise ContractError(
                    f"{self._game}: an observation{of} has shape {np.shape(part)}; expected "
                    f"{self._shapes[key]}, as its space says"
                )
            seen = self._seen[key][row]
            if self._stack == 1:
                self._seen[key][row] = part
            elif is_first:
                seen[:] = part
            else:
                seen[:-1] = seen[1:].copy()
                seen[-1] = part

    def _table(
        self, label: str, names: list[str], rows: Sequence[Mapping[str, float]]
    ) -> npt.NDArray[np.float32]:
        """Terms or metrics of all rows in the order of their declaration. (N, names), float32."""
        for given in rows:
            if given.keys() != self._declared[label]:
                raise ContractError(
                    f"{self._game}: play gave the {label} {sorted(given)}; expected {sorted(names)}, all "
                    "that are declared"
                )
        values = [[given[name] for name in names] for given in rows]
        return np.array(values, np.float32).reshape(len(rows), len(names))

    def _given(self, parts: dict[str, npt.NDArray[Any]]) -> Observations:
        return dict(parts) if self._is_dict else parts[""]


class Staged:
    """The part of an environment that plays a curriculum."""

    _stage: int

    def set_stage(self, stage: int) -> None:
        self._stage = stage


class Asking:
    """The part of an environment in which opponents answer. An answer is asked for when the game
    wants it, one environment at a time."""

    _seeds: npt.NDArray[np.int64]
    _episodes: Sequence[Episode]
    _opponents: Opponents

    def set_opponents(self, opponents: Opponents) -> None:
        self._opponents = opponents
        for row, episode in enumerate(self._episodes):
            episode.company = self._asker(np.array([row]))

    def _announce(self, rows: Rows) -> None:
        self._opponents.begin(rows, self._seeds[rows])

    def _asker(self, row: Rows) -> Callable[..., Any]:
        def ask(observation: Observations, masks: npt.NDArray[np.bool_] | None) -> Any:
            allowed = None if masks is None else np.asarray(masks)[None]
            return self._opponents.choose(row, alone(observation), allowed)[0]

        return ask


class StagedEpisodesEnv(Staged, EpisodesEnv): ...


class SeatedEpisodesEnv(Asking, EpisodesEnv): ...


class StagedSeatedEpisodesEnv(Staged, Asking, EpisodesEnv): ...


def environments_of(declaration: Declaration) -> type[EpisodesEnv]:
    """The environments that can do what is declared, and no more."""
    if len(declaration.seats) > 1:
        return StagedSeatedEpisodesEnv if declaration.stages else SeatedEpisodesEnv
    return StagedEpisodesEnv if declaration.stages else EpisodesEnv


def alone(observation: Observations) -> Observations:
    """One observation as the only row of a batch."""
    if isinstance(observation, dict):
        return {key: np.asarray(part)[None] for key, part in observation.items()}
    return np.asarray(observation)[None]


def stacked(space: spaces.Space[Any], count: int) -> spaces.Box:
    """The space of so many frames of one space, oldest first."""
    if not isinstance(space, spaces.Box):
        raise ContractError(
            f"frame_stack is {count} for observations of {space!s:.60}; expected a Box, which is one frame"
        )
    assert space.dtype is not None
    low = np.repeat(space.low[None], count, axis=0)
    high = np.repeat(space.high[None], count, axis=0)
    return spaces.Box(low, high, dtype=space.dtype.type)
