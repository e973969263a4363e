"""The one console of a process, shared by all who play on it in turn."""

from __future__ import annotations

from pathlib import Path

from arcade_rl.errors import UsageError, VerificationError
from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import START
from arcade_rl_drmario.simulator import state
from arcade_rl_drmario.simulator.state import (
    LEVEL_FAIL,
    PLAYER_SIZE,
    SPEED,
    VIRUSES_LEFT,
)

_ADDRESSES = {offset: address for offset, address, _ in state.CONSOLE_BYTES}
MODE, FRAME_COUNTER = _ADDRESSES[state.MODE], _ADDRESSES[state.FRAME_COUNTER]
RANDOM_NUMBER, PLAYERS = _ADDRESSES[state.RNG0], _ADDRESSES[state.PLAYERS]
STRUCTS = _ADDRESSES[0], _ADDRESSES[PLAYER_SIZE]
OPTIONS, MAKING_LEVEL, PLAYING, FAILED, INTRO = 1, 3, 4, 5, 8
BOOT_FRAMES = 30
LONGEST_WAIT = 1000
"""Frames after which a menu that does not change is given up."""


class SharedConsole:
    """A console whose players each have a game of their own.

    A player that plays after another one gets its state back first. That is exact but for the phase
    of the sound.
    """

    _open: SharedConsole | None = None

    def __init__(self, rom: Path) -> None:
        """Use `SharedConsole.take` instead."""
        self._rom = rom
        self._console = Console(rom)
        self._players = 0
        self._playing: PlayedGame | None = None
        for _ in range(BOOT_FRAMES):
            self._console.frame()
        self._title = self._console.save()
        self._levels: dict[tuple[int, int, int], bytes] = {}

    @classmethod
    def take(cls, rom: Path) -> SharedConsole:
        """The console of this process, switched on with this cartridge. UsageError if it has another
        one in it."""
        if cls._open is None:
            cls._open = cls(rom)
        elif cls._open._rom != rom:
            raise UsageError(
                f"{cls._open._rom.name} is played in this process; expected no other cartridge beside it."
                f" Play {rom.name} in a process of its own."
            )
        cls._open._players += 1
        return cls._open

    def give_back(self, *games: PlayedGame) -> None:
        """Say that one of those who took the console has done, with these games of its own. The last
        one switches it off."""
        if self._playing in games:
            self._playing = None
        self._players -= 1
        if self._players == 0:
            self._console.close()
            SharedConsole._open = None

    def turn_of(self, game: PlayedGame) -> Console:
        """The console, with this game in it."""
        if self._playing is not game:
            if self._playing is not None:
                self._playing.state = self._console.save()
            if game.state:
                self._console.load(game.state)
            self._playing = game
        return self._console

    def making_level(self, level: int, speed: int, players: int) -> bytes:
        """The state in the frame in which the level's random number may be written, the same level and
        speed for all players."""
        if (level, speed, players) not in self._levels:
            console = self._console
            console.load(self._title)
            console.write(PLAYERS, players)
            console.frame(START)
            run_to(console, OPTIONS)
            console.frame()
            console.frame()
            for player in STRUCTS:
                console.write(player + state.LEVEL, level)
                console.write(player + SPEED, speed)
            console.frame(START)
            run_to(console, MAKING_LEVEL)
            self._levels[level, speed, players] = console.save()
        return self._levels[level, speed, players]


class PlayedGame:
    """A player's game on a shared console."""

    def __init__(self) -> None:
        self.state = b""
        """The console's state while another game is in it; b"" before the first start."""


def run_to(console: Console, mode: int) -> None:
    """Run frames until the game is in a mode. VerificationError if it does not get there."""
    for _ in range(LONGEST_WAIT):
        if console.read(MODE) == mode:
            return
        console.frame()
    raise VerificationError(
        f"the cartridge is in mode {console.read(MODE)} after {LONGEST_WAIT} frames; expected {mode}:"
        " it is not the game that this plugin knows"
    )


def outcome_of(console: Console, players: int) -> int:
    """How the game stands, as the simulator has it: an outcome of `simulator.state`."""
    mode = console.read(MODE)
    if mode not in (PLAYING, FAILED):
        return state.PLAYING
    cleared = [console.read(base + VIRUSES_LEFT) == 0 for base in STRUCTS[:players]]
    if any(cleared) and mode == PLAYING:
        return _winner(cleared)
    full = [console.read(base + LEVEL_FAIL) == 1 for base in STRUCTS[:players]]
    if not any(full):
        return state.PLAYING
    return state.LOST if players == 1 else _winner([not lost for lost in full])


def _winner(won: list[bool]) -> int:
    """The outcome of a game that these players have won, which both or none may have."""
    if len(won) == 2 and won[0] == won[1]:
        return state.DRAWN
    return state.FIRST_WON if won[0] else state.SECOND_WON
