"""Shows an episode again on the cartridge, whatever played it: every frame, with sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Array, Frame, Purpose, Screen, ScreenStep
from arcade_rl_drmario.backends import Cartridge
from arcade_rl_drmario.cartridge import find_cartridge
from arcade_rl_drmario.environment import POINTS
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.simulator.state import OUTCOME, PLAYING, STATE
from arcade_rl_drmario.starts import draw_starts


class DrMarioScreen(Screen):
    """The cartridge's picture after every frame. (224, 240, 3), uint8, RGB."""

    def __init__(self, options: DrMarioOptions, purpose: Purpose, sound: bool) -> None:
        self._options, self._purpose, self._hears = options, purpose, sound
        self._cartridge = Cartridge(find_cartridge(options))
        self._stage = 0
        self._pills = 0

    def reset(self, seed: int) -> Frame:
        stages = np.array([self._stage])
        starts = draw_starts(np.array([seed]), self._options, self._purpose, stages)
        self._cartridge.begin(
            int(starts.random_numbers[0]),
            int(starts.levels[0]),
            int(starts.frame_counters[0]),
            self._options.speed_number,
        )
        self._pills = 0
        return self._cartridge.picture

    def step(self, action: Array, replies: Array | None = None) -> ScreenStep:
        before = self._points()
        seen: list[Frame] = []
        heard: list[npt.NDArray[np.int16]] | None = [] if self._hears else None
        self._cartridge.place(int(action), seen, heard)
        self._pills += 1
        is_over = self._cartridge.read()[OUTCOME] != PLAYING
        ended = bool(is_over or self._pills >= self._options.most_pills)
        sound = None if heard is None else np.concatenate(heard)
        return ScreenStep(seen, float(self._points() - before), ended, sound)

    def set_stage(self, stage: int) -> None:
        self._stage = stage

    def save(self) -> object:
        return self._cartridge.save(), self._pills

    def restore(self, state: Any) -> None:
        saved, self._pills = state
        self._cartridge.restore(saved)

    def memory(self) -> npt.NDArray[np.uint8]:
        return self._cartridge.memory

    def poke(self, address: int, value: int) -> None:
        self._cartridge.poke(address, value)

    def close(self) -> None:
        self._cartridge.close()

    def _points(self) -> int:
        digits = self._cartridge.read().view(STATE)["score_digits"][0]
        return int(digits.astype(np.int64) @ POINTS)
