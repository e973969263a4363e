"""A game as a `gymnasium.vector.VectorEnv`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from arcade_rl.contracts import Frame, Purpose
from arcade_rl.envs.arrays import picked
from arcade_rl.errors import UsageError
from arcade_rl.gymnasium.plain import PlainEnvs, Told
from arcade_rl.gymnasium.setup import expect_render_mode, prepare, refuse_reset_options


class GameVectorEnv(VectorEnv[Any, Any, Any]):
    """N environments of a game. Where an episode ends, the next begins in the same step."""

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": ["rgb_array"],
        "render_fps": 30,
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(
        self,
        game: str,
        num_envs: int = 1,
        *,
        purpose: Purpose = "evaluation",
        weights: Mapping[str, float] | None = None,
        opponents: Sequence[str] | None = None,
        stage: str | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        """The arguments mean what they mean to `GameEnv`."""
        expect_render_mode(render_mode)
        setup = prepare(game, purpose, weights, opponents, stage, options)
        self.num_envs, self.render_mode = num_envs, render_mode
        self._rows = PlainEnvs(setup, num_envs, render_mode is not None)
        self.single_observation_space = self._rows.env.observation_space
        self.single_action_space = self._rows.env.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        if render_mode is not None:
            self.metadata = {**self.metadata, "render_fps": self._rows.pictures_a_second()}  # type: ignore[misc]
        self._is_new = True

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, Told]:
        """Start an episode in every environment: of the seeds `seed`, `seed` + 1 and so on, or of
        the seeds that a list names."""
        super().reset(seed=seed if isinstance(seed, int) else None)
        refuse_reset_options(options)
        if isinstance(seed, int):
            seeds: list[int | None] = [seed + row for row in range(self.num_envs)]
        else:
            seeds = [None] * self.num_envs if seed is None else list(seed)
        if len(seeds) != self.num_envs:
            raise UsageError(
                f"seed: {len(seeds)} seeds; expected {self.num_envs}, one an environment"
            )
        if self._is_new:
            drawn = self.np_random.integers(2**31, size=self.num_envs).tolist()
            seeds = [
                new if given is None else given for given, new in zip(seeds, drawn, strict=True)
            ]
        self._is_new = False
        observations = self._rows.reset(seeds)
        return observations, _masked(self._rows.begun(), np.ones(self.num_envs, np.bool_))

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, Told]:
        """Play one action in each environment. Returns observations, weighted rewards, terminated,
        truncated and `info`, whose entries are those of `GameEnv`, as arrays.

        Where an episode ended, `info["final_obs"]` has its last observation and `info["final_info"]`
        what the step says; the other entries belong to the next episode.
        """
        moment = self._rows.step(np.asarray(actions, self.single_action_space.dtype))
        ended = moment.ended
        told = _masked({**moment.begun, **moment.told}, ~ended)
        if ended.any():
            rows = np.flatnonzero(ended)
            self._rows.show_next(rows)
            told["_seed"] = np.ones(self.num_envs, np.bool_)
            told["seed"] = moment.begun["seed"]
            if "action_mask" in told:
                told["_action_mask"] = told["_seed"]
            final_observations = np.full(self.num_envs, None, object)
            for row in rows:
                final_observations[row] = picked(moment.final_observations, row)
            final = {**moment.told, "whole_episode": self._whole(moment.whole)}
            told |= {
                "final_obs": final_observations,
                "final_info": _masked(final, ended),
                "_final_obs": ended.copy(),
                "_final_info": ended.copy(),
            }
        return moment.observations, moment.rewards, moment.terminated, moment.truncated, told

    def action_masks(self) -> npt.NDArray[np.bool_] | None:
        """Which actions are allowed now. (N, actions), bool; None in a game that forbids none."""
        return self._rows.action_masks()

    def render(self) -> tuple[Frame, ...] | None:
        """The last frame of the last step in each environment; None without a render mode."""
        if self.render_mode is None:
            return None
        return tuple(self._rows.frames(row)[-1].copy() for row in range(self.num_envs))

    def close_extras(self, **kwargs: Any) -> None:
        """Free the environments and their screens."""
        self._rows.close()

    def _whole(self, whole: Mapping[int, Told]) -> Told:
        """The sums over the episodes that ended, as arrays of N."""
        return {
            name: {
                inner: self._column({row: sums[name][inner] for row, sums in whole.items()})
                for inner in example
            }
            if isinstance(example, dict)
            else self._column({row: sums[name] for row, sums in whole.items()})
            for name, example in next(iter(whole.values())).items()
        }

    def _column(self, values: Mapping[int, float]) -> npt.NDArray[Any]:
        column = np.zeros(self.num_envs, np.array([*values.values()]).dtype)
        column[list(values)] = list(values.values())
        return column


def _masked(told: Told, mask: npt.NDArray[np.bool_]) -> Told:
    """What is told, with the masks that say where each entry holds, as Gymnasium writes them."""
    found: Told = {}
    for name, value in told.items():
        found[name] = _masked(value, mask) if isinstance(value, dict) else value
        found[f"_{name}"] = mask.copy()
    return found
