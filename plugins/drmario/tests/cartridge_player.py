"""Plays pillbox by its buttons and looks at it by its memory, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, START, A, B
from arcade_rl_drmario.simulator.state import PLAYER_FIELDS

MODE, FRAME, RNG, PLAYERS = 0x46, 0x43, 0x17, 0x727
SCORE, TOP_SCORE, VIRUSES_ALIVE, RESERVE = 0x729, 0x700, 0x72, 0x780
MUSIC, SIGNATURE, HELD1, HELD2 = 0x731, 0x710, 0xF7, 0xF8
TITLE, OPTIONS, INIT_LEVEL, PLAY, FAILED, FINISHED, INTRO = 0, 1, 3, 4, 5, 7, 8
FALL, PLACED, ATTACK, SENT, NONE, SEND = 0, 1, 2, 3, 4, 6
LOW, MED, HI = 0, 1, 2
YELLOW, RED, BLUE = 0, 1, 2
LATE_FRAMES = 0x24
WHO_WON, WHO_FAILED = 0x55, 0x61
EMPTY = 0xFF


@dataclass(frozen=True, slots=True)
class Pad:
    """The addresses of one player."""

    struct: int
    field: int

    def __getattr__(self, name: str) -> int:
        if name not in OFFSETS:
            raise AttributeError(name)
        return self.struct + OFFSETS[name]


OFFSETS = {**PLAYER_FIELDS, "chain_length": 0x21}

P1 = Pad(0x300, 0x400)
P2 = Pad(0x380, 0x500)


def frames(console: Console, count: int, buttons1: int = 0, buttons2: int = 0) -> None:
    for _ in range(count):
        console.frame(buttons1, buttons2)


def tap(console: Console, buttons1: int = 0, buttons2: int = 0) -> None:
    """One frame down, one frame up."""
    console.frame(buttons1, buttons2)
    console.frame()


def run_until(
    console: Console,
    reached: Callable[[], bool],
    limit: int = 2000,
    buttons1: int = 0,
    buttons2: int = 0,
) -> int:
    """Play until something is reached. Number of frames; an AssertionError after `limit` of them."""
    for count in range(limit):
        if reached():
            return count
        console.frame(buttons1, buttons2)
    raise AssertionError(f"not reached in {limit} frames; mode {console.read(MODE)}")


def run_until_mode(console: Console, mode: int, limit: int = 2000) -> int:
    return run_until(console, lambda: console.read(MODE) == mode, limit)


def to_options(console: Console) -> None:
    """From the title."""
    console.frame(START)
    frames(console, 10)
    assert console.read(MODE) == OPTIONS


def to_level(
    console: Console,
    seed: int = 0x8988,
    level: int = 0,
    speed: int = MED,
    players: int = 1,
    level2: int | None = None,
    speed2: int | None = None,
) -> None:
    """From the title to the one frame in which the level's random number may be written."""
    console.write(PLAYERS, players)
    to_options(console)
    console.write(P1.level, level)
    console.write(P1.speed, speed)
    console.write(P2.level, level if level2 is None else level2)
    console.write(P2.speed, speed if speed2 is None else speed2)
    console.frame(START)
    run_until_mode(console, INIT_LEVEL)
    console.write(RNG, seed >> 8, seed & 0xFF)


def to_play(console: Console, **options: int) -> None:
    """From the title to the last frame before the first pill may be moved."""
    to_level(console, **options)
    run_until(console, lambda: console.read(MODE) == PLAY and console.read(P1.next_action) == FALL)


def draw(console: Console, picture: str, pad: Pad = P1) -> None:
    """Fill a field: two letters a cell, what it is and its colour; rows end at the floor."""
    console.write(pad.field, *parse(picture))


def field(console: Console, pad: Pad = P1) -> list[int]:
    """The 128 cells, what has just vanished taken as empty."""
    cells = console.ram[pad.field : pad.field + 128]
    return [EMPTY if cell >= 0xF0 else int(cell) for cell in cells]


def parse(picture: str) -> list[int]:
    """T top, M bottom, L left, R right half; S single, V virus, X part of a line; .. empty."""
    kinds = {"T": 0x40, "M": 0x50, "L": 0x60, "R": 0x70, "S": 0x80, "X": 0xB0, "V": 0xD0}
    cells = [
        EMPTY if cell == ".." else kinds[cell[0]] | "yrb".index(cell[1]) for cell in picture.split()
    ]
    return [EMPTY] * (128 - len(cells)) + cells


def hold_pill(
    console: Console,
    x: int = 3,
    y: int = 15,
    rotation: int = 0,
    colours: tuple[int, int] = (YELLOW, RED),
    pad: Pad = P1,
) -> None:
    """Put the falling pill somewhere, with its counters at zero."""
    console.write(pad.x, x, y)
    console.write(pad.rotation, rotation)
    console.write(pad.first_colour, *colours)
    console.write(pad.drop_counter, 0, 0)


def pill(console: Console, pad: Pad = P1) -> tuple[int, int, int]:
    """Column, row from the bottom and rotation of the falling pill."""
    return console.read(pad.x), console.read(pad.y), console.read(pad.rotation)


def land(console: Console, pad: Pad = P1) -> None:
    """One frame in which the falling pill lands where it is, in mid-air if need be."""
    column, row, _ = pill(console, pad)
    below = pad.field + 8 * (16 - row) + column
    before = console.read(below)
    if row:
        console.write(below, 0xD0)
    console.write(pad.drop_counter, 40)
    console.frame()
    assert console.read(pad.next_action) == PLACED
    if row:
        console.write(below, before)


def clear_level(console: Console, *pads: Pad) -> None:
    """Kill the last viruses of these players, by default player 1's, in the same frame; stops in it."""
    pads = pads or (P1,)
    for pad in pads:
        console.write(pad.viruses_left, 3)
        draw(console, "Vr Vr Vr .. .. .. .. .. ", pad)
        hold_pill(console, x=3, y=0, colours=(RED, BLUE), pad=pad)
        console.write(pad.drop_counter, 40)
    console.frame()
    run_until(console, lambda: console.read(pads[0].viruses_left) == 0)


def fill_bottle(console: Console, *pads: Pad) -> None:
    """Leave these players' next pills no room, in the same frame; stops in it."""
    for pad in pads or (P1,):
        draw(console, ".. .. .. Vr Vb .. .. .. " + ".. " * 120, pad)
        hold_pill(console, x=0, y=0, pad=pad)
        console.write(pad.drop_counter, 40)
    console.frame()
    run_until_mode(console, FAILED)


def next_pill(console: Console, pad: Pad = P1, buttons1: int = 0) -> int:
    """Run to the frame in which the next pill appears; how many frames that took."""
    count = console.read(pad.pill_counter_low)
    return run_until(
        console, lambda: console.read(pad.pill_counter_low) != count, buttons1=buttons1
    )


def play_pill(console: Console, column: int, rotation: int) -> None:
    """Turn and move the falling pill by taps, drop it, and wait for the next one or the end."""
    if rotation:
        for _ in range(rotation if rotation < 3 else 1):
            tap(console, B if rotation < 3 else A)
    while console.read(pad_x := P1.x) != column:
        before = console.read(pad_x)
        tap(console, LEFT if column < before else RIGHT)
        if console.read(pad_x) == before:
            break
    run_until(console, lambda: console.read(P1.next_action) != FALL, buttons1=DOWN)
    run_until(console, lambda: console.read(P1.next_action) == FALL or game_decided(console))


def game_decided(console: Console) -> bool:
    """The last virus is gone, or the bottle is full."""
    return console.read(P1.viruses_left) == 0 or console.read(P1.level_fail) == 1
