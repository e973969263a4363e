"""N games of one player that wait for a placement, in the simulator or on the cartridge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.shared import (
    FRAME_COUNTER,
    PLAYING,
    RANDOM_NUMBER,
    PlayedGame,
    SharedConsole,
    is_cleared,
    is_falling,
    is_full,
    run_to,
)
from arcade_rl_drmario.simulator import Simulator, from_console
from arcade_rl_drmario.simulator.state import FIRST_WON, LOST, OUTCOME, SIZE
from arcade_rl_drmario.starts import Starts

Rows = npt.NDArray[np.intp]
Integers = npt.NDArray[np.int64]

LONGEST_FALL = 2000
"""Frames from a pill to the next one, or to the game's end, that no cartridge takes."""


class Bottles(ABC):
    """N games, each at a decision."""

    bytes: npt.NDArray[np.uint8]
    """Each game's state, as the simulator has it. (N, 512), uint8."""

    @abstractmethod
    def begin(self, rows: Rows, starts: Starts, speed: int) -> None:
        """Begin these games, and run them to their first decisions."""

    @abstractmethod
    def place(self, placements: Integers) -> Integers:
        """Bring every pill to rest at its placement, (N,), and run to the next decision or to the
        game's end. Returns the frames that went by, (N,). UsageError where a pill cannot get there.
        """

    @abstractmethod
    def save(self) -> dict[str, npt.NDArray[Any]]:
        """Everything that `restore` needs. Arrays of N rows by name."""

    @abstractmethod
    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from what `save` gave."""

    def close(self) -> None:  # noqa: B027 - a simulator holds nothing
        """Free what the games hold."""


class SimulatedBottles(Bottles):
    """Games in the simulator."""

    def __init__(self, num_games: int) -> None:
        self._simulator = Simulator(num_games)
        self.bytes = self._simulator.bytes

    def begin(self, rows: Rows, starts: Starts, speed: int) -> None:
        self._simulator.reset(
            rows, starts.random_numbers, starts.levels[:, None], speed, starts.frame_counters
        )
        self._simulator.run()

    def place(self, placements: Integers) -> Integers:
        return self._simulator.place(placements)

    def save(self) -> dict[str, npt.NDArray[Any]]:
        return {"bytes": self.bytes.copy()}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        self.bytes[:] = saved["bytes"]


class Cartridge:
    """One game on the console of this process, frame by frame."""

    def __init__(self, rom: Path) -> None:
        self._shared = SharedConsole.take(rom)
        self._game = PlayedGame()
        self._guide = Simulator(1)

    @property
    def sound_rate_hz(self) -> float:
        return self._shared.turn_of(self._game).sound_rate_hz

    @property
    def sound(self) -> npt.NDArray[np.int16]:
        """The sound of the last frame. (samples, 2), int16."""
        return self._shared.turn_of(self._game).sound

    def begin(self, random_number: int, level: int, frame_counter: int, speed: int) -> None:
        """Begin a game, and run it to its first decision."""
        console = self._shared.turn_of(self._game)
        console.load(self._shared.making_level(level, speed))
        console.write(RANDOM_NUMBER, random_number >> 8, random_number & 0xFF)
        run_to(console, PLAYING)
        console.write(FRAME_COUNTER, frame_counter)
        for _ in range(LONGEST_FALL):
            if is_falling(console):
                return
            console.frame()

    def place(self, placement: int, seen: list[Any] | None = None, heard: list[Any] | None = None) -> int:  # fmt: skip
        """Bring the pill to rest there, and run to the next decision or to the game's end. Returns the
        frames that went by; `seen` and `heard` get their pictures and sounds."""
        console = self._shared.turn_of(self._game)
        self._guide.bytes[0] = from_console(console.ram)
        script = self._guide.script(0, placement).tolist()
        for frame in range(LONGEST_FALL):
            console.frame(script[frame] if frame < len(script) else 0)
            if seen is not None:
                seen.append(console.screen)
            if heard is not None:
                heard.append(console.sound)
            is_placed = frame + 1 >= len(script)
            if is_placed and (is_falling(console) or is_cleared(console) or is_full(console)):
                return frame + 1
        raise AssertionError(f"no pill appears within {LONGEST_FALL} frames")

    @property
    def picture(self) -> npt.NDArray[np.uint8]:
        """The picture of the last frame. (224, 240, 3), uint8, RGB."""
        return self._shared.turn_of(self._game).screen

    @property
    def memory(self) -> npt.NDArray[np.uint8]:
        """The console's memory. (2048,), uint8."""
        return self._shared.turn_of(self._game).ram

    def poke(self, address: int, value: int) -> None:
        """Write a byte into the console's memory."""
        self._shared.turn_of(self._game).write(address, value)

    def read(self) -> npt.NDArray[np.uint8]:
        """The game's state, as the simulator has it. (512,), uint8."""
        console = self._shared.turn_of(self._game)
        found = from_console(console.ram)
        if is_cleared(console):
            found[OUTCOME] = FIRST_WON
        elif is_full(console):
            found[OUTCOME] = LOST
        return found

    def save(self) -> bytes:
        """The console's whole state."""
        return self._shared.turn_of(self._game).save()

    def restore(self, state: bytes) -> None:
        """Go on from what `save` gave."""
        self._shared.turn_of(self._game).load(state)

    def close(self) -> None:
        """Give the console back."""
        self._shared.give_back(self._game)


class EmulatedBottles(Bottles):
    """Games on the cartridge, which take turns on the one console of the process."""

    def __init__(self, num_games: int, rom: Path) -> None:
        self._cartridges = [Cartridge(rom) for _ in range(num_games)]
        self.bytes = np.zeros((num_games, SIZE), np.uint8)

    def begin(self, rows: Rows, starts: Starts, speed: int) -> None:
        for place, row in enumerate(rows.tolist()):
            cartridge = self._cartridges[row]
            cartridge.begin(
                int(starts.random_numbers[place]),
                int(starts.levels[place]),
                int(starts.frame_counters[place]),
                speed,
            )
            self.bytes[row] = cartridge.read()

    def place(self, placements: Integers) -> Integers:
        frames = np.zeros(len(placements), np.int64)
        for row, (cartridge, placement) in enumerate(
            zip(self._cartridges, placements.tolist(), strict=True)
        ):
            frames[row] = cartridge.place(placement)
            self.bytes[row] = cartridge.read()
        return frames

    def save(self) -> dict[str, npt.NDArray[Any]]:
        states = [np.frombuffer(cartridge.save(), np.uint8) for cartridge in self._cartridges]
        return {"console": np.stack(states)}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        for row, cartridge in enumerate(self._cartridges):
            cartridge.restore(saved["console"][row].tobytes())
            self.bytes[row] = cartridge.read()

    def close(self) -> None:
        for cartridge in self._cartridges:
            cartridge.close()
        self._cartridges.clear()
