"""The sound of an episode."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import ale_py
import numpy as np
import numpy.typing as npt

from arcade_rl_breakout.console import open_emulator

SILENCE = 128
"""ale-py's samples are unsigned bytes around this."""

Samples = npt.NDArray[np.int16]
"""(samples, 1), int16."""


class Sound:
    """Plays the buttons of an episode on an emulator of its own, which always begins anew and is never
    set back: neither a reset nor a saved state says where the waves were. What was heard once is kept,
    so it sounds the same again."""

    def __init__(self, begins: ale_py.ALEState | None = None) -> None:
        """`begins`: the state that every episode begins from; None for the console switched on."""
        self._begins = begins

    def start(self, buttons: Sequence[int]) -> None:
        """Begin an episode, of which these are the frames before its first step."""
        self._ale = open_emulator(sound=True)
        if self._begins is not None:
            self._ale.restoreState(self._begins)
        for button in buttons:
            self._ale.act(button)
        self._kept: list[bytes] = []

    def step(self, number: int, buttons: Sequence[int]) -> Samples:
        """The sound of step `number`, from 0, whose frames were played with these buttons. Steps are
        heard in order the first time."""
        if number == len(self._kept):
            heard = [self._play(button) for button in buttons]
            self._kept.append(zlib.compress(np.concatenate(heard).tobytes(), 1))
        samples = np.frombuffer(zlib.decompress(self._kept[number]), np.uint8)
        return ((samples.astype(np.int16) - SILENCE) << 8)[:, None]

    def _play(self, button: int) -> npt.NDArray[np.uint8]:
        self._ale.act(button)
        return self._ale.getAudio()
