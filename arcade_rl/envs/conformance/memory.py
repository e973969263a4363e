"""Checks that a screen opens the memory that its game declares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np

from arcade_rl.contracts import Declaration, Game, Screen, gives


def memory_faults(game: Game, options: Any, declared: Declaration) -> Iterator[str]:
    """Faults of a screen's `memory` and `poke`, in a game with `memory_bytes`."""
    with closing(game.make_screen(options, "evaluation", False)) as screen:
        if not (gives(screen, Screen, "memory") and gives(screen, Screen, "poke")):
            return  # the check of the screen says so
        screen.reset(1)
        memory = screen.memory()
        size = declared.memory_bytes
        is_bytes = isinstance(memory, np.ndarray) and memory.dtype == np.uint8
        if not is_bytes or memory.shape != (size,):
            given = f"{memory.dtype} {memory.shape}" if is_bytes else repr(memory)[:60]
            yield f"memory() gave {given}; expected ({size},), uint8, as memory_bytes declares"
            return
        kept = memory.copy()
        address, value = size // 2, int(memory[size // 2]) ^ 1
        screen.poke(address, value)
        if not np.array_equal(memory, kept):
            yield "poke changed the array that memory() gave before; expected an array of its own"
        found = int(screen.memory()[address])
        if found != value:
            yield f"poke({address}, {value}) left {found} there; expected the byte that was written"
