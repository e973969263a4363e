"""How a level and a game of one player end."""

from collections.abc import Callable

import pytest

from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import START, A
from cartridge_player import (
    FAILED,
    FALL,
    FINISHED,
    HI,
    INTRO,
    LOW,
    MED,
    MODE,
    OPTIONS,
    P1,
    P2,
    PLAY,
    RESERVE,
    RNG,
    SCORE,
    WHO_WON,
    clear_level,
    field,
    fill_bottle,
    frames,
    run_until,
    run_until_mode,
    tap,
    to_play,
)
from cartridge_rules import start_level


def test_a_cleared_level_is_won_in_mode_4(console: Console) -> None:
    to_play(console)
    clear_level(console)
    assert console.read(MODE) == PLAY
    assert console.read(WHO_WON) == 1
    assert console.read(P1.victories) == 1
    assert console.read(P1.level) == 0


def test_the_next_level_waits_64_frames_and_for_start(console: Console) -> None:
    to_play(console, seed=0x2468, level=3)
    clear_level(console)
    stream = console.read(RNG) << 8 | console.read(RNG + 1)
    board = field(console)
    frames(console, 63, START)
    assert field(console) == board
    console.frame()
    assert field(console) != board
    assert console.read(P1.level) == 4
    frames(console, 300, A)
    assert console.read(MODE) == PLAY
    tap(console, START)
    run_until_mode(console, PLAY)
    expected = start_level(stream, 4)
    assert field(console) == expected.board
    assert console.ram[RESERVE : RESERVE + 128].tolist() == expected.reserve


def test_the_next_level_begins_with_a_new_count_of_pills(console: Console) -> None:
    to_play(console, speed=HI)
    console.write(P1.speedups, 7)
    console.write(P1.pill_counter_low, 0x75, 0x01)
    clear_level(console)
    score = console.ram[SCORE : SCORE + 6].tolist()
    frames(console, 70)
    tap(console, START)
    run_until(console, lambda: console.read(MODE) == PLAY and console.read(P1.next_action) == FALL)
    assert console.ram[P1.pill_counter_low : P1.pill_counter_low + 2].tolist() == [2, 0]
    assert console.read(P1.speedups) == 0
    assert console.read(P1.speed) == HI
    assert console.ram[SCORE : SCORE + 6].tolist() == score


BOX_TILES = {*range(0x8B, 0x90), *range(0xED, 0xF0), 0xFE}


@pytest.mark.parametrize(
    ("end", "players", "first"),
    [(clear_level, 1, 0x08), (fill_bottle, 1, 0x10), (fill_bottle, 2, 0x28)],
    ids=["LEVEL CLEAR", "GAME OVER", "DRAW"],
)
def test_messages_lie_in_the_field(
    console: Console, end: Callable[..., None], players: int, first: int
) -> None:
    to_play(console, players=players)
    pads = (P1, P2)[:players]
    end(console, *pads)
    frames(console, 64 + 128 + 8)
    for pad in pads:
        cells = console.ram[pad.field : pad.field + 128].tolist()
        frame = [at for at, cell in enumerate(cells) if cell in BOX_TILES]
        assert frame[0] == first
        inside = cells[first : frame[-1] + 1]
        assert set(inside) <= BOX_TILES | set(range(0x0A, 0x24))
        assert len(set(inside) - BOX_TILES) >= 4


def test_level_24_repeats(console: Console) -> None:
    to_play(console, level=23)
    for expected in (24, 24):
        clear_level(console)
        frames(console, 70)
        assert console.read(P1.level) == expected
        tap(console, START)
        run_until(
            console, lambda: console.read(MODE) == PLAY and console.read(P1.next_action) == FALL
        )
        assert console.read(P1.viruses_left) == 0x84
    assert console.read(0x728) == 4


@pytest.mark.parametrize(
    ("level", "speed", "presses"),
    [(4, MED, 1), (5, MED, 2), (10, HI, 2), (15, MED, 2), (5, LOW, 1), (20, LOW, 2), (20, HI, 2)],
)
def test_a_landmark_asks_for_start_twice(
    console: Console, level: int, speed: int, presses: int
) -> None:
    to_play(console, level=level, speed=speed)
    clear_level(console)
    frames(console, 70)
    for _ in range(presses):
        assert console.read(MODE) == PLAY
        tap(console, START)
        frames(console, 3)
    assert console.read(MODE) == INTRO


def test_a_pill_without_room_is_put_there_all_the_same(console: Console) -> None:
    to_play(console, seed=0x8988)
    fill_bottle(console)
    colours = console.read(P1.first_colour), console.read(P1.second_colour)
    assert field(console)[3:5] == [0x60 | colours[0], 0x70 | colours[1]]
    assert console.read(MODE) == FAILED
    console.frame()
    assert console.read(MODE) == FINISHED


def test_a_lost_game_waits_for_start_and_leads_to_the_options(console: Console) -> None:
    to_play(console, level=6)
    fill_bottle(console)
    console.frame()
    board = field(console)
    frames(console, 64 + 128, START)
    assert field(console) == board
    console.frame()
    assert field(console) != board
    frames(console, 300)
    assert console.read(MODE) == FINISHED
    tap(console, START)
    frames(console, 10)
    assert console.read(MODE) == OPTIONS
    assert console.read(P1.level) == 6


@pytest.mark.parametrize(("cleared", "who"), [(0, 2), (2, 2), (3, 1)])
def test_a_lost_game_counts_as_won_after_three_levels(
    console: Console, cleared: int, who: int
) -> None:
    to_play(console)
    console.write(P1.victories, cleared)
    fill_bottle(console)
    frames(console, 3)
    assert console.read(WHO_WON) == who


def test_a_level_above_20_is_20_again_in_the_options(console: Console) -> None:
    to_play(console, level=22)
    fill_bottle(console)
    frames(console, 200)
    tap(console, START)
    frames(console, 10)
    assert console.read(P1.level) == 20
