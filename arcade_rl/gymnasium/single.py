"""A game as a `gymnasium.Env`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Frame, Purpose
from arcade_rl.envs.arrays import picked
from arcade_rl.gymnasium.plain import PlainEnvs, Told
from arcade_rl.gymnasium.setup import expect_render_mode, prepare, refuse_reset_options


class GameEnv(gymnasium.Env[Any, Any]):
    """One environment of a game. The game resets itself when an episode ends, so `reset` without a
    seed then costs nothing."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 30}  # type: ignore[misc]

    def __init__(
        self,
        game: str,
        *,
        purpose: Purpose = "evaluation",
        weights: Mapping[str, float] | None = None,
        opponents: Sequence[str] | None = None,
        stage: str | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        """`game` is a game's name, a configuration that ships with it, such as "breakout:quick", or a
        TOML file, whose options and weights apply.

        `purpose` "training" plays by the rules that training has, where a lost life may be told as
        `info["cut"]`. `weights` are those of reward terms, by name; of others the default holds.
        `opponents` are names of the game's own, one of which each episode's seed draws; None for the
        usual one. `stage` is the curriculum stage that is played, None for the last. `options` are
        the game's own.
        """
        expect_render_mode(render_mode)
        setup = prepare(game, purpose, weights, opponents, stage, options)
        self.render_mode = render_mode
        self._rows = PlainEnvs(setup, 1, render_mode is not None)
        self.observation_space = self._rows.env.observation_space
        self.action_space = self._rows.env.action_space
        if render_mode is not None:
            self.metadata = {**self.metadata, "render_fps": self._rows.pictures_a_second()}  # type: ignore[misc]
        self._state = "new"
        """What the open episode is: "new" before the first reset, then "open" or "over"."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, Told]:
        """Start an episode: the one of this seed, or the next one. Returns the first observation and
        `info`."""
        super().reset(seed=seed)
        refuse_reset_options(options)
        if self._state == "new" and seed is None:
            seed = int(self.np_random.integers(2**31))
        if self._state == "over" and seed is None:
            self._rows.show_next(np.zeros(1, np.intp))
        else:
            self._next = picked(self._rows.reset([seed]), 0)
        self._state = "open"
        return self._next, self._rows.begun_infos()[0]

    def step(self, action: Any) -> tuple[Any, float, bool, bool, Told]:
        """Play one action. Returns observation, weighted reward, terminated, truncated and `info`,
        which holds `raw_reward`, `terms`, `metrics` and `seed`; at an episode's end `whole_episode`;
        in training `cut`.

        A game that forbids actions at times has `action_mask` in `info`, except at an episode's end.
        In place of a forbidden action the next allowed one is played, and `forbidden` is True."""
        if self._state != "open":
            raise gymnasium.error.ResetNeeded(
                "the episode is over or has not begun: call reset before step"
            )
        moment = self._rows.step(np.asarray(action, self.action_space.dtype)[None])
        self._next = picked(moment.observations, 0)
        seen = self._next
        if moment.ended[0]:
            self._state, seen = "over", picked(moment.final_observations, 0)
        terminated, truncated = bool(moment.terminated[0]), bool(moment.truncated[0])
        return seen, float(moment.rewards[0]), terminated, truncated, moment.infos()[0]

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Which actions are allowed now, as sb3_contrib's `MaskablePPO` asks for it. (actions,),
        bool."""
        masks = self._rows.action_masks()
        if masks is None:
            raise AttributeError(f"{self._rows.name} forbids no actions, so it has no action_masks")
        found: npt.NDArray[np.bool_] = masks[0]
        return found

    def render(self) -> Frame | None:
        """The last frame of the last step. (height, width, 3), uint8; None without a render mode."""
        return None if self.render_mode is None else self._rows.frames(0)[-1].copy()

    def close(self) -> None:
        """Free the environment and its screen."""
        self._rows.close()
