"""A simulated pill as it falls: gravity, soft drop, DAS, turns, and where it comes to rest."""

import numpy as np
import pytest

from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, UP, A, B
from arcade_rl_drmario.simulator import Simulator
from cartridge_player import BLUE, HI, LOW, MED, RED, YELLOW
from simulated_games import falling

COMMON = [14, 13, 12, 11, 10, 10, 9, 9, 8, 8, 7, 7] + [6] * 12 + [5] * 5 + [4] * 5
FRAMES_A_ROW = {
    LOW: [40, 38, 36, 34, 32, 30, 28, 26, 24, 22, 20, 19, 18, 17, 16, 15, *COMMON],
    MED: [20, 19, 18, 17, 16, 15, *COMMON] + [3] * 5 + [2] * 5,
    HI: [*COMMON] + [3] * 5 + [2] * 10 + [1],
}
"""Frames from row to row after 0 to 49 speed-ups, as docs/cartridge.md lists them."""


def pill(simulator: Simulator) -> tuple[int, int, int]:
    """Column, row from the bottom, rotation."""
    player = simulator.state[0]["players"][0]
    return int(player["x"]), int(player["y"]), int(player["rotation"])


def press(simulator: Simulator, *buttons: int) -> Simulator:
    """One frame each."""
    for held in buttons:
        simulator.frame([held])
    return simulator


def columns(simulator: Simulator, *buttons: int) -> list[int]:
    """The pill's column after every frame."""
    found = []
    for held in buttons:
        simulator.frame([held])
        found.append(pill(simulator)[0])
    return found


@pytest.mark.parametrize("speed", [LOW, MED, HI])
def test_gravity_takes_its_frames_after_every_speed_up(speed: int) -> None:
    for speedups, frames in enumerate(FRAMES_A_ROW[speed]):
        simulator = falling(speed=speed)
        simulator.state["players"]["speedups"] = speedups
        for row in (14, 13, 12):
            press(simulator, *[0] * (frames - 1))
            assert pill(simulator)[1] == row + 1
            press(simulator, 0)
            assert pill(simulator)[1] == row


def test_every_tenth_pill_of_the_preview_speeds_up() -> None:
    simulator = Simulator(1)
    simulator.reset(None, 0x8988, 0, MED)
    for pill_number in range(1, 45):
        simulator.run()
        player = simulator.state[0]["players"][0]
        assert player["pill_counter_low"] == int(str(pill_number + 1), 16)
        assert player["speedups"] == (pill_number + 1) // 10
        simulator.place([15 * 8])
        simulator.state["field"] = 0xFF


def test_speedups_end_at_49_and_the_counter_has_hundreds() -> None:
    simulator = Simulator(1)
    simulator.reset(None, 0x8988, 0, MED)
    player = simulator.state[0]["players"][0]
    player["pill_counter_low"], player["pill_counter_high"], player["speedups"] = 0x99, 0x09, 49
    simulator.run()
    assert (player["pill_counter_low"], player["pill_counter_high"]) == (0x00, 0x10)
    assert player["speedups"] == 49


def test_down_drops_a_row_in_odd_frames_and_starts_the_counter_again() -> None:
    simulator = falling(frame_counter=0)
    rows = []
    for _ in range(6):
        press(simulator, DOWN)
        rows.append(pill(simulator)[1])
    assert rows == [14, 14, 13, 13, 12, 12]
    assert simulator.state[0]["players"][0]["drop_counter"] == 1


@pytest.mark.parametrize("held", [DOWN | LEFT, DOWN | RIGHT, DOWN | UP])
def test_down_with_another_direction_is_no_soft_drop(held: int) -> None:
    assert pill(press(falling(), held, held, held))[1] == 15


def test_down_with_a_turn_is_a_soft_drop() -> None:
    assert pill(press(falling(), DOWN | A)) == (3, 14, 3)


@pytest.mark.parametrize(("held", "way"), [(LEFT, -1), (RIGHT, 1)])
def test_a_held_direction_moves_at_once_after_16_frames_and_every_6(held: int, way: int) -> None:
    simulator = falling(x=3, speed=LOW)
    found = columns(simulator, *[held] * 29)
    before = [3, *found]
    moved = [frame for frame in range(29) if found[frame] != before[frame]]
    # Three columns lie on either side.
    assert moved == [0, 16, 22]
    assert found[-1] == 3 + 3 * way


def test_a_blocked_pill_tries_again_in_every_frame() -> None:
    wall = "Vy .. .. .. .. .. .. .. " * 6
    simulator = falling(wall, x=1, y=6, speed=MED)
    simulator.state["players"]["y"] = 5
    columns(simulator, LEFT, LEFT)
    assert simulator.state[0]["players"][0]["das_counter"] == 15
    simulator.state["field"][0, 0, :, 0] = 0xFF
    assert columns(simulator, LEFT) == [0]
    assert simulator.state[0]["players"][0]["das_counter"] == 10


def test_the_das_counter_survives_between_pills() -> None:
    simulator = falling()
    simulator.state["players"]["das_counter"] = 15
    simulator.state["held"] = LEFT
    assert columns(simulator, LEFT) == [2]


def test_a_press_counts_where_the_frame_before_was_without() -> None:
    assert columns(falling(), LEFT, LEFT, 0, LEFT, RIGHT, LEFT) == [2, 2, 2, 1, 2, 1]


def test_left_and_right_together_both_move_the_right_one_first() -> None:
    assert columns(falling(x=3), LEFT | RIGHT) == [3]
    assert columns(falling(x=6), LEFT | RIGHT) == [5]
    assert columns(falling(x=0), LEFT | RIGHT) == [0]


def test_a_turns_clockwise_and_b_back() -> None:
    simulator = falling()
    rotations = []
    for held in (A, 0, A, 0, A, 0, A, 0, B, B, 0, B):
        press(simulator, held)
        rotations.append(pill(simulator)[2])
    assert rotations == [3, 3, 2, 2, 1, 1, 0, 0, 1, 1, 1, 2]


def test_a_and_b_in_one_frame_both_turn() -> None:
    assert pill(press(falling(), A | B)) == (3, 15, 0)
    # Up against the right wall, A lays the pill down a column further left; B sets it up there.
    assert pill(press(falling(x=7, y=10, rotation=1), A | B)) == (6, 10, 1)


def test_a_turn_at_the_right_wall_goes_a_column_left() -> None:
    assert pill(press(falling(x=7, y=10, rotation=1), B)) == (6, 10, 2)


def test_a_turn_between_pieces_stays_upright() -> None:
    walls = ".. .. Vy .. Vy .. .. .. " * 6
    assert pill(press(falling(walls, x=3, y=3, rotation=1), B)) == (3, 3, 1)


def test_a_kick_goes_left_and_never_right() -> None:
    left_taken = ".. .. Vy .. .. .. .. .. " * 6
    right_taken = ".. .. .. .. Vy .. .. .. " * 6
    assert pill(press(falling(left_taken, x=3, y=3, rotation=1), B)) == (3, 3, 2)
    assert pill(press(falling(right_taken, x=3, y=3, rotation=1), B)) == (2, 3, 2)
    assert pill(press(falling(right_taken, x=0, y=3, rotation=1), B)) == (0, 3, 2)


def test_a_turn_upright_needs_room_above_and_has_no_kick() -> None:
    roof = ".. .. .. Vy .. .. .. .. " + ".. .. .. .. .. .. .. .. " * 4
    assert pill(press(falling(roof, x=3, y=3), A)) == (3, 3, 0)
    assert pill(press(falling(roof, x=3, y=2), A)) == (3, 2, 3)


def test_above_the_top_row_is_free() -> None:
    assert pill(press(falling(y=15), B)) == (3, 15, 1)


def test_left_held_takes_a_turn_a_column_further() -> None:
    simulator = falling(x=4, y=10, rotation=1)
    simulator.state["held"] = LEFT
    assert pill(press(simulator, LEFT | B)) == (3, 10, 2)
    taken = falling(".. .. .. Vy .. .. .. .. " * 12, x=4, y=10, rotation=1)
    taken.state["held"] = LEFT
    assert pill(press(taken, LEFT | B)) == (4, 10, 2)


def test_left_newly_pressed_moves_and_doubles() -> None:
    assert pill(press(falling(x=4, y=10, rotation=1), LEFT | B)) == (2, 10, 2)


@pytest.mark.parametrize(
    ("rotation", "cells"),
    [
        (0, {(15, 2): 0x60 + RED, (15, 3): 0x70 + BLUE}),
        (1, {(15, 2): 0x50 + RED, (14, 2): 0x40 + BLUE}),
        (2, {(15, 2): 0x60 + BLUE, (15, 3): 0x70 + RED}),
        (3, {(15, 2): 0x50 + BLUE, (14, 2): 0x40 + RED}),
    ],
)
def test_a_pill_rests_as_its_rotation_says(
    rotation: int, cells: dict[tuple[int, int], int]
) -> None:
    simulator = falling(x=2, y=0, rotation=rotation, colours=(RED, BLUE), frame_counter=0)
    press(simulator, DOWN)
    field = simulator.state[0]["field"][0]
    taken = {(int(r), int(c)): int(field[r, c]) for r, c in np.argwhere(field < 0xF0)}
    assert taken == cells
    player = simulator.state[0]["players"][0]
    assert (player["next_action"], player["status"], player["drop_counter"]) == (1, 15, 0)


def test_a_pill_that_comes_to_rest_is_not_moved_in_that_frame() -> None:
    simulator = falling(x=2, y=0, rotation=1, frame_counter=0)
    simulator.state["players"]["drop_counter"] = 19
    press(simulator, RIGHT | B)
    assert simulator.state[0]["players"][0]["next_action"] == 1
    assert pill(simulator) == (2, 0, 1)


def test_an_upright_pill_in_the_top_row_keeps_its_lower_half() -> None:
    full = ".. .. Vy .. .. .. .. .. " * 15
    simulator = falling(full, x=2, y=15, rotation=1, colours=(RED, YELLOW), frame_counter=0)
    press(simulator, DOWN)
    field = simulator.state[0]["field"][0]
    assert field[0].tolist() == [0xFF, 0xFF, 0x80 + RED, *[0xFF] * 5]
    assert field[1, 2] == 0xD0
