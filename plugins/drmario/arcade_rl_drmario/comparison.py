"""The simulator beside the cartridge: the same buttons for both, their memories compared every frame."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import VerificationError
from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, SELECT, START, A, B
from arcade_rl_drmario.simulator import state
from arcade_rl_drmario.simulator.games import Simulator
from arcade_rl_drmario.simulator.state import (
    FIELD,
    FIELD_SIZE,
    FIRST_WON,
    LOST,
    PLAYER_FIELDS,
    PLAYER_SIZE,
    PLAYING,
    RESERVE,
    SIZE,
    STATE,
    VICTORIES,
    Game,
    from_console,
)

ADDRESSES = {offset: address for offset, address, _ in state.CONSOLE_BYTES}
MODE, FRAME_COUNTER = ADDRESSES[state.MODE], ADDRESSES[state.FRAME_COUNTER]
RNG, PLAYERS = ADDRESSES[state.RNG0], ADDRESSES[state.PLAYERS]
STRUCTS = ADDRESSES[0], ADDRESSES[PLAYER_SIZE]
LEVELS = [struct + state.LEVEL for struct in STRUCTS]
SPEEDS = [struct + state.SPEED for struct in STRUCTS]
OPTIONS, INIT_LEVEL, PLAY, INTRO = 1, 3, 4, 8
BOOT_FRAMES = 30
LONGEST_WAIT = 1000

Pilot = Callable[[Simulator, int], int]
"""The buttons of the next frame: of game 0's player with this index."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A game to play on both."""

    players: int
    seed: int
    levels: tuple[int, int]
    speeds: tuple[int, int]


@dataclass(slots=True)
class Tally:
    """What was compared."""

    games: int = 0
    """Levels or rounds played to their end."""
    frames: int = 0
    cleared: int = 0
    """Games that somebody ended by clearing the viruses."""
    attacks: int = 0
    """Times that garbage came down."""


def compared_bytes(players: int) -> Game:
    """$FF for every byte of a state that both have. (512,), uint8.

    Crowns are left to the game's end, where the cartridge gives them a frame later after a fail.
    """
    mask = np.full(SIZE, 0xFF, np.uint8)
    mask[: 2 * PLAYER_SIZE] = 0
    for player in range(players):
        for name, offset in PLAYER_FIELDS.items():
            length = 4 if name == "attack_colours" else 1
            mask[player * PLAYER_SIZE + offset :][:length] = 0xFF
        mask[player * PLAYER_SIZE + VICTORIES] = 0
    fields = STATE.fields
    assert fields is not None
    mask[fields["outcome"][1]] = 0
    mask[fields["throw_frame"][1] + 1 : FIELD] = 0
    if players == 1:
        mask[FIELD + FIELD_SIZE : RESERVE] = 0
        mask[fields["pressed"][1] + 1] = mask[fields["held"][1] + 1] = 0
    return mask


def name_of(offset: int) -> str:
    """The name of a byte of the state, for people."""
    if offset < 2 * PLAYER_SIZE:
        player, within = divmod(offset, PLAYER_SIZE)
        known = {value: name for name, value in PLAYER_FIELDS.items()}
        return f"player {player + 1} {known.get(within, f'attack colour at {within:#04x}')}"
    if FIELD <= offset < RESERVE:
        player, cell = divmod(offset - FIELD, FIELD_SIZE)
        return f"player {player + 1} field row {cell // 8} column {cell % 8}"
    if offset >= RESERVE:
        return f"reserve {offset - RESERVE}"
    assert STATE.fields is not None
    names = [(place[1], name) for name, place in STATE.fields.items() if place[1] <= offset]
    return max(names)[1]


class Comparison:
    """One console and one simulated game, in step."""

    def __init__(self, console: Console) -> None:
        self._console = console
        for _ in range(BOOT_FRAMES):
            console.frame()
        self._title = console.save()
        self.tally = Tally()

    def play(self, setting: Setting, pilots: Iterable[Pilot], most_levels: int = 1) -> None:
        """Play to the game's end, and up to so many levels or rounds while the cartridge goes on.

        VerificationError names the first frame and bytes that differ.
        """
        self._setting = setting
        self._mask = compared_bytes(setting.players)
        pilots = tuple(pilots)
        self._begin()
        for level in range(most_levels):
            if level > 0:
                self._go_on()
            self._play_level(pilots)
            if not self._has_next():
                break

    def _begin(self) -> None:
        console, setting = self._console, self._setting
        console.load(self._title)
        console.write(PLAYERS, setting.players)
        console.frame(START)
        self._run_to(OPTIONS)
        for _ in range(2):
            console.frame()
        for player in range(2):
            console.write(LEVELS[player], setting.levels[player])
            console.write(SPEEDS[player], setting.speeds[player])
        console.frame(START)
        self._run_to(INIT_LEVEL)
        console.write(RNG, setting.seed >> 8, setting.seed & 0xFF)
        self._run_to(PLAY)
        self._simulator = Simulator(1, setting.players)
        self._simulator.reset(
            None,
            setting.seed,
            [setting.levels[: setting.players]],
            [setting.speeds[: setting.players]],
            console.read(FRAME_COUNTER),
        )
        self._compare()

    def _go_on(self) -> None:
        """Press Start until the next level begins: some levels' ends wait for it twice."""
        for _ in range(LONGEST_WAIT):
            if self._console.read(MODE) in (INIT_LEVEL, INTRO):
                break
            self._console.frame(START)
            self._console.frame()
        self._run_to(PLAY)
        self._simulator.go_on(None, self._console.read(FRAME_COUNTER))
        self._compare()

    def _run_to(self, mode: int) -> None:
        for _ in range(LONGEST_WAIT):
            if self._console.read(MODE) == mode:
                return
            self._console.frame()
        raise VerificationError(
            f"the cartridge is in mode {self._console.read(MODE)} after {LONGEST_WAIT} frames;"
            f" expected {mode}"
        )

    def _play_level(self, pilots: tuple[Pilot, ...]) -> None:
        simulator, console = self._simulator, self._console
        state = simulator.state[0]
        attacks = state["players"]["attack_size"]
        while state["outcome"] == PLAYING:
            buttons = [pilot(simulator, player) for player, pilot in enumerate(pilots)]
            waiting = attacks.copy()
            console.frame(*buttons)
            simulator.frame([buttons])
            self.tally.frames += 1
            self.tally.attacks += int(((waiting >= 2) & (attacks < waiting)).sum())
            self._compare()
        console.frame()
        self._compare_crowns()
        left = state["players"]["viruses_left"][: self._setting.players]
        self.tally.games += 1
        self.tally.cleared += bool((left == 0).any())

    def _has_next(self) -> bool:
        """Whether Start leads on to another level or round; the frames until it is waited for."""
        state = self._simulator.state[0]
        if self._setting.players == 1:
            if state["outcome"] != FIRST_WON:
                return False
        elif (state["players"]["victories"] >= 3).any():
            return False
        for _ in range(70):
            self._console.frame()
        return True

    def _compare(self) -> None:
        expected = from_console(self._console.ram)
        different = (expected ^ self._simulator.bytes[0]) & self._mask
        if different.any():
            self._tell(different, expected)

    def _compare_crowns(self) -> None:
        if self._simulator.state["outcome"][0] == LOST:
            return
        expected = from_console(self._console.ram)
        crowns = [player * PLAYER_SIZE + VICTORIES for player in range(self._setting.players)]
        different = np.zeros(SIZE, np.uint8)
        different[crowns] = expected[crowns] ^ self._simulator.bytes[0, crowns]
        if different.any():
            self._tell(different, expected)

    def _tell(self, different: Game, expected: Game) -> None:
        places = [int(place) for place in np.flatnonzero(different)[:8]]
        details = ", ".join(
            f"{name_of(place)}: cartridge {expected[place]:#04x},"
            f" simulator {self._simulator.bytes[0, place]:#04x}"
            for place in places
        )
        raise VerificationError(
            f"{self._setting}, game {self.tally.games + 1}, frame {self.tally.frames}: {details}"
        )


PRESSES = (0, RIGHT, LEFT, DOWN, DOWN, B, A, B | RIGHT, A | LEFT, A | B, A | B | LEFT)
"""What people hold."""


class ButtonMasher:
    """Random buttons, each held for a few frames; opposite directions at once come as well."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._left, self._held = 0, 0

    def __call__(self, simulator: Simulator, player: int) -> int:
        if self._left == 0:
            self._left = self._random.choice((1, 1, 1, 2, 3, 5, 8, 20))
            usual = self._random.choice(PRESSES)
            self._held = self._random.choice((usual, usual, usual, self._random.getrandbits(8)))
            self._held &= ~(START | SELECT)
        self._left -= 1
        return self._held


class Placer:
    """Plays to a placement chosen among all reachable ones, with the simulator's own script."""

    def __init__(self, seed: int, careful: bool) -> None:
        """`careful`: the placement that leaves the fewest viruses and the lowest pile, else any."""
        self._random = np.random.default_rng(seed)
        self._careful = careful
        self._script: list[int] = []
        self.placed = 0

    def __call__(self, simulator: Simulator, player: int) -> int:
        falling = simulator.state["players"][0, player]["next_action"] == 0
        if not self._script and falling:
            placements = np.flatnonzero(simulator.reachable()[0, player])
            chosen = self._choose(simulator, player, placements)
            traced = bool(self._random.integers(2))
            self._script = simulator.script(0, chosen, player, traced).tolist()
            self.placed += 1
        return self._script.pop(0) if falling else 0

    def _choose(self, simulator: Simulator, player: int, placements: npt.NDArray[np.intp]) -> int:
        if not self._careful:
            return int(self._random.choice(placements))
        tried = Simulator(len(placements))
        tried.bytes[:] = alone(simulator.bytes[0], player)
        tried.place(placements)
        worth = worth_of(tried) + self._random.random(len(placements))
        return int(placements[np.argmax(worth)])


def worth_of(simulator: Simulator) -> npt.NDArray[np.float64]:
    """How good boards are, by eye: few viruses, long runs on them, little on top of them. (N,)"""
    cells = simulator.state["field"][:, 0]  # (N, 16, 8)
    taken, virus = cells < 0xF0, cells & 0xF0 == 0xD0
    colour = np.where(taken, cells & 0x0F, 9)
    run = np.zeros((len(cells), 8))
    wrong = np.zeros((len(cells), 8))
    worth = np.zeros(len(cells))
    for row in range(16):
        same = taken[:, row] & (colour[:, row] == (colour[:, row - 1] if row else 9))
        run = np.where(same, run + 1, taken[:, row] * 1.0)
        buried = taken[:, row] & ~same & (taken[:, row - 1] if row else False)
        wrong = np.where(taken[:, row], wrong + buried, 0)
        worth += (virus[:, row] * (3 * run**2 - 6 * wrong)).sum(axis=1)
        worth -= taken[:, row].sum(axis=1) * (16 - row) / 8
    worth -= 20 * taken[:, :4, 3:5].sum(axis=(1, 2))
    worth -= 60 * virus.sum(axis=(1, 2)) + 4 * taken.sum(axis=(1, 2))
    worth[simulator.state["players"]["level_fail"][:, 0] == 1] -= 1000
    return worth


def alone(game: Game, player: int) -> Game:
    """A game for one player, with this player's pill and field. (512,), uint8."""
    single = game.copy()
    state = single.view(STATE)
    state["number_of_players"] = 1
    state["players"][:, 0] = state["players"][:, player]
    state["field"][:, 0] = state["field"][:, player]
    state["held"][:, 0] = state["held"][:, player]
    return single
