"""N environments of a game as plain environments have them: rewards are weighted sums, arrays are
copies in host memory, seeds come from `reset`. N is the number of environments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import Declaration, Frame, Observations, StepBatch
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.arrays import (
    WeightedSum,
    actions_for,
    host_copy,
    observations_copy,
    to_numpy,
)
from arcade_rl.envs.replies import replies_of
from arcade_rl.envs.spaces import choices
from arcade_rl.gymnasium.pictures import EpisodePictures
from arcade_rl.gymnasium.seeds import ResetSeeds
from arcade_rl.gymnasium.setup import Setup
from arcade_rl.recording.ended import EndedEpisodes

Told: TypeAlias = dict[str, Any]
"""What `info` holds, by name: arrays with a row for each environment, and dicts of such."""

HORIZON = 128
"""Number of steps after which sums of episodes are brought up to date."""


@dataclass(frozen=True, slots=True)
class PlainStep:
    """What one step of N environments gave. Where an episode ended, `observations` and `begun` belong
    to the next one, and everything else to the episode that ended."""

    observations: Observations
    rewards: npt.NDArray[np.float32]
    """Weighted sum of the terms. (N,), float32."""
    terminated: npt.NDArray[np.bool_]
    truncated: npt.NDArray[np.bool_]
    final_observations: Observations | None
    told: Told
    """What the step says about itself."""
    begun: Told
    """What is known of the open episodes before their next step."""
    whole: dict[int, Told]
    """The sums over each episode that ended, by its environment."""

    @property
    def ended(self) -> npt.NDArray[np.bool_]:
        """Where an episode ended. (N,), bool."""
        return self.terminated | self.truncated

    def infos(self) -> list[Told]:
        """What `info` holds in each environment, without what belongs to the next episode."""
        ended = self.ended.tolist()
        now = split(self.told, len(ended)), split(self.begun, len(ended))
        found = [{**begun, **told} for told, begun in zip(*now, strict=True)]
        for row, sums in self.whole.items():
            found[row] = {**now[0][row], "whole_episode": sums}
        return found


def split(told: Told, count: int) -> list[Told]:
    """The rows of arrays, environment by environment, as plain numbers and small arrays."""
    columns = {
        name: split(value, count)
        if isinstance(value, dict)
        else value.tolist()
        if value.ndim == 1
        else list(value)
        for name, value in told.items()
    }
    return [{name: column[row] for name, column in columns.items()} for row in range(count)]


def _bounds(space: spaces.Space[Any]) -> tuple[Any, Any]:
    return (space.low, space.high) if isinstance(space, spaces.Box) else (0, 0)


class PlainEnvs:
    """N environments that step together."""

    def __init__(self, setup: Setup, num_envs: int, has_pictures: bool) -> None:
        self.setup, self.num_envs = setup, num_envs
        self.name = setup.resolved.game.name
        self.declaration: Declaration = setup.resolved.declaration
        self.env = setup.open(num_envs)
        self._shape = WeightedSum(setup.resolved.weights)
        self._accounting = EpisodeAccounting(self.declaration, num_envs, HORIZON)
        self._logged = 0
        self._is_closed = False
        self._seeds = ResetSeeds(num_envs)
        self._pictures = [EpisodePictures(setup) for _ in range(num_envs if has_pictures else 0)]
        self._given: Observations = None
        self._terms = [term.name for term in self.declaration.terms]
        self._metrics = [metric.name for metric in self.declaration.metrics]

    def reset(self, seeds: Sequence[int | None]) -> Observations:
        """Start an episode in every environment, with its seed unless that is None."""
        for row, seed in enumerate(seeds):
            if seed is not None:
                self._seeds.give(row, seed)
        self._given = self.env.reset(self._seeds)
        self._accounting.begin_episodes(self.setup.stage)
        self._logged = 0
        self.show_next(np.arange(self.num_envs))
        return observations_copy(self._given)

    def show_next(self, rows: npt.NDArray[np.intp]) -> None:
        """Show the open episodes of these environments from now on. Until then, an episode that ended
        shows its last frame."""
        for row in rows.tolist() if self._pictures else ():
            self._pictures[row].begin(int(self._seeds.current[row]))

    def step(self, actions: npt.NDArray[Any]) -> PlainStep:
        """Play one action in each environment."""
        seeds = self._seeds.current.copy()
        actions, is_forbidden = self._allowed(actions)
        batch = self.env.step(actions_for(actions, self._given))
        self._given = batch.observations
        shaped = self._shape(batch.terms)
        ended = to_numpy(self._accounting.record(batch, shaped))
        final = batch.final_observations
        moment = PlainStep(
            observations_copy(batch.observations),
            host_copy(shaped),
            host_copy(batch.terminated),
            host_copy(batch.truncated),
            observations_copy(final) if final is not None and ended.any() else None,
            {**self._told(batch, seeds), **is_forbidden},
            self.begun(),
            dict(self._whole(bool(ended.any()))),
        )
        self._play_pictures(actions, batch)
        return moment

    def begun(self) -> Told:
        """What is known of the open episodes before their next step."""
        masks = self.action_masks()
        return {
            "seed": self._seeds.current.copy(),
            **({} if masks is None else {"action_mask": masks}),
        }

    def begun_infos(self) -> list[Told]:
        """What `begun` tells, environment by environment."""
        return split(self.begun(), self.num_envs)

    def action_masks(self) -> npt.NDArray[np.bool_] | None:
        """Which actions are allowed now. (N, actions), bool; None in a game that forbids none."""
        return host_copy(self.env.action_masks()) if self.declaration.masks else None

    def frames(self, row: int) -> Sequence[Frame]:
        """The frames of the last step of one environment, oldest first."""
        return self._pictures[row].frames()

    def pictures_a_second(self) -> float:
        """Steps in a second of the game, if all are as long as the first: one is played for it."""
        self.reset([0] * self.num_envs)
        actions = np.stack([self._any_action(row) for row in range(self.num_envs)])
        self.step(actions)
        return float(self.declaration.frame_rate / len(self.frames(0)))

    def _any_action(self, row: int) -> npt.NDArray[Any]:
        space, masks = self.env.action_space, self.action_masks()
        if masks is None:
            rest: npt.NDArray[Any] = np.asarray(np.clip(0, *_bounds(space)), space.dtype)
            return np.broadcast_to(rest, space.shape or ())
        parts = np.split(masks[row], np.cumsum(choices(space))[:-1])
        return np.array([part.argmax() for part in parts], space.dtype).reshape(space.shape or ())

    def close(self) -> None:
        """Free the environments and their screens."""
        if self._is_closed:
            return
        self._is_closed = True
        for pictures in self._pictures:
            pictures.close()
        self.env.close()

    def _allowed(self, actions: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Told]:
        """(actions that the game allows, whether those given were forbidden). Agents that know nothing
        of masks exist, and games refuse what they forbid: the next allowed action takes its place."""
        masks = self.action_masks()
        if masks is None:
            return actions, {}
        sizes = choices(self.env.action_space)
        found = actions.reshape(self.num_envs, -1).copy()
        for column, allowed in enumerate(np.split(masks, np.cumsum(sizes)[:-1], axis=1)):
            for row in np.flatnonzero(~allowed[np.arange(self.num_envs), found[:, column]]):
                places = np.flatnonzero(allowed[row])
                found[row, column] = places[np.argmax(places > found[row, column])]
        played = found.reshape(actions.shape)
        is_forbidden = (played != actions).reshape(self.num_envs, -1).any(axis=1)
        return played, {"forbidden": is_forbidden}

    def _told(self, batch: StepBatch, seeds: npt.NDArray[np.int64]) -> Told:
        terms, metrics = host_copy(batch.terms), host_copy(batch.metrics)
        told = {
            "seed": seeds,
            "raw_reward": host_copy(batch.rewards),
            "terms": {name: terms[:, column] for column, name in enumerate(self._terms)},
            "metrics": {name: metrics[:, column] for column, name in enumerate(self._metrics)},
        }
        if self.setup.purpose == "training":
            is_cut = np.zeros(self.num_envs, np.bool_)
            told["cut"] = is_cut if batch.cut is None else host_copy(batch.cut)
        if batch.frames is not None:
            told["frames"] = host_copy(batch.frames)
        return told

    def _whole(self, has_ended: bool) -> Iterator[tuple[int, Told]]:
        """(environment, sums over the episode) of the episodes that ended in this step."""
        self._logged += 1
        if not has_ended and self._logged < HORIZON:
            return
        self._logged = 0
        ended: EndedEpisodes = self._accounting.harvest().ended
        for k, row in enumerate(ended.env.tolist()):
            metrics = zip(self._metrics, ended.metrics[k].tolist(), strict=True)
            yield (
                row,
                {
                    "raw_return": float(ended.raw_return[k]),
                    "shaped_return": float(ended.shaped_return[k]),
                    "length": int(ended.length[k]),
                    "metrics": dict(metrics),
                },
            )

    def _play_pictures(self, actions: npt.NDArray[Any], batch: StepBatch) -> None:
        rewards = to_numpy(batch.rewards)
        for row, pictures in enumerate(self._pictures):
            state = None if batch.states is None else host_copy(batch.states[row])
            pictures.add(actions[row].copy(), rewards[row], replies_of(batch, row), state)
