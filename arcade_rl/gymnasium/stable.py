"""A game as a `VecEnv` of Stable-Baselines3."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from arcade_rl.contracts import Array, Declaration, Frame, Observations, Purpose, VectorEnv
from arcade_rl.envs.arrays import observations_copy, to_numpy
from arcade_rl.gymnasium.plain import PlainEnvs
from arcade_rl.gymnasium.setup import expect_render_mode, prepare, refuse_reset_options


class StableEnv(VecEnv):
    """What SB3 asks of every `VecEnv` and is the same for all environments of games."""

    def __init__(
        self, env: VectorEnv, declaration: Declaration, render_mode: str | None = None
    ) -> None:
        self.game_env, self._declaration = env, declaration
        self._attributes: dict[str, Any] = {"render_mode": render_mode}
        if declaration.masks:
            self._attributes["action_masks"] = None
        super().__init__(env.num_envs, env.observation_space, env.action_space)

    def step_async(self, actions: npt.NDArray[Any]) -> None:
        self._actions = actions

    def close(self) -> None:
        self.game_env.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        if attr_name not in self._attributes:
            raise AttributeError(attr_name)
        return [self._attributes[attr_name] for _ in self._get_indices(indices)]

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        if method_name == "action_masks" and self._declaration.masks:
            masks = to_numpy(self.game_env.action_masks())
            return [masks[row] for row in self._get_indices(indices)]
        raise AttributeError(method_name)

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise AttributeError(attr_name)

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [False for _ in self._get_indices(indices)]


class _Ends(Protocol):
    """The part of a step that tells how episodes ended."""

    @property
    def terminated(self) -> Array: ...
    @property
    def truncated(self) -> Array: ...
    @property
    def final_observations(self) -> Observations | None: ...


def tell_ends(infos: Sequence[dict[str, Any]], step: _Ends, ended: npt.NDArray[np.bool_]) -> None:
    """Add to `infos` what SB3 wants to know where an episode ended."""
    if not ended.any():
        return
    truncated = to_numpy(step.truncated & ~step.terminated)
    for row in np.flatnonzero(ended).tolist():
        infos[row]["TimeLimit.truncated"] = bool(truncated[row])
        infos[row]["terminal_observation"] = observations_copy(step.final_observations, row)


class GameVecEnv(StableEnv):
    """N environments of a game. In training, a step at which the learner's sight is cut is done for
    the learner too, and `info["cut"]` says so."""

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
        self._rows = PlainEnvs(setup, num_envs, render_mode is not None)
        self._is_new = True
        self._began_s = time.monotonic()
        super().__init__(self._rows.env, setup.resolved.declaration, render_mode)

    def reset(self) -> Any:
        """Start an episode in every environment, of the seeds that `seed` gave or of the next
        ones."""
        for options in self._options:
            refuse_reset_options(options)
        seeds = list(self._seeds)
        if self._is_new:
            drawn = np.random.default_rng().integers(2**31, size=self.num_envs).tolist()
            seeds = [
                new if given is None else given for given, new in zip(seeds, drawn, strict=True)
            ]
        self._is_new = False
        self._reset_seeds()
        observations = self._rows.reset(seeds)
        self.reset_infos = self._rows.begun_infos()
        return observations

    def step_wait(self) -> Any:
        moment = self._rows.step(np.asarray(self._actions, self.action_space.dtype))
        ended, infos = moment.ended, moment.infos()
        tell_ends(infos, moment, ended)
        for row, whole in moment.whole.items():
            seconds = time.monotonic() - self._began_s
            infos[row]["episode"] = {"r": whole["raw_return"], "l": whole["length"], "t": seconds}
        done = ended | moment.told["cut"] if "cut" in moment.told else ended
        self._rows.show_next(np.flatnonzero(ended))
        return moment.observations, moment.rewards, done, infos

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Whether SB3 finds in `info` what this wrapper adds: `info["episode"]` holds what `Monitor`
        would say, the game's own reward and the length of the whole episode."""
        return [wrapper_class is Monitor for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[Frame | None]:
        if self.render_mode is None:
            return [None] * self.num_envs
        return [self._rows.frames(row)[-1].copy() for row in range(self.num_envs)]

    def close(self) -> None:
        self._rows.close()
