"""How a level begins: the list of pills and the viruses, against the rules of docs/cartridge.md."""

import hashlib
import random

import pytest

from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import DOWN, LEFT
from cartridge_levels import differences
from cartridge_player import (
    EMPTY,
    FALL,
    FRAME,
    INTRO,
    LATE_FRAMES,
    LOW,
    MED,
    MODE,
    OPTIONS,
    P1,
    P2,
    PLAY,
    RESERVE,
    RNG,
    VIRUSES_ALIVE,
    draw,
    frames,
    next_pill,
    run_until,
    run_until_mode,
    to_level,
    to_options,
    to_play,
)
from cartridge_rules import Stream, start_level, start_unequal

FIELD1, FIELD2 = (slice(pad.field, pad.field + 128) for pad in (P1, P2))


def rng(console: Console) -> int:
    return console.read(RNG) << 8 | console.read(RNG + 1)


def test_the_level_0_that_is_known_holds(console: Console) -> None:
    to_level(console, seed=0x8988, level=0)
    run_until_mode(console, PLAY)
    assert console.ram[RESERVE : RESERVE + 12].tolist() == [3, 5, 8, 3, 0, 1, 0, 7, 2, 0, 3, 0]
    board = console.ram[FIELD1].reshape(16, 8)
    viruses = {(r, c): int(board[r, c]) for r in range(16) for c in range(8) if board[r, c] != 255}
    assert viruses == {(6, 6): 0xD2, (8, 3): 0xD1, (10, 0): 0xD2, (10, 2): 0xD0}
    assert rng(console) == 0x772B


def test_the_level_20_that_is_known_holds(console: Console) -> None:
    to_level(console, seed=0x8988, level=20)
    run_until_mode(console, INTRO)
    adding = 1 + run_until(console, lambda: console.read(P1.viruses_to_add) == 0)
    assert adding - 1 == 85
    assert rng(console) == 0xAC37
    board = console.ram[FIELD1].tobytes()
    assert hashlib.sha1(board).hexdigest().startswith("f768174b5e675faa")


def test_the_random_number_after_level_10_that_is_known_holds(console: Console) -> None:
    to_level(console, seed=0x8988, level=10)
    run_until_mode(console, PLAY)
    assert rng(console) == 0x77F7


def test_levels_are_those_of_the_rules(console: Console) -> None:
    to_level(console)
    before = console.save()
    seeds = random.Random(7).sample(range(2, 1 << 16), 50)
    found = [differences(console, before, seed, index % 25) for index, seed in enumerate(seeds)]
    assert [line for lines in found for line in lines] == []


def test_viruses_are_counted_up_while_they_appear(console: Console) -> None:
    to_level(console, seed=0x1234, level=4)
    run_until_mode(console, INTRO)
    counts = []
    while console.read(MODE) == INTRO:
        ram = console.ram
        counts.append((f"{ram[P1.viruses_left]:x}", int(ram[P1.viruses_to_add])))
        console.frame()
    expected = [(str(count), 20 - count) for count in range(21)]
    assert [pair for at, pair in enumerate(counts) if pair not in counts[:at]] == expected


def test_equal_levels_give_both_players_the_same_viruses(console: Console) -> None:
    to_level(console, seed=0x1234, level=6, players=2)
    run_until_mode(console, PLAY)
    expected = start_level(0x1234, 6)
    ram = console.ram
    assert ram[FIELD1].tolist() == expected.board
    assert ram[FIELD2].tolist() == expected.board
    assert ram[P1.viruses_left] == ram[P2.viruses_left] == 0x28
    assert rng(console) == expected.state


def test_at_unequal_levels_the_players_draw_by_turns(console: Console) -> None:
    to_level(console, seed=0x4321, level=3, level2=12, players=2)
    run_until_mode(console, PLAY)
    first, second = start_unequal(0x4321, 3, 12)
    assert console.ram[FIELD1].tolist() == first
    assert console.ram[FIELD2].tolist() == second
    assert console.read(P1.viruses_left) == 0x16
    assert console.read(P2.viruses_left) == 0x52


def test_viruses_of_each_colour_are_counted(console: Console) -> None:
    to_level(console, seed=0xBEEF, level=9)
    run_until_mode(console, PLAY)
    board = console.ram[FIELD1].tolist()
    counts = [board.count(0xD0 + colour) for colour in range(3)]
    assert console.ram[VIRUSES_ALIVE : VIRUSES_ALIVE + 3].tolist() == counts
    assert sum(counts) == 40


@pytest.mark.parametrize("level2", [5, 9])
def test_viruses_of_two_players_are_counted_together(console: Console, level2: int) -> None:
    to_level(console, seed=0xBEEF, level=5, level2=level2, players=2)
    run_until_mode(console, PLAY)
    boards = [*console.ram[FIELD1].tolist(), *console.ram[FIELD2].tolist()]
    assert console.ram[VIRUSES_ALIVE : VIRUSES_ALIVE + 3].tolist() == [
        boards.count(0xD0 + c) for c in range(3)
    ]


def test_the_first_pill_is_the_second_of_the_list(console: Console) -> None:
    to_play(console, seed=0x8988)
    ram = console.ram
    assert (ram[P1.first_colour], ram[P1.second_colour]) == (5 // 3, 5 % 3)
    assert (ram[P1.next_first_colour], ram[P1.next_second_colour]) == (8 // 3, 8 % 3)
    assert ram[P1.reserve_index] == 3
    assert ram[P1.pill_counter_low] == 0x02
    assert (ram[P1.x], ram[P1.y], ram[P1.rotation]) == (3, 15, 0)


def test_the_list_begins_again_after_its_last_pill(console: Console) -> None:
    to_play(console, seed=0x8988)
    reserve = console.ram[RESERVE : RESERVE + 128].tolist()
    played = []
    for _ in range(129):
        played.append(3 * console.read(P1.first_colour) + console.read(P1.second_colour))
        draw(console, "")
        next_pill(console, buttons1=DOWN)
        run_until(console, lambda: console.read(P1.next_action) == FALL)
    assert played == [*reserve[1:], *reserve[:2]]


@pytest.mark.parametrize(("speed", "throw"), [(LOW, 44), (MED, 22)])
def test_the_intro_takes_its_frames(console: Console, speed: int, throw: int) -> None:
    to_level(console, seed=0x8988, level=0, speed=speed)
    run_until_mode(console, INTRO)
    assert run_until_mode(console, PLAY) == 4 + 128
    seen = run_until(console, lambda: console.read(P1.pill_counter_low) == 2)
    assert seen in ({throw, throw - 1} if speed == LOW else {throw})


def test_the_random_number_steps_once_a_frame_in_options_only(console: Console) -> None:
    before = rng(console)
    frames(console, 40)
    assert rng(console) == before == 0x8988
    to_options(console)
    stream = Stream(rng(console))
    for _ in range(100):
        console.frame()
        stream.step()
        assert rng(console) == stream.state
    assert console.read(MODE) == OPTIONS


def test_the_random_number_stands_still_in_play(console: Console) -> None:
    to_play(console, seed=0x5A5A)
    before = rng(console)
    frames(console, 200, LEFT)
    assert rng(console) == before


def test_memory_below_the_fields_stays_empty(console: Console) -> None:
    to_play(console, seed=0x5A5A, level=20, players=2)
    frames(console, 500, LEFT, DOWN)
    ram = console.ram
    assert set(ram[0x480:0x500].tolist()) == set(ram[0x580:0x600].tolist()) == {EMPTY}


def test_the_main_loop_is_never_late_where_it_does_most(console: Console) -> None:
    to_level(console, seed=0x8988, level=20, level2=19, players=2)
    late = console.read(LATE_FRAMES)
    before = console.read(FRAME)
    frames(console, 400)
    assert console.read(LATE_FRAMES) == late
    assert console.read(FRAME) == (before + 400) % 256
