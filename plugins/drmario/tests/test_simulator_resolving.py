"""What follows a simulated pill: lines, loose pieces, chains, their frames and their points."""

import numpy as np
import pytest

from arcade_rl_drmario.pad import DOWN
from arcade_rl_drmario.simulator import Simulator
from cartridge_player import BLUE, HI, LOW, MED, RED, YELLOW
from simulated_games import falling, parse

EMPTIED = 0xF0


def rest(simulator: Simulator) -> Simulator:
    """Let the pill, which lies on something, come to rest in the first, odd frame."""
    simulator.frame(np.full(simulator.players, DOWN))
    return simulator


def frames_to(simulator: Simulator, action: int, most: int = 400) -> int:
    for frame in range(most):
        if simulator.state[0]["players"][0]["next_action"] == action:
            return frame
        simulator.frame(np.zeros(simulator.players))
    raise AssertionError(f"no action {action} in {most} frames")


def frames_to_next_pill(simulator: Simulator) -> int:
    """From the frame in which a pill came to rest to that in which the next one appears."""
    return frames_to(simulator, 3)


def settled(simulator: Simulator) -> list[list[int]]:
    """The field when the pill is done, emptied cells as empty."""
    frames_to(simulator, 2)
    field = simulator.state[0]["field"][0].copy()
    field[field >= EMPTIED] = 0xFF
    found: list[list[int]] = field.tolist()
    return found


def rows(board: str) -> list[list[int]]:
    found: list[list[int]] = parse(board).tolist()
    return found


@pytest.mark.parametrize("row", [0, 1, 3, 4, 9, 14, 15])
@pytest.mark.parametrize(("speed", "throw"), [(MED, 29), (HI, 29)])
def test_the_next_pill_comes_after_its_row_and_the_throw(row: int, speed: int, throw: int) -> None:
    floor = "Vy .. .. .. .. .. .. .. " + ".. .. .. .. .. .. .. .. " * (14 - row) if row < 15 else ""
    simulator = falling(floor, x=0, y=15 - row, colours=(RED, BLUE), speed=speed)
    assert frames_to_next_pill(rest(simulator)) == max(4, row + 1) + throw


@pytest.mark.parametrize("frame_counter", [0, 2])
def test_a_low_throw_counts_every_second_frame(frame_counter: int) -> None:
    simulator = falling(y=0, speed=LOW, frame_counter=frame_counter)
    frames = frames_to_next_pill(rest(simulator))
    # 16 to the check of row 15, 8 more to the throw, 22 even frames of it.
    assert frames in (16 + 50, 16 + 51)
    assert (1 + frame_counter + frames) % 2 == 0


def test_two_players_have_no_throw() -> None:
    simulator = falling(y=0, players=2)
    assert frames_to_next_pill(rest(simulator)) == 16 + 8


def test_a_pill_obeys_two_frames_after_it_appears() -> None:
    simulator = rest(falling(y=0))
    frames_to(simulator, 3)
    simulator.frame([2])
    assert simulator.state[0]["players"][0]["x"] == 3
    simulator.frame([0])
    simulator.frame([2])
    assert simulator.state[0]["players"][0]["x"] == 2


def test_loose_pieces_take_16_frames_a_row() -> None:
    board = ".. .. Sb .. .. .. .. .. " + ".. .. .. .. .. .. .. .. " * 3 + "Vr Vr Vr .. .. .. .. .. "
    simulator = rest(falling(board, x=3, y=0, colours=(RED, BLUE)))
    rows_of_single = []
    for _ in range(110):
        rows_of_single.append(int(np.argmax(simulator.state[0]["field"][0, :, 2] == 0x80 + BLUE)))
        simulator.frame([0])
    falls = [frame for frame in range(1, 110) if rows_of_single[frame] > rows_of_single[frame - 1]]
    # Three rows, nothing at 64; the line is found at 66 and gone at 68; one row more 16 later.
    assert falls == [16, 32, 48, 84]


def test_a_line_is_marked_then_emptied_then_forgotten() -> None:
    simulator = rest(falling("Vr Vr .. .. .. .. .. .. ", x=2, y=0, colours=(RED, RED)))
    seen = []
    for _ in range(40):
        simulator.frame([0])
        seen.append(int(simulator.state[0]["field"][0, 15, 0]))
    assert [seen.index(cell) + 1 for cell in (0xB1, 0xF1, 0xFF)] == [18, 20, 36]


@pytest.mark.parametrize("length", [3, 4, 5, 8])
def test_four_or_more_in_a_row_vanish(length: int) -> None:
    board = "Vr " * (length - 2) + ".. " * (10 - length)
    simulator = rest(falling(board, x=length - 2, y=0, colours=(RED, RED)))
    left = sum(cell != 0xFF for cell in settled(simulator)[15])
    assert left == (3 if length == 3 else 0)


@pytest.mark.parametrize("length", [3, 4, 5])
def test_four_or_more_in_a_column_vanish(length: int) -> None:
    board = ".. .. .. Vb .. .. .. .. " * (length - 2)
    y = length - 2
    simulator = rest(falling(board, x=3, y=y, rotation=1, colours=(BLUE, BLUE)))
    taken = sum(cell != 0xFF for row in settled(simulator) for cell in row)
    assert taken == (3 if length == 3 else 0)


def test_an_l_vanishes_whole_and_counts_twice() -> None:
    board = "Vr .. .. .. .. .. .. .. " * 3 + ".. .. Vr Vr .. .. .. .. "
    simulator = rest(falling(board, x=0, y=0, colours=(RED, RED)))
    for _ in range(19):
        simulator.frame([0])
    player = simulator.state[0]["players"][0]
    assert player["combo"] == 2
    assert player["attack_colours"][:2].tolist() == [RED, RED]
    assert settled(simulator) == rows("")


def test_a_cross_vanishes_whole() -> None:
    column = ".. .. Vy .. .. .. .. .. "
    board = column * 2 + "Vy Vy Vy .. .. .. .. .. " + ".. .. Vy Vb .. .. .. .. "
    simulator = rest(falling(board, x=3, y=1, colours=(YELLOW, BLUE)))
    assert settled(simulator) == rows(".. .. .. Vb Sb .. .. .. ")


def test_halves_left_over_become_singles_and_fall_alone() -> None:
    simulator = rest(falling("Vr Vr Vr .. .. .. .. .. ", x=3, y=0, rotation=1, colours=(RED, BLUE)))
    assert settled(simulator) == rows(".. .. .. Sb .. .. .. .. ")


def test_a_lying_pill_falls_where_both_cells_below_are_free() -> None:
    board = ".. .. Ly Rb .. .. .. .. " + "Vr Vr Vr .. .. .. .. .. "
    simulator = rest(falling(board, x=3, y=0, colours=(RED, YELLOW)))
    assert settled(simulator) == rows(".. .. Ly Rb Sy .. .. .. ")


def test_a_lying_pill_stays_on_one_taken_cell() -> None:
    lying = ".. .. .. Ly Ry .. .. .. "
    simulator = rest(falling(lying + "Vr Vr Vr .. .. .. .. .. ", x=3, y=0, colours=(RED, BLUE)))
    assert settled(simulator) == rows(lying + ".. .. .. .. Sb .. .. .. ")


def test_a_whole_tower_falls_in_one_pass_and_viruses_never_do() -> None:
    tower = ".. .. Ty .. .. .. .. .. " + ".. .. Mb .. .. .. .. .. " + ".. .. Sr .. Vy .. .. .. "
    simulator = rest(falling(tower + "Vb Vb Vb .. .. .. .. .. ", x=3, y=0, colours=(BLUE, RED)))
    assert settled(simulator) == rows(
        ".. .. Ty .. .. .. .. .. " + ".. .. Mb .. Vy .. .. .. " + ".. .. Sr .. Sr .. .. .. "
    )


def test_a_chain_goes_on_until_nothing_matches() -> None:
    board = ".. .. .. Sy .. .. .. .. " + "Vr Vr Vr .. .. Vy Vy .. "
    simulator = rest(falling(board, x=3, y=0, colours=(RED, YELLOW)))
    simulator.state["players"]["viruses_left"] = 0x20
    # Vanished at 20; at 36 one falls, at 52 none; the second line is gone at 56; none falls at 72.
    assert frames_to_next_pill(simulator) == 72 + 29
    assert simulator.state[0]["players"][0]["score_multiplier_index"] == 5
    assert (simulator.state[0]["field"][0] >= EMPTIED).all()


@pytest.mark.parametrize(
    ("viruses", "score"), [(1, 100), (2, 300), (3, 700), (4, 1500), (5, 3100), (6, 6300), (7, 9500)]
)
@pytest.mark.parametrize("speed", [LOW, MED, HI])
def test_points_double_from_virus_to_virus(viruses: int, score: int, speed: int) -> None:
    board = "Vr " * viruses + "Sr " * (6 - viruses) + ".. .. "
    x = 6
    if viruses == 7:
        board, x = "Vr " * 7 + ".. ", 7
    simulator = falling(
        board, x=x, y=0, rotation=1 if x == 7 else 0, colours=(RED, RED), speed=speed
    )
    simulator.state["players"]["viruses_left"] = 0x20
    settled(rest(simulator))
    digits = simulator.state[0]["score_digits"]
    assert sum(int(digit) * 10**place for place, digit in enumerate(digits)) * 10 == score * (
        speed + 1
    )
    assert simulator.state[0]["players"][0]["viruses_left"] == int(str(20 - viruses), 16)


def test_the_score_ends_at_its_highest_digit() -> None:
    simulator = falling("Vr Vr .. .. .. .. .. .. ", x=2, y=0, colours=(RED, RED), speed=LOW)
    simulator.state["score_digits"] = [0, 9, 9, 9, 9, 9]
    settled(rest(simulator))
    assert simulator.state[0]["score_digits"].tolist() == [0, 2, 0, 0, 0, 9]


def test_colours_alive_follow_the_viruses() -> None:
    simulator = falling("Vr Vr Vb .. .. .. .. .. ", x=2, y=0)
    simulator.state["field"][0, 0, 15, 2:4] = 0xFF
    simulator.state["viruses_alive"] = [1, 3, 1]
    simulator.state["players"]["first_colour"] = RED
    simulator.state["players"]["second_colour"] = RED
    settled(rest(simulator))
    assert simulator.state[0]["viruses_alive"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("cells", [(3,), (4,), (3, 4)])
def test_a_new_pill_on_taken_cells_loses_and_is_there_all_the_same(cells: tuple[int, ...]) -> None:
    simulator = rest(falling(y=0))
    simulator.state["field"][0, 0, 0, list(cells)] = 0xD0
    frames = frames_to(simulator, 4)
    state = simulator.state[0]
    assert frames == 16 + 29
    assert (state["mode"], state["outcome"], state["players"][0]["level_fail"]) == (5, 4, 1)
    assert state["field"][0, 0, 3] >> 4 == 6
    assert state["field"][0, 0, 4] >> 4 == 7


def test_cells_beside_the_neck_do_not_lose() -> None:
    simulator = rest(falling(y=0))
    simulator.state["field"][0, 0, 0, [0, 1, 2, 5, 6, 7]] = 0xD0
    frames_to(simulator, 3)
    assert simulator.state[0]["outcome"] == 0


def test_a_level_is_cleared_in_the_frame_that_marks_its_last_virus() -> None:
    simulator = rest(falling("Vr Vr .. .. .. .. .. .. ", x=2, y=0, colours=(RED, RED)))
    simulator.state["players"]["viruses_left"] = 0x02
    state = simulator.state[0]
    for _ in range(17):
        simulator.frame([0])
    assert state["outcome"] == 0
    simulator.frame([0])
    assert (state["outcome"], state["mode"], state["players"][0]["victories"]) == (1, 4, 1)
    before = simulator.bytes.copy()
    simulator.frame([DOWN])
    assert (simulator.bytes == before).all()


def test_the_next_level_has_the_score_and_goes_on_with_the_random_numbers() -> None:
    simulator = Simulator(1)
    simulator.reset(None, 0x8988, 23, 1)
    state = simulator.state[0]
    for level in (24, 24):
        random = int(state["rng"])
        state["score_digits"] = [0, 1, 2, 3, 4, 5]
        state["outcome"] = 1
        simulator.go_on()
        assert state["players"][0]["level"] == level
        assert state["score_digits"].tolist() == [0, 1, 2, 3, 4, 5]
        expected = Simulator(1)
        expected.reset(None, random, level, 1)
        assert (expected.state["field"] == simulator.state["field"]).all()
        assert expected.state["rng"] == state["rng"]
