"""A falling pill: gravity frame by frame, soft drop, sideways with its repeat, landing."""

import pytest

from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, UP
from cartridge_player import (
    BLUE,
    EMPTY,
    FALL,
    FRAME,
    HI,
    LOW,
    MED,
    P1,
    PLACED,
    RED,
    YELLOW,
    draw,
    field,
    frames,
    hold_pill,
    next_pill,
    parse,
    pill,
    run_until,
    to_play,
)

DEBUG_NO_SPEED_UP, DEBUG_NO_FALL = 0x723, 0x724
COMMON = [14, 13, 12, 11, 10, 10, 9, 9, 8, 8, 7, 7] + [6] * 12 + [5] * 5 + [4] * 5
FRAMES_A_ROW = {
    LOW: [40, 38, 36, 34, 32, 30, 28, 26, 24, 22, 20, 19, 18, 17, 16, 15, *COMMON],
    MED: [20, 19, 18, 17, 16, 15, *COMMON] + [3] * 5 + [2] * 5,
    HI: [*COMMON] + [3] * 5 + [2] * 10 + [1],
}
"""Frames from row to row after 0 to 49 speed-ups, as docs/cartridge.md lists them."""


def frames_to_next_row(console: Console, buttons: int = 0) -> int:
    row = console.read(P1.y)
    return run_until(console, lambda: console.read(P1.y) != row, buttons1=buttons)


@pytest.mark.parametrize("speed", [LOW, MED, HI])
def test_gravity_takes_its_frames_after_every_speed_up(playing: Console, speed: int) -> None:
    found = []
    for speed_ups in range(50):
        hold_pill(playing)
        playing.write(P1.speed, speed)
        playing.write(P1.speedups, speed_ups)
        first, second = frames_to_next_row(playing), frames_to_next_row(playing)
        assert first == second
        found.append(first)
    assert found == FRAMES_A_ROW[speed]


def test_the_first_row_of_a_new_pill_takes_its_frames(console: Console) -> None:
    to_play(console, speed=MED)
    assert frames_to_next_row(console) == 20


def test_every_tenth_pill_speeds_up(playing: Console) -> None:
    seen = {}
    for _ in range(41):
        seen[playing.read(P1.pill_counter_low)] = playing.read(P1.speedups)
        draw(playing, "")
        next_pill(playing, buttons1=DOWN)
        run_until(playing, lambda: playing.read(P1.next_action) == FALL)
    assert seen == {int(str(count), 16): count // 10 for count in range(2, 43)}


def test_speed_ups_end_at_49(playing: Console) -> None:
    playing.write(P1.speedups, 49)
    playing.write(P1.pill_counter_low, 0x99, 0x09)
    run_until(playing, lambda: playing.read(P1.pill_counter_low) != 0x99, buttons1=DOWN)
    assert (playing.read(P1.pill_counter_low + 1), playing.read(P1.pill_counter_low)) == (
        0x10,
        0x00,
    )
    assert playing.read(P1.speedups) == 49


def test_speed_ups_can_be_switched_off(playing: Console) -> None:
    playing.write(DEBUG_NO_SPEED_UP, 1)
    playing.write(P1.pill_counter_low, 0x09)
    next_pill(playing, buttons1=DOWN)
    assert (playing.read(P1.pill_counter_low), playing.read(P1.speedups)) == (0x10, 0)


def test_gravity_can_be_switched_off_and_down_still_drops(playing: Console) -> None:
    hold_pill(playing)
    playing.write(DEBUG_NO_FALL, 1)
    frames(playing, 100)
    assert playing.read(P1.y) == 15
    assert frames_to_next_row(playing, DOWN) <= 2


def test_down_drops_a_row_in_odd_frames(playing: Console) -> None:
    hold_pill(playing)
    for _ in range(20):
        row = playing.read(P1.y)
        playing.frame(DOWN)
        assert row - playing.read(P1.y) == playing.read(FRAME) % 2


@pytest.mark.parametrize("other", [LEFT, RIGHT, UP])
def test_down_with_another_direction_does_not_drop(playing: Console, other: int) -> None:
    hold_pill(playing)
    assert frames_to_next_row(playing, DOWN | other) == 20


def test_down_starts_the_counter_again(playing: Console) -> None:
    hold_pill(playing)
    frames(playing, 10)
    frames_to_next_row(playing, DOWN)
    assert frames_to_next_row(playing) == 20


def test_gravity_goes_on_counting_between_soft_drops(playing: Console) -> None:
    hold_pill(playing)
    playing.write(P1.speed, HI)
    playing.write(P1.speedups, 49)
    for _ in range(6):
        row = playing.read(P1.y)
        playing.frame(DOWN)
        assert row - playing.read(P1.y) == 1


@pytest.mark.parametrize(("button", "sign"), [(LEFT, -1), (RIGHT, 1)])
def test_a_held_direction_repeats_after_16_frames_and_every_6(
    playing: Console, button: int, sign: int
) -> None:
    hold_pill(playing, x=3)
    playing.write(P1.speed, LOW)
    moved = []
    for count in range(40):
        column = playing.read(P1.x)
        playing.frame(button)
        if playing.read(P1.x) != column:
            assert playing.read(P1.x) == column + sign
            moved.append(count)
    assert moved == [0, 16, 22]


def test_every_press_moves(playing: Console) -> None:
    hold_pill(playing, x=0)
    for column in range(1, 7):
        playing.frame(RIGHT)
        playing.frame()
        assert playing.read(P1.x) == column


def test_a_blocked_pill_tries_again_in_every_frame(playing: Console) -> None:
    draw(playing, ".. .. Vr .. .. .. .. .. " * 2 + ".. .. .. .. .. .. .. .. " * 8)
    hold_pill(playing, x=3, y=8)
    frames(playing, 5, LEFT)
    assert pill(playing)[0] == 3
    run_until(playing, lambda: playing.read(P1.y) == 7, buttons1=LEFT)
    # Gravity comes before the sideways step: the frame that frees the way is the one that moves.
    assert pill(playing)[0] == 2


def test_the_counter_of_a_blocked_pill_stands_at_15(playing: Console) -> None:
    hold_pill(playing, x=0)
    playing.frame(LEFT)
    assert playing.read(P1.das_counter) == 15
    frames(playing, 3, LEFT)
    assert playing.read(P1.das_counter) == 15


def test_a_charged_direction_stays_charged_for_the_next_pill(playing: Console) -> None:
    hold_pill(playing, x=0, y=0)
    frames(playing, 3, LEFT)
    run_until(playing, lambda: playing.read(P1.next_action) == PLACED, buttons1=LEFT)
    run_until(playing, lambda: playing.read(P1.next_action) == FALL, buttons1=LEFT)
    assert pill(playing)[0] == 3
    playing.frame(LEFT)
    assert pill(playing)[0] == 2


def test_left_and_right_together_do_both(playing: Console) -> None:
    hold_pill(playing, x=3)
    playing.frame(LEFT | RIGHT)
    assert pill(playing)[0] == 3
    draw(playing, ".. .. .. .. .. Vr .. .. " * 16)
    hold_pill(playing, x=3)
    playing.frame()
    playing.frame(LEFT | RIGHT)
    assert pill(playing)[0] == 2


@pytest.mark.parametrize(("rotation", "right"), [(0, 6), (1, 7), (2, 6), (3, 7)])
def test_the_walls(playing: Console, rotation: int, right: int) -> None:
    hold_pill(playing, rotation=rotation)
    playing.write(P1.speed, LOW)
    for button, column in ((LEFT, 0), (RIGHT, right)):
        for _ in range(9):
            playing.frame(button)
            playing.frame()
            playing.write(P1.drop_counter, 0)
        assert playing.read(P1.x) == column


@pytest.mark.parametrize(
    ("rotation", "landed"),
    [
        (0, ".. .. .. Ly Rr .. .. .."),
        (1, ".. .. .. Tr .. .. .. .. .. .. .. My .. .. .. .."),
        (2, ".. .. .. Lr Ry .. .. .."),
        (3, ".. .. .. Ty .. .. .. .. .. .. .. Mr .. .. .. .."),
    ],
)
def test_a_pill_lands_as_its_two_halves(playing: Console, rotation: int, landed: str) -> None:
    hold_pill(playing, y=0, rotation=rotation, colours=(YELLOW, RED))
    assert run_until(playing, lambda: playing.read(P1.next_action) == PLACED) == 20
    assert field(playing) == parse(landed)


def test_a_pill_rests_on_what_is_below_either_half(playing: Console) -> None:
    draw(playing, ".. .. .. .. Vb .. .. .. " + ".. .. .. .. .. .. .. .. " * 4)
    hold_pill(playing, y=5, colours=(BLUE, RED))
    run_until(playing, lambda: playing.read(P1.next_action) == PLACED)
    assert field(playing)[80:96] == parse(".. .. .. Lb Rr .. .. .. .. .. .. .. Vb .. .. ..")[-16:]


def test_an_upright_pill_on_the_top_row_keeps_its_lower_half(playing: Console) -> None:
    draw(playing, ".. .. Vr .. .. .. .. .. " * 15)
    hold_pill(playing, x=2, y=15, rotation=1, colours=(BLUE, RED))
    run_until(playing, lambda: playing.read(P1.next_action) == PLACED)
    assert field(playing)[:8] == parse(".. .. Sb .. .. .. .. ..")[-8:]
    assert set(playing.ram[0x480:0x500].tolist()) == {EMPTY}


def test_a_pill_that_lands_is_not_moved_in_that_frame(playing: Console) -> None:
    hold_pill(playing, x=3, y=0)
    playing.write(P1.drop_counter, 19)
    playing.frame(LEFT)
    assert playing.read(P1.next_action) == PLACED
    assert playing.read(P1.x) == 3
