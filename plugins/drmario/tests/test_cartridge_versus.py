"""Two players: garbage, counter-attacks, rounds, crowns and draws."""

from collections.abc import Callable

import pytest

from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import START
from cartridge_player import (
    ATTACK,
    BLUE,
    EMPTY,
    FALL,
    FINISHED,
    FRAME,
    INIT_LEVEL,
    MODE,
    OPTIONS,
    P1,
    P2,
    PLACED,
    PLAY,
    RED,
    WHO_FAILED,
    WHO_WON,
    YELLOW,
    Pad,
    clear_level,
    draw,
    field,
    fill_bottle,
    frames,
    hold_pill,
    land,
    next_pill,
    parse,
    run_until,
    tap,
    to_play,
)

VICTORIES_REQUIRED = 0x725
TWO_LINES = "Vr Vr Vr .. .. .. .. .. Vb Vb Vb .. .. .. .. .. "
"""An upright pill in column 3, blue below red, makes two lines."""

BOTH = pytest.mark.parametrize(("own", "other"), [(P1, P2), (P2, P1)], ids=["P1", "P2"])


@pytest.fixture
def playing(console: Console) -> Console:
    """Both players' first pills fall over empty fields, as if 80 viruses were somewhere else."""
    to_play(console, players=2)
    for pad in (P1, P2):
        draw(console, "", pad)
        console.write(pad.viruses_left, 0x80)
    return console


def receive(console: Console, size: int, own: Pad, other: Pad) -> int:
    """Let a pill land while an attack waits; the frame counter when the garbage arrived."""
    console.write(other.attack_size, size)
    console.write(other.attack_colours, RED, BLUE, YELLOW, RED)
    hold_pill(console, x=6, y=0, colours=(YELLOW, BLUE), pad=own)
    land(console, own)
    run_until(console, lambda: console.read(own.next_action) != PLACED)
    console.frame()
    return console.read(FRAME)


@BOTH
def test_without_garbage_the_next_pill_comes_after_8_frames(
    playing: Console, own: Pad, other: Pad
) -> None:
    hold_pill(playing, y=0, pad=own)
    land(playing, own)
    assert next_pill(playing, own) == 16 + 8
    playing.frame()
    assert playing.read(own.next_action) == FALL


@BOTH
def test_two_lines_are_an_attack_of_two(playing: Console, own: Pad, other: Pad) -> None:
    draw(playing, TWO_LINES, own)
    hold_pill(playing, x=3, y=0, rotation=1, colours=(BLUE, RED), pad=own)
    land(playing, own)
    run_until(playing, lambda: playing.read(own.next_action) != PLACED)
    assert playing.read(own.attack_size) == 0
    playing.frame()
    assert playing.read(own.attack_size) == 2
    assert playing.read(own.combo) == 0
    assert playing.ram[own.attack_colours : own.attack_colours + 2].tolist() == [RED, BLUE]


def test_one_line_is_no_attack(playing: Console) -> None:
    draw(playing, "Vr Vr Vr .. .. .. .. .. ")
    hold_pill(playing, x=3, y=0, colours=(RED, BLUE))
    land(playing)
    next_pill(playing)
    assert playing.read(P1.attack_size) == 0
    assert playing.read(P1.viruses_left) == 0x77


def test_attacks_that_wait_add_up(playing: Console) -> None:
    playing.write(P2.drop_counter, 0)
    playing.write(P1.attack_size, 3)
    draw(playing, TWO_LINES)
    hold_pill(playing, x=3, y=0, rotation=1, colours=(BLUE, RED))
    land(playing)
    run_until(playing, lambda: playing.read(P1.attack_size) != 3, limit=70)
    assert playing.read(P1.attack_size) == 5


@BOTH
@pytest.mark.parametrize("phase", range(4))
@pytest.mark.parametrize(
    ("size", "pieces", "apart", "phases"), [(2, 2, 4, 4), (3, 3, 2, 4), (4, 4, 2, 2), (5, 4, 2, 2)]
)
def test_garbage(
    playing: Console,
    own: Pad,
    other: Pad,
    phase: int,
    size: int,
    pieces: int,
    apart: int,
    phases: int,
) -> None:
    run_until(playing, lambda: playing.read(FRAME) % 4 == phase)
    first = receive(playing, size, own, other) % phases
    expected = [EMPTY] * 8
    for piece, colour in zip(range(pieces), (RED, BLUE, YELLOW, RED), strict=False):
        expected[first + apart * piece] = 0x80 | colour
    assert field(playing, own)[:8] == expected
    assert playing.read(other.attack_size) == 0
    assert playing.read(own.next_action) == PLACED


def test_an_attack_of_one_never_arrives(playing: Console) -> None:
    receive(playing, 1, P1, P2)
    assert playing.read(P2.attack_size) == 1
    assert field(playing)[:8] == [EMPTY] * 8


def test_garbage_overwrites_the_top_row(playing: Console) -> None:
    draw(playing, "Vr Vb Vr Vb Vr Vb Vr Vb " + ".. " * 120)
    first = receive(playing, 2, P1, P2) % 4
    expected = parse("Vr Vb Vr Vb Vr Vb Vr Vb " + ".. " * 120)[:8]
    expected[first], expected[first + 4] = 0x81, 0x82
    assert field(playing)[:8] == expected


def test_garbage_falls_a_row_in_16_frames_before_the_next_pill(playing: Console) -> None:
    receive(playing, 2, P1, P2)
    # From row 0 to the floor: a first check after 4 frames, then one every 16.
    assert next_pill(playing) == 4 + 15 * 16 + 8
    assert [cell for cell in field(playing)[:112] if cell != EMPTY] == []


def receive_at(console: Console, column: int, colours: tuple[int, int]) -> None:
    """Let two pieces fall on player 1 from a column and from four columns further right."""
    console.write(P2.attack_size, 2)
    console.write(P2.attack_colours, *colours)
    hold_pill(console, x=7, y=0, rotation=1, colours=(YELLOW, BLUE))
    land(console)
    run_until(console, lambda: console.read(P1.next_action) == ATTACK)
    console.write(FRAME, 4 + column - 1)
    console.frame()
    assert field(console)[column] == 0x80 | colours[0]
    assert field(console)[column + 4] == 0x80 | colours[1]


def test_a_line_made_by_garbage_counts_for_who_receives_it(playing: Console) -> None:
    draw(playing, "Vr Vr Vr .. .. .. .. .. ")
    receive_at(playing, 3, (RED, BLUE))
    next_pill(playing)
    assert playing.read(P1.viruses_left) == 0x77
    assert playing.read(P2.viruses_left) == 0x80
    assert playing.read(P1.attack_size) == 0


def test_two_lines_made_by_garbage_strike_back(playing: Console) -> None:
    draw(playing, "Vb .. .. .. .. .. .. .. Vb .. .. .. Vr .. .. .. Vb .. .. .. Vr .. .. .. ")
    playing.write(P1.field + 108, 0xD1)
    receive_at(playing, 0, (BLUE, RED))
    run_until(playing, lambda: playing.read(P1.next_action) == ATTACK)
    playing.frame()
    assert playing.read(P1.attack_size) == 2
    assert playing.read(P1.next_action) != PLACED
    assert playing.ram[P1.attack_colours : P1.attack_colours + 2].tolist() == [BLUE, RED]
    assert playing.read(P1.viruses_left) == 0x74


def test_garbage_that_arrives_with_a_new_attack_goes_first(playing: Console) -> None:
    playing.write(P2.attack_size, 3)
    playing.write(P2.attack_colours, RED, BLUE, YELLOW)
    draw(playing, TWO_LINES)
    hold_pill(playing, x=3, y=0, rotation=1, colours=(BLUE, RED))
    land(playing)
    run_until(playing, lambda: playing.read(P1.attack_size) == 2)
    assert playing.read(P1.next_action) == PLACED
    assert playing.read(P2.attack_size) == 0
    assert sum(cell != EMPTY for cell in field(playing)[:8]) == 3


def test_a_half_whose_place_garbage_took_falls_alone(playing: Console) -> None:
    draw(playing, "Ly Rr .. .. .. .. .. .. .. Vb .. .. .. .. .. .. " + ".. " * 112)
    receive_at(playing, 0, (RED, BLUE))
    next_pill(playing)
    cells = field(playing)
    assert cells[1] == 0x71
    assert cells[120] == 0x81


def crowns(console: Console) -> list[int]:
    return [console.read(P1.victories), console.read(P2.victories)]


def start_round(console: Console) -> None:
    """Press Start until the next round begins."""
    console.frame(START)
    console.frame()
    run_until(console, lambda: console.read(MODE) == PLAY and console.read(P1.next_action) == FALL)


@pytest.mark.parametrize(("pad", "expected", "who"), [(P1, [1, 0], 1), (P2, [0, 1], 2)])
def test_clearing_wins_a_round(playing: Console, pad: Pad, expected: list[int], who: int) -> None:
    clear_level(playing, pad)
    assert playing.read(MODE) == PLAY
    assert crowns(playing) == expected
    assert playing.read(WHO_WON) == who
    frames(playing, 70)
    assert playing.read(MODE) == PLAY
    playing.frame(START)
    assert playing.read(MODE) == INIT_LEVEL
    playing.frame()
    run_until(playing, lambda: playing.read(MODE) == PLAY)
    assert crowns(playing) == expected
    assert playing.read(P1.viruses_left) == 0x04


@pytest.mark.parametrize(("pad", "expected", "who"), [(P1, [0, 1], 2), (P2, [1, 0], 1)])
def test_a_full_bottle_loses_a_round(
    playing: Console, pad: Pad, expected: list[int], who: int
) -> None:
    fill_bottle(playing, pad)
    assert playing.read(pad.level_fail) == 1
    playing.frame()
    assert playing.read(MODE) == FINISHED
    assert crowns(playing) == expected
    assert playing.read(WHO_WON) == who
    assert playing.read(WHO_FAILED) == 3 - who
    frames(playing, 70)
    playing.frame(START)
    assert playing.read(MODE) == INIT_LEVEL
    start_round(playing)
    assert playing.read(pad.level_fail) == 0


def test_both_clearing_in_one_frame_is_a_draw_with_two_crowns(playing: Console) -> None:
    clear_level(playing, P1, P2)
    assert crowns(playing) == [1, 1]
    assert playing.read(WHO_WON) == 0
    frames(playing, 70)
    start_round(playing)
    assert crowns(playing) == [1, 1]


def test_both_full_in_one_frame_is_a_draw_without_crowns(playing: Console) -> None:
    fill_bottle(playing, P1, P2)
    playing.frame()
    assert crowns(playing) == [0, 0]
    assert (playing.read(WHO_WON), playing.read(WHO_FAILED)) == (0, 0)
    frames(playing, 70)
    start_round(playing)
    assert crowns(playing) == [0, 0]


@pytest.mark.parametrize(("pad", "who"), [(P1, 1), (P2, 2)])
def test_three_crowns_win_the_match(playing: Console, pad: Pad, who: int) -> None:
    for _ in range(2):
        clear_level(playing, pad)
        frames(playing, 70)
        start_round(playing)
    clear_level(playing, pad)
    frames(playing, 70)
    assert playing.read(MODE) == FINISHED
    assert playing.read(WHO_WON) == who
    assert sorted(crowns(playing)) == [0, 3]
    playing.frame(START)
    frames(playing, 10)
    assert playing.read(MODE) == OPTIONS


def test_another_number_of_crowns_may_be_required(playing: Console) -> None:
    playing.write(VICTORIES_REQUIRED, 1)
    clear_level(playing, P2)
    frames(playing, 70)
    assert (playing.read(MODE), crowns(playing)) == (FINISHED, [0, 1])


@pytest.mark.parametrize("end", [clear_level, fill_bottle])
def test_only_player_1_begins_the_next_round(
    playing: Console, end: Callable[[Console, Pad], None]
) -> None:
    end(playing, P1)
    frames(playing, 70)
    for _ in range(5):
        tap(playing, 0, START)
    assert playing.read(MODE) in (PLAY, FINISHED)
    playing.frame(START)
    assert playing.read(MODE) == INIT_LEVEL


def test_the_third_crown_may_come_from_a_full_bottle(playing: Console) -> None:
    playing.write(P1.victories, 2)
    fill_bottle(playing, P2)
    playing.frame()
    assert crowns(playing) == [3, 0]
    frames(playing, 70)
    assert playing.read(MODE) == FINISHED
    playing.frame(START)
    frames(playing, 10)
    assert playing.read(MODE) == OPTIONS


def test_player_1_wins_when_both_have_the_third_crown(playing: Console) -> None:
    playing.write(P1.victories, 2)
    playing.write(P2.victories, 2)
    clear_level(playing, P1, P2)
    assert crowns(playing) == [3, 3]
    assert playing.read(WHO_WON) == 1
    frames(playing, 70)
    assert playing.read(MODE) == FINISHED


def test_clearing_wins_over_a_full_bottle_in_the_same_frame(playing: Console) -> None:
    draw(playing, "Vr Vr Vr .. .. .. .. .. ")
    playing.write(P1.viruses_left, 3)
    hold_pill(playing, x=3, y=0, colours=(RED, BLUE))
    land(playing)
    run_until(playing, lambda: playing.read(P1.placed_step) == 5)
    playing.write(P2.level_fail, 1)
    playing.frame()
    assert crowns(playing) == [1, 0]
    assert (playing.read(MODE), playing.read(WHO_WON)) == (PLAY, 1)
    frames(playing, 70)
    playing.frame(START)
    assert playing.read(MODE) == INIT_LEVEL
    assert crowns(playing) == [1, 0]
