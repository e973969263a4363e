"""Shows an episode again, frame by frame. Training plays the games that evaluation plays: only what
the learner sees of a lost life is another matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Array, Frame, Screen, ScreenStep
from arcade_rl_breakout.console import EMULATOR, Console
from arcade_rl_breakout.options import FRAME_SKIP, BreakoutOptions
from arcade_rl_breakout.sound import Sound


class BreakoutScreen(Screen):
    """The emulator's picture after every frame. (210, 160, 3), uint8, RGB."""

    def __init__(self, options: BreakoutOptions, console: Console, sound: Sound | None) -> None:
        self._console = console
        self._sound = sound
        self._max_steps = options.max_steps
        self._seed = -1
        """Seed of the episode, -1 before the first. The ROM is loaded, in 0.2 s, only for another seed."""

    def reset(self, seed: int) -> Frame:
        if seed == self._seed:
            self._console.restore(self._start)
        else:
            self._begin(seed)
        self._steps = 0
        return self._first.copy()

    def step(self, action: Array, replies: Array | None = None) -> ScreenStep:
        console = self._console
        button = console.button(int(action))
        frames, held, points = [], [], 0
        for _ in range(FRAME_SKIP):
            points += console.frame(button)
            frames.append(self._picture())
            held.append(console.held)
            if console.ale.game_over():
                break
        sound = None if self._sound is None else self._sound.step(self._steps, held)
        self._steps += 1
        ended = console.ale.game_over() or self._steps >= self._max_steps
        return ScreenStep(frames, float(points), ended, sound)

    def save(self) -> object:
        return self._console.save(), self._steps

    def restore(self, state: Any) -> None:
        saved, self._steps = state
        self._console.restore(saved)

    def start_state(self) -> Mapping[str, npt.NDArray[Any]]:
        state = self._console.ale.cloneState().serialize()
        return {EMULATOR: np.frombuffer(state, np.uint8)}

    def memory(self) -> npt.NDArray[np.uint8]:
        return np.asarray(self._console.ale.getRAM(), np.uint8).copy()

    def poke(self, address: int, value: int) -> None:
        self._console.ale.setRAM(address, value)

    def close(self) -> None:
        pass

    def _begin(self, seed: int) -> None:
        buttons = self._console.start(seed)
        if self._sound is not None:
            self._sound.start(buttons)
        self._start, self._first = self._console.save(), self._picture()
        self._seed = seed

    def _picture(self) -> Frame:
        return np.asarray(self._console.ale.getScreenRGB(), np.uint8)
