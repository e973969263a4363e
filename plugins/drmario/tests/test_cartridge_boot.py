"""Power-on over any memory, and the reset button, by sending the processor to the reset vector."""

import random

import pytest

from arcade_rl_drmario.console import PILLBOX, Console
from arcade_rl_drmario.pad import SELECT, START, A, B
from cartridge_player import (
    EMPTY,
    MODE,
    MUSIC,
    OPTIONS,
    P1,
    P2,
    PLAY,
    PLAYERS,
    RNG,
    SIGNATURE,
    TITLE,
    TOP_SCORE,
    frames,
    run_until,
    run_until_mode,
    to_options,
    to_play,
)

PROGRAM_COUNTER = b"PC\0\0\2\0\0\0"


def press_reset(console: Console) -> None:
    """What the button does to the processor; memory stays as it is."""
    state = bytearray(console.save())
    at = state.index(PROGRAM_COUNTER) + len(PROGRAM_COUNTER)
    vector = 16 + 0x7FFC
    state[at : at + 2] = PILLBOX.read_bytes()[vector : vector + 2]
    console.load(bytes(state))
    frames(console, 30)


@pytest.mark.parametrize("filled", ["zeros", "ones", "noise", "more noise"])
def test_it_starts_over_any_memory(console: Console, filled: str) -> None:
    fills = {"zeros": bytes(0x800), "ones": b"\xff" * 0x800}
    fill = fills.get(filled) or random.Random(filled).randbytes(0x800)
    # Not the stack: the NMI that comes first returns by it.
    console.write(0, *fill[:0x100])
    console.write(0x200, *fill[0x200:])
    press_reset(console)
    ram = console.ram
    assert (ram[MODE], ram[PLAYERS], ram[MUSIC]) == (TITLE, 1, 0)
    assert (ram[P1.level], ram[P2.level], ram[P1.speed], ram[P2.speed]) == (0, 0, 1, 1)
    assert ram[TOP_SCORE : TOP_SCORE + 6].tolist() == [0, 0, 0, 1, 0, 0]
    assert (ram[RNG], ram[RNG + 1]) == (0x89, 0x88)
    assert set(ram[0x400:0x600].tolist()) == {EMPTY}
    to_options(console)
    console.frame(START)
    run_until_mode(console, PLAY)
    run_until(console, lambda: console.read(P1.y) < 15)


def test_reset_keeps_options_and_the_top_score(console: Console) -> None:
    console.write(MUSIC, 2)
    to_play(console, level=12, speed=2, players=2, level2=7, speed2=0)
    console.write(TOP_SCORE, 0, 1, 2, 3, 4, 5)
    press_reset(console)
    ram = console.ram
    assert ram[MODE] == TITLE
    assert (ram[PLAYERS], ram[MUSIC]) == (2, 2)
    to_options(console)
    ram = console.ram
    assert (ram[P1.level], ram[P2.level], ram[P1.speed], ram[P2.speed]) == (12, 7, 2, 0)
    assert ram[TOP_SCORE : TOP_SCORE + 6].tolist() == [0, 1, 2, 3, 4, 5]


def test_reset_begins_the_random_numbers_again(console: Console) -> None:
    to_play(console, seed=0x1111)
    press_reset(console)
    assert console.ram[RNG : RNG + 2].tolist() == [0x89, 0x88]


def test_without_the_signature_it_is_a_cold_start(console: Console) -> None:
    to_play(console, level=12)
    console.write(SIGNATURE + 4, 0)
    press_reset(console)
    assert console.read(P1.level) == 0
    assert console.read(PLAYERS) == 1


def test_four_buttons_held_for_long_lead_to_the_title_too(console: Console) -> None:
    to_play(console)
    frames(console, 40, A | B | SELECT | START)
    frames(console, 20)
    assert console.read(MODE) == TITLE
    to_options(console)
    assert console.read(MODE) == OPTIONS
