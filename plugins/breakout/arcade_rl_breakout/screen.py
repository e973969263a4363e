"""Shows an episode of the evaluation environment again, frame by frame."""

from __future__ import annotations

import numpy as np

from arcade_rl.contracts import Array, Frame, ScreenStep
from arcade_rl_breakout.console import Console
from arcade_rl_breakout.options import FRAME_SKIP, BreakoutOptions


class BreakoutScreen:
    """The emulator's picture after every frame. (210, 160, 3), uint8, RGB."""

    def __init__(self, options: BreakoutOptions, console: Console) -> None:
        self._console = console
        self._max_steps = options.max_steps

    def reset(self, seed: int) -> Frame:
        self._console.start(seed)
        self._steps = 0
        return self._picture()

    def step(self, action: Array) -> ScreenStep:
        button = self._console.button(int(action))
        frames, points = [], 0
        for _ in range(FRAME_SKIP):
            points += self._console.frame(button)
            frames.append(self._picture())
            if self._console.ale.game_over():
                break
        self._steps += 1
        ended = self._console.ale.game_over() or self._steps >= self._max_steps
        return ScreenStep(frames, float(points), ended)

    def close(self) -> None:
        pass

    def _picture(self) -> Frame:
        return np.asarray(self._console.ale.getScreenRGB(), np.uint8)
