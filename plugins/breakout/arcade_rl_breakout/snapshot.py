"""Memory consoles as rows of plain arrays, from which another process can go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ale_py
import numpy as np
import numpy.typing as npt

from arcade_rl_breakout.console import MemoryConsole

EMULATOR_SIZE = 8192
"""Bytes of an emulator's row. Its state is some 1,020 and the text of 625 numbers, whose length
differs: 7,890 at most. ale-py does not read on where a state ends, so noughts fill the rest."""
RANDOM_SIZE = 625
"""Numbers that a `random.Random` is made of."""
RANDOM_VERSION = 3
"""Version of the state that `random.Random.setstate` takes."""

Rows = Mapping[str, npt.NDArray[Any]]
"""`emulator`, (N, 8192), uint8; with sticky actions also `random`, (N, 625), uint32, and `held`, the
button that may stick, (N,), int64."""


def save(consoles: Sequence[MemoryConsole], sticks: bool) -> Rows:
    """All that later frames depend on. `sticks`: actions may stick."""
    emulators = np.zeros((len(consoles), EMULATOR_SIZE), np.uint8)
    for row, console in zip(emulators, consoles, strict=True):
        state = np.frombuffer(console.ale.cloneState().serialize(), np.uint8)
        row[: len(state)] = state
    if not sticks:
        return {"emulator": emulators}
    drawn = np.array([console.random.getstate()[1] for console in consoles], np.uint32)
    held = np.array([console.held for console in consoles], np.int64)
    return {"emulator": emulators, "random": drawn, "held": held}


def restore(consoles: Sequence[MemoryConsole], saved: Rows, sticks: bool) -> None:
    """Go on from what `save` gave: memory at once, the picture with the next frame."""
    for console, row in zip(consoles, saved["emulator"], strict=True):
        console.ale.restoreState(ale_py.ALEState(row.tobytes()))
    if not sticks:
        return
    for console, drawn, held in zip(consoles, saved["random"], saved["held"], strict=True):
        console.random.setstate((RANDOM_VERSION, tuple(drawn.tolist()), None))
        console.held = int(held)
