"""The check finds screens whose memory is not what the game declares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from arcade_rl_toy import Toy, ToyOptions, ToyScreen

from arcade_rl.contracts import Declaration
from arcade_rl.envs.capabilities import screen_lacks
from arcade_rl.envs.conformance.memory import memory_faults


class OpenScreen(ToyScreen):
    """The toy with eight bytes of memory."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.bytes = np.arange(8, dtype=np.uint8)

    def memory(self) -> npt.NDArray[Any]:
        return self.bytes.copy()

    def poke(self, address: int, value: int) -> None:
        self.bytes[address] = value


class Shared(OpenScreen):
    def memory(self) -> npt.NDArray[Any]:
        return self.bytes


class Short(OpenScreen):
    def memory(self) -> npt.NDArray[Any]:
        return self.bytes[:4].copy()


class Wide(OpenScreen):
    def memory(self) -> npt.NDArray[Any]:
        return self.bytes.astype(np.int64)


class Deaf(OpenScreen):
    def poke(self, address: int, value: int) -> None:
        pass


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (OpenScreen, ""),
        (ToyScreen, "the screen lacks memory; memory_bytes are declared"),
        (Shared, "poke changed the array that memory() gave before; expected an array of its own"),
        (Short, "memory() gave uint8 (4,); expected (8,), uint8, as memory_bytes declares"),
        (Wide, "memory() gave array([0, 1, 2, 3, 4, 5, 6, 7]); expected (8,), uint8, as memory_bytes declares"),
        (Deaf, "poke(4, 5) left 4 there; expected the byte that was written"),
    ],
)  # fmt: skip
def test_memory_is_what_is_declared(kind: type[ToyScreen], said: str) -> None:
    class Open(Toy):
        def declare(self, options: ToyOptions) -> Declaration:
            return replace(super().declare(options), memory_bytes=8)

        def make_screen(self, options: ToyOptions, purpose: Any, sound: bool) -> Any:
            return kind(super().make_env(options, 1, purpose))  # type: ignore[arg-type]

    game, options = Open(), ToyOptions(curriculum=False)
    declared = game.declare(options)
    lacks = screen_lacks(game.make_screen(options, "evaluation", False), declared)
    messages = [*lacks, *memory_faults(game, options, declared)]
    assert (said in messages) if said else "memory" not in " ".join(messages)
