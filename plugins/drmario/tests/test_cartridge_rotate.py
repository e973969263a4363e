"""Turning a pill: both ways, the kick off the wall, double left, the top row."""

import pytest

from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import LEFT, RIGHT, A, B
from cartridge_player import HELD1, P1, draw, hold_pill, pill

ROOM = ".. .. .. .. .. .. .. .. "


def test_a_turns_clockwise_and_b_the_other_way(playing: Console) -> None:
    hold_pill(playing)
    for rotation in (3, 2, 1, 0):
        playing.frame(A)
        playing.frame()
        assert playing.read(P1.rotation) == rotation
    for rotation in (1, 2, 3, 0):
        playing.frame(B)
        playing.frame()
        assert playing.read(P1.rotation) == rotation


def test_a_held_button_turns_once(playing: Console) -> None:
    hold_pill(playing)
    for _ in range(10):
        playing.frame(A)
    assert playing.read(P1.rotation) == 3


def test_a_and_b_in_one_frame_do_both(playing: Console) -> None:
    hold_pill(playing, y=10)
    playing.frame(A | B)
    assert pill(playing) == (3, 10, 0)


@pytest.mark.parametrize(
    ("row", "x", "rotation", "button", "expected"),
    [
        pytest.param(ROOM, 7, 1, A, (6, 10, 0), id="right wall: one to the left"),
        pytest.param(".. .. .. .. Vr .. .. .. ", 3, 1, B, (2, 10, 2), id="virus: one to the left"),
        pytest.param(".. .. Vr .. Vr .. .. .. ", 3, 1, B, (3, 10, 1), id="two viruses: none"),
        pytest.param(
            "Vr .. Vr .. .. .. .. .. ", 1, 3, A, (1, 10, 3), id="room at the right only: none"
        ),
        pytest.param("Vr .. .. .. .. .. .. .. ", 1, 3, A, (1, 10, 2), id="room: none"),
    ],
)
def test_an_upright_pill_that_lies_down_is_kicked_to_the_left_only(
    playing: Console, row: str, x: int, rotation: int, button: int, expected: tuple[int, int, int]
) -> None:
    draw(playing, row + ROOM * 10)
    hold_pill(playing, x=x, y=10, rotation=rotation)
    playing.frame(button)
    assert pill(playing) == expected


def test_nothing_helps_a_pill_to_stand_up(playing: Console) -> None:
    draw(playing, ".. .. .. Vr .. .. .. .. " + ROOM * 11)
    hold_pill(playing, x=3, y=10, rotation=0)
    playing.frame(A)
    assert pill(playing) == (3, 10, 0)
    playing.frame()
    playing.frame(B)
    assert pill(playing) == (3, 10, 0)


def test_a_pill_stands_up_on_the_floor(playing: Console) -> None:
    hold_pill(playing, x=3, y=0)
    playing.frame(A)
    assert pill(playing) == (3, 0, 3)


def test_above_the_top_row_is_room_to_stand_up(playing: Console) -> None:
    draw(playing, (".. .. .. .. .. Vr Vr .. " + ROOM) + ROOM * 14)
    hold_pill(playing, x=3, y=15)
    playing.frame(B)
    assert pill(playing) == (3, 15, 1)


def test_lying_down_with_left_held_goes_one_further(playing: Console) -> None:
    hold_pill(playing, x=4, y=10, rotation=1)
    playing.write(P1.das_counter, 0)
    playing.frame(LEFT)
    assert pill(playing)[0] == 3
    playing.frame(LEFT | A)
    assert pill(playing) == (2, 10, 0)


def test_double_left_needs_room(playing: Console) -> None:
    draw(playing, ".. .. Vr .. .. .. .. .. " + ROOM * 10)
    hold_pill(playing, x=3, y=10, rotation=1)
    playing.frame(LEFT)
    playing.frame(LEFT | A)
    assert pill(playing) == (3, 10, 0)


def test_a_kicked_pill_does_not_go_double_left(playing: Console) -> None:
    draw(playing, ".. .. .. .. Vr .. .. .. " + ROOM * 10)
    hold_pill(playing, x=4, y=10, rotation=1)
    draw(playing, ".. .. .. .. .. Vr .. .. " + ROOM * 10)
    playing.write(P1.das_counter, 0)
    playing.write(HELD1, LEFT)
    playing.frame(LEFT | A)
    assert pill(playing) == (3, 10, 0)


def test_standing_up_with_left_held_stays(playing: Console) -> None:
    hold_pill(playing, x=4, y=10, rotation=0)
    playing.write(HELD1, LEFT)
    playing.write(P1.das_counter, 0)
    playing.frame(LEFT | A)
    assert pill(playing) == (4, 10, 3)


def test_right_held_changes_nothing_in_a_turn(playing: Console) -> None:
    hold_pill(playing, x=4, y=10, rotation=1)
    playing.write(HELD1, RIGHT)
    playing.write(P1.das_counter, 0)
    playing.frame(RIGHT | A)
    assert pill(playing) == (4, 10, 0)


def test_a_step_comes_before_a_turn(playing: Console) -> None:
    draw(playing, ".. .. .. .. Vr .. .. .. " + ROOM * 10)
    hold_pill(playing, x=5, y=11, rotation=1)
    playing.write(P1.drop_counter, 19)
    playing.frame(RIGHT | A)
    assert pill(playing) == (6, 10, 0)
