"""One game on the console of this process, from decision to decision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.moments import Moment
from arcade_rl_drmario.shared import (
    FRAME_COUNTER,
    INTRO,
    PLAYING,
    RANDOM_NUMBER,
    STRUCTS,
    PlayedGame,
    SharedConsole,
    outcome_of,
    run_to,
)
from arcade_rl_drmario.simulator import Simulator, from_console, state
from arcade_rl_drmario.simulator.batch import count_frame
from arcade_rl_drmario.simulator.rules import FALL
from arcade_rl_drmario.simulator.scripts import LONGEST
from arcade_rl_drmario.simulator.state import OUTCOME
from arcade_rl_drmario.starts import Starts

LONGEST_FALL = 2000
"""Frames from a pill to the next one, or to the game's end, that no cartridge takes."""
NOTHING = -1
"""No placement and no buttons."""


@dataclass(slots=True)
class Reel:
    """What people see and hear of a game while it runs."""

    frames: list[npt.NDArray[np.uint8]]
    sounds: list[npt.NDArray[np.int16]] | None
    """None if nobody listens."""


class Cartridge:
    """One game on the console of this process, frame by frame, for one player or two."""

    def __init__(self, rom: Path, players: int = 1) -> None:
        self._shared = SharedConsole.take(rom)
        self._game = PlayedGame()
        self._guide = Simulator(1, players)
        self._players = players
        self._scripts = np.zeros((players, LONGEST), np.uint8)
        self._pending = np.zeros((players, 2), np.int64)
        self._still: npt.NDArray[np.uint8] | None = None
        self.counts = np.zeros((players, 4), np.int64)
        """What happened in the last run of frames, as `Simulator.counts` has it. (players, 4)."""

    @property
    def sound_rate_hz(self) -> float:
        return self._shared.turn_of(self._game).sound_rate_hz

    @property
    def picture(self) -> npt.NDArray[np.uint8]:
        """The picture of the last frame, or the one that was shown last. (224, 240, 3), uint8, RGB."""
        return self._shared.turn_of(self._game).screen if self._still is None else self._still

    def show(self, picture: npt.NDArray[np.uint8]) -> None:
        """Show a picture until the next frame: a console that goes back to a state draws nothing."""
        self._still = picture

    def begin(
        self, starts: Starts, index: int, speed: int, crowns: tuple[int, int] = (0, 0)
    ) -> None:
        """Begin the game with this index among the starts, and run it to its first decision."""
        console = self._shared.turn_of(self._game)
        level, viruses = int(starts.cartridge_levels[index]), int(starts.viruses[index])
        console.load(self._shared.making_level(level, speed, self._players))
        random_number = int(starts.random_numbers[index])
        console.write(RANDOM_NUMBER, random_number >> 8, random_number & 0xFF)
        run_to(console, INTRO)
        for struct in STRUCTS:
            console.write(struct + state.VIRUSES_TO_ADD, viruses)
            console.write(struct + state.VICTORIES, crowns[STRUCTS.index(struct)])
        run_to(console, PLAYING)
        console.write(FRAME_COUNTER, int(starts.frame_counters[index]))
        self._pending[:] = 0
        self._run(None)

    def begin_from(self, moment: Moment) -> None:
        """Begin the game in this moment."""
        self._shared.turn_of(self._game).load(moment.console.tobytes())
        self._pending[:] = 0
        self.counts[:] = 0
        self.show(moment.picture)

    @property
    def deciding(self) -> npt.NDArray[np.bool_]:
        """Whose pill falls without a script, while the game goes on. (players,), bool."""
        console = self._shared.turn_of(self._game)
        is_open = outcome_of(console, self._players) == state.PLAYING
        falls = self._glance()[: self._players, 0] == FALL
        found: npt.NDArray[np.bool_] = falls & (self._pending[:, 0] == self._pending[:, 1])
        return found & is_open

    def place(self, placements: npt.NDArray[np.int64], reel: Reel | None = None) -> int:
        """Bring pills to rest, (players,) with -1 for none, and run to the next decision or to the
        game's end. Returns the frames that went by."""
        if (placements != NOTHING).any():
            console = self._shared.turn_of(self._game)
            self._guide.bytes[0] = from_console(console.ram)
        for player, placement in enumerate(placements.tolist()):
            if placement != NOTHING:
                self._give(player, self._guide.script(0, placement, player))
        return self._run(reel)

    def press(self, buttons: npt.NDArray[np.int64], frames: int, reel: Reel | None = None) -> int:
        """Hold buttons down, (players,) with -1 for none, for so many frames, and run to the next
        decision or to the game's end. Returns the frames that went by."""
        for player, held in enumerate(buttons.tolist()):
            if held != NOTHING:
                self._give(player, np.full(frames, held, np.uint8))
        return self._run(reel)

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
        found[OUTCOME] = outcome_of(console, self._players)
        return found

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """The console's whole state, and what is still to be pressed."""
        saved = self._shared.turn_of(self._game).save()
        return {
            "console": np.frombuffer(saved, np.uint8),
            "scripts": self._scripts.copy(),
            "pending": self._pending.copy(),
        }

    def restore(self, saved: dict[str, npt.NDArray[Any]]) -> None:
        """Go on from what `save` gave."""
        self._shared.turn_of(self._game).load(saved["console"].tobytes())
        self._scripts[:], self._pending[:] = saved["scripts"], saved["pending"]

    def close(self) -> None:
        """Give the console back."""
        self._shared.give_back(self._game)

    def _give(self, player: int, script: npt.NDArray[np.uint8]) -> None:
        self._scripts[player, : len(script)] = script
        self._pending[player] = len(script), 0

    def _next_buttons(self, player: int) -> int:
        length, played = self._pending[player]
        if played == length:
            return 0
        self._pending[player, 1] += 1
        return int(self._scripts[player, played])

    def _run(self, reel: Reel | None) -> int:
        """Run to the next decision or to the game's end, and count what happens."""
        console = self._shared.turn_of(self._game)
        self.counts[:] = 0
        before = self._glance()
        for frame in range(LONGEST_FALL):
            if self._is_at_stop(before):
                return frame
            self._still = None
            console.frame(*[self._next_buttons(player) for player in range(self._players)])
            after = self._glance()
            count_frame(before, after, self.counts)
            before = after
            if reel is not None:
                reel.frames.append(console.screen)
                if reel.sounds is not None:
                    reel.sounds.append(console.sound)
        raise AssertionError(f"no pill appears within {LONGEST_FALL} frames")

    def _is_at_stop(self, glance: npt.NDArray[np.uint8]) -> bool:
        falls = glance[: self._players, 0] == FALL
        if (falls & (self._pending[:, 0] == self._pending[:, 1])).any():
            return True
        return outcome_of(self._shared.turn_of(self._game), self._players) != state.PLAYING

    def _glance(self) -> npt.NDArray[np.uint8]:
        """Action, combo and attack size of both players. (2, 3), uint8."""
        read = self._shared.turn_of(self._game).read
        fields = (state.NEXT_ACTION, state.COMBO, state.ATTACK_SIZE)
        return np.array([[read(base + field) for field in fields] for base in STRUCTS], np.uint8)
