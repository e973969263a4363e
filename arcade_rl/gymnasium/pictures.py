"""The picture of an episode that is being played, made by the game's screen when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Array, Frame, Screen
from arcade_rl.errors import DivergenceError
from arcade_rl.gymnasium.setup import Setup


class EpisodePictures:
    """EpisodePictures of the open episode of one environment. The screen plays the episode again as far as
    it has come, so an episode of which no picture is wanted costs nothing."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._screen: Screen | None = None
        self._has_states = setup.resolved.declaration.replay == "states"
        self._seed = 0
        self._has_begun = False
        self._steps: list[tuple[Any, ...]] = []
        self._frames: Sequence[Frame] = ()

    def begin(self, seed: int) -> None:
        """An episode has begun."""
        self._seed, self._has_begun = seed, False
        self._steps.clear()

    def add(
        self,
        action: npt.NDArray[Any],
        reward: np.float32,
        replies: npt.NDArray[Any] | None,
        state: npt.NDArray[Any] | None,
    ) -> None:
        """A step was played. A state shows itself, so the ones before it are forgotten."""
        if self._has_states:
            self._steps.clear()
        self._steps.append((action, reward, replies, state))

    def frames(self) -> Sequence[Frame]:
        """The frames of the last step, oldest first; of a new episode, its first frame.
        DivergenceError if the screen plays another episode than the environment does."""
        screen = self._opened()
        if not self._has_begun:
            self._frames, self._has_begun = [screen.reset(self._seed)], True
        for action, reward, replies, state in self._steps:
            self._frames = (
                screen.show(state) if self._has_states else self._play(action, reward, replies)
            )
        self._steps.clear()
        return self._frames

    def close(self) -> None:
        """Free the screen."""
        if self._screen is not None:
            self._screen.close()
            self._screen = None

    def _play(self, action: Array, reward: np.float32, replies: Array | None) -> Sequence[Frame]:
        shown = self._opened().step(action, *(() if replies is None else (replies,)))
        if np.float32(shown.reward) != reward:
            game = self._setup.resolved.game.name
            raise DivergenceError(
                f"{game}: the screen plays the episode of seed {self._seed} otherwise than the environment: "
                f"reward {shown.reward}, expected {reward}; `arcade-rl plugins check {game}` finds out why"
            )
        return shown.frames

    def _opened(self) -> Screen:
        if self._screen is None:
            resolved = self._setup.resolved
            self._screen = resolved.game.make_screen(resolved.options, self._setup.purpose, False)
            if resolved.declaration.stages:
                self._screen.set_stage(self._setup.stage)
        return self._screen
