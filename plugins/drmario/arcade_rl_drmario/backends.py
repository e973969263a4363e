"""N games that wait for decisions, in the simulator or on the cartridge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.cartridge import find_cartridge
from arcade_rl_drmario.moments import Moment
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.played import Cartridge
from arcade_rl_drmario.simulator import Simulator, Snapshot
from arcade_rl_drmario.simulator.scripts import LONGEST
from arcade_rl_drmario.simulator.state import SIZE
from arcade_rl_drmario.starts import Starts

Rows = npt.NDArray[np.intp]
Integers = npt.NDArray[np.int64]


class Bottles(ABC):
    """N games of one player or two, each at a decision of one of them or at its end."""

    bytes: npt.NDArray[np.uint8]
    """Each game's state, as the simulator has it. (N, 512), uint8."""
    counts: Integers
    """What happened in the last run of frames, as `Simulator.counts` has it. (N, players, 4)."""

    @abstractmethod
    def begin(self, rows: Rows, starts: Starts, speed: int, crowns: Integers) -> None:
        """Begin these games, and run them to their first decisions. `crowns`: rounds that each player
        has won, (R, 2)."""

    @abstractmethod
    def begin_from(self, rows: Rows, moment: Moment) -> None:
        """Begin these games in this moment."""

    @property
    @abstractmethod
    def deciding(self) -> npt.NDArray[np.bool_]:
        """Who has to decide now. (N, players), bool."""

    @abstractmethod
    def place(self, placements: Integers) -> Integers:
        """Bring pills to rest at their placements, (N, players) with -1 for none, and run every game to
        its next decision or to its end. Returns the frames that went by, (N,). UsageError where a pill
        cannot get there."""

    @abstractmethod
    def press(self, buttons: Integers, frames: int) -> Integers:
        """Hold buttons for so many frames, (N, players) with -1 for none, and run every game to its next
        decision or to its end. Returns the frames that went by, (N,)."""

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

    def __init__(self, num_games: int, players: int) -> None:
        self._simulator = Simulator(num_games, players)
        self.bytes, self.counts = self._simulator.bytes, self._simulator.counts

    def begin(self, rows: Rows, starts: Starts, speed: int, crowns: Integers) -> None:
        simulator = self._simulator
        simulator.reset(
            rows,
            starts.random_numbers,
            starts.cartridge_levels[:, None],
            speed,
            starts.frame_counters,
            starts.viruses,
        )
        simulator.state["players"]["victories"][rows] = crowns
        simulator.run()

    def begin_from(self, rows: Rows, moment: Moment) -> None:
        nothing = Snapshot(
            np.tile(moment.game, (len(rows), 1)),
            np.zeros((len(rows), 1, LONGEST), np.uint8),
            np.zeros((len(rows), 1, 2), np.int64),
        )
        self._simulator.restore(nothing, rows)

    @property
    def deciding(self) -> npt.NDArray[np.bool_]:
        return self._simulator.deciding

    def place(self, placements: Integers) -> Integers:
        return self._simulator.place(placements)

    def press(self, buttons: Integers, frames: int) -> Integers:
        return self._simulator.press(buttons, frames)

    def save(self) -> dict[str, npt.NDArray[Any]]:
        saved = self._simulator.save()
        return {"bytes": saved.games, "scripts": saved.scripts, "pending": saved.pending}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        snapshot = Snapshot(saved["bytes"], saved["scripts"], saved["pending"])
        self._simulator.restore(snapshot)


class EmulatedBottles(Bottles):
    """Games on the cartridge, which take turns on the one console of the process."""

    def __init__(
        self,
        num_games: int,
        players: int,
        rom: Path,
        shows: Callable[[int, Cartridge], None] | None,
    ) -> None:
        """`shows` is called with the number of a game and its cartridge wherever the game stops, while
        the last picture is there; None if nobody looks."""
        self._cartridges = [Cartridge(rom, players) for _ in range(num_games)]
        self._shows = shows
        self.bytes = np.zeros((num_games, SIZE), np.uint8)
        self.counts = np.zeros((num_games, players, 4), np.int64)
        self._deciding = np.zeros((num_games, players), np.bool_)

    def begin(self, rows: Rows, starts: Starts, speed: int, crowns: Integers) -> None:
        for place, row in enumerate(rows.tolist()):
            first, second = crowns[place].tolist()
            self._cartridges[row].begin(starts, place, speed, (first, second))
            self._note(row)

    def begin_from(self, rows: Rows, moment: Moment) -> None:
        for row in rows.tolist():
            self._cartridges[row].begin_from(moment)
            self._note(row)

    @property
    def deciding(self) -> npt.NDArray[np.bool_]:
        return self._deciding

    def place(self, placements: Integers) -> Integers:
        return self._run(placements, Cartridge.place)

    def press(self, buttons: Integers, frames: int) -> Integers:
        return self._run(buttons, lambda cartridge, held: cartridge.press(held, frames))

    def _run(self, wanted: Integers, run: Callable[[Cartridge, Integers], int]) -> Integers:
        frames = np.zeros(len(wanted), np.int64)
        self.counts[:] = 0
        for row in np.flatnonzero((wanted >= 0).any(axis=1)).tolist():
            frames[row] = run(self._cartridges[row], wanted[row])
            self._note(row)
        return frames

    def _note(self, row: int) -> None:
        """Look at a game that has stopped."""
        cartridge = self._cartridges[row]
        self.bytes[row], self.counts[row] = cartridge.read(), cartridge.counts
        self._deciding[row] = cartridge.deciding
        if self._shows is not None:
            self._shows(row, cartridge)

    def save(self) -> dict[str, npt.NDArray[Any]]:
        saved = [cartridge.save() for cartridge in self._cartridges]
        return {name: np.stack([one[name] for one in saved]) for name in saved[0]}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        for row, cartridge in enumerate(self._cartridges):
            cartridge.restore(
                {name: saved[name][row] for name in ("console", "scripts", "pending")}
            )
            self.bytes[row], self._deciding[row] = cartridge.read(), cartridge.deciding

    def close(self) -> None:
        for cartridge in self._cartridges:
            cartridge.close()
        self._cartridges.clear()


def open_bottles(
    options: DrMarioOptions,
    num_games: int,
    shows: Callable[[int, Cartridge], None] | None = None,
) -> Bottles:
    """The games where the options want them."""
    if options.backend == "emulator":
        return EmulatedBottles(num_games, options.players, find_cartridge(options), shows)
    return SimulatedBottles(num_games, options.players)
