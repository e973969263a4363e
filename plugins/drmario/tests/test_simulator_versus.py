"""Two simulated players: garbage and its answer, crowns, draws, and whose turn is first."""

import numpy as np
import pytest

from arcade_rl_drmario.pad import DOWN
from arcade_rl_drmario.simulator import Simulator
from cartridge_player import BLUE, RED, YELLOW
from simulated_games import falling, parse

FIRST, SECOND, DRAW = 1, 2, 3
COLOURS = (RED, BLUE, YELLOW, RED)


def versus(board: str = "", y: int = 0, x: int = 6, frame_counter: int = 0) -> Simulator:
    """Both players' pills lie at the bottom right, of two colours that match nothing."""
    simulator = falling(board, x=x, y=y, players=2, frame_counter=frame_counter)
    simulator.state["players"]["viruses_left"] = 0x40
    return simulator


def hold_still(simulator: Simulator, player: int) -> None:
    """The player's turn does nothing: its pill is thrown for ever."""
    simulator.state[0]["players"][player]["next_action"] = 4


def run(simulator: Simulator, frames: int) -> None:
    for _ in range(frames):
        simulator.frame([[0, 0]])


def resting(simulator: Simulator, buttons: tuple[int, int] = (DOWN, DOWN)) -> Simulator:
    simulator.frame([buttons])
    return simulator


@pytest.mark.parametrize("player", [0, 1])
@pytest.mark.parametrize("late", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("size", "offsets", "mask"),
    [(2, (0, 4), 3), (3, (0, 2, 4), 3), (4, (0, 2, 4, 6), 1), (7, (0, 2, 4, 6), 1)],
)
def test_garbage_comes_before_the_next_pill(
    player: int, late: int, size: int, offsets: tuple[int, ...], mask: int
) -> None:
    simulator = versus(frame_counter=2 * late)
    hold_still(simulator, 1 - player)
    enemy = simulator.state[0]["players"][1 - player]
    enemy["attack_size"], enemy["attack_colours"] = size, COLOURS
    resting(simulator)
    run(simulator, 16 + 6)
    column = int(simulator.state[0]["frame_counter"]) & mask
    row = np.full(8, 0xFF)
    row[[column + offset for offset in offsets]] = [0x80 + c for c in COLOURS[: len(offsets)]]
    assert simulator.state[0]["field"][player, 0].tolist() == row.tolist()
    assert enemy["attack_size"] == 0
    assert simulator.state[0]["players"][player]["next_action"] == 1


def test_garbage_falls_a_row_every_16_frames_and_then_the_pill_comes() -> None:
    simulator = versus()
    hold_still(simulator, 1)
    enemy = simulator.state[0]["players"][1]
    enemy["attack_size"], enemy["attack_colours"] = 2, (RED, BLUE, 0, 0)
    resting(simulator)
    run(simulator, 22)
    frames = 0
    while simulator.state[0]["players"][0]["next_action"] != 3:
        run(simulator, 1)
        frames += 1
    # The first row after 4 frames, 15 rows in all; the check that moves nothing, and 8 frames.
    assert frames == 4 + 15 * 16 + 8


def test_one_line_is_no_attack_and_one_waiting_line_no_garbage() -> None:
    simulator = versus("Vr Vr .. .. .. .. .. .. ", x=2)
    simulator.state["players"]["first_colour"] = RED
    simulator.state["players"]["second_colour"] = RED
    simulator.state[0]["players"]["attack_size"] = 1
    resting(simulator)
    run(simulator, 80)
    assert simulator.state[0]["players"]["attack_size"].tolist() == [1, 1]
    assert simulator.state[0]["players"]["next_action"].tolist() == [0, 0]


@pytest.mark.parametrize("player", [0, 1])
def test_two_lines_attack_the_other_player(player: int) -> None:
    board = "Vr Vr Vr .. .. .. .. .. " + "Vb Vb Vb .. .. .. .. .. "
    simulator = versus(board, x=3)
    hold_still(simulator, 1 - player)
    me = simulator.state[0]["players"][player]
    me["rotation"], me["first_colour"], me["second_colour"] = 1, BLUE, RED
    resting(simulator)
    run(simulator, 36 + 6)
    assert me["attack_size"] == 2
    assert me["attack_colours"][:2].tolist() == [RED, BLUE]
    assert me["combo"] == 0


def test_unsent_attacks_add_up_and_keep_the_last_colours() -> None:
    board = "Vr Vr Vr .. .. .. .. .. " + "Vb Vb Vb .. .. .. .. .. "
    simulator = versus(board, x=3)
    hold_still(simulator, 1)
    me = simulator.state[0]["players"][0]
    me["rotation"], me["first_colour"], me["second_colour"] = 1, BLUE, RED
    me["attack_size"], me["attack_colours"] = 3, (YELLOW, YELLOW, YELLOW, YELLOW)
    resting(simulator)
    run(simulator, 42)
    assert me["attack_size"] == 5
    assert me["attack_colours"].tolist() == [RED, BLUE, YELLOW, YELLOW]


def test_lines_of_falling_garbage_are_a_counter_attack() -> None:
    simulator = versus(frame_counter=0)
    hold_still(simulator, 1)
    # Check at 16, garbage at 22 (frame 23, column 3): red to column 3, blue to column 7.
    field = simulator.state[0]["field"][0]
    field[13:16, 3] = 0xD0 + RED
    field[13:16, 7] = 0xD0 + BLUE
    me, enemy = simulator.state[0]["players"]
    me["x"], me["y"] = 5, 0
    enemy["attack_size"], enemy["attack_colours"] = 2, (RED, BLUE, 0, 0)
    resting(simulator)
    run(simulator, 22 + 4 + 12 * 16 + 20 + 6)
    assert enemy["attack_size"] == 0
    assert me["attack_size"] == 2
    assert me["attack_colours"][:2].tolist() == [RED, BLUE]


def test_the_first_players_attack_arrives_in_the_same_frame() -> None:
    simulator = versus()
    me, enemy = simulator.state[0]["players"]
    for player in (me, enemy):
        player["next_action"] = 2
    me["combo"], me["attack_colours"] = 2, COLOURS
    run(simulator, 1)
    assert (simulator.state[0]["field"][1, 0] < 0xF0).sum() == 2
    assert me["attack_size"] == 0


def test_the_second_players_attack_arrives_after_the_next_pill() -> None:
    simulator = versus()
    me, enemy = simulator.state[0]["players"]
    for player in (me, enemy):
        player["next_action"] = 2
    enemy["combo"], enemy["attack_colours"] = 2, COLOURS
    run(simulator, 1)
    assert (simulator.state[0]["field"][0] < 0xF0).sum() == 0
    assert enemy["attack_size"] == 2


@pytest.mark.parametrize(("column", "half", "cell"), [(0, 1, 0x70 + YELLOW), (1, 0, 0x60 + YELLOW)])
def test_half_a_pill_whose_other_half_garbage_replaces_falls_alone(
    column: int, half: int, cell: int
) -> None:
    simulator = versus(frame_counter=3 + column)
    field = simulator.state[0]["field"][0]
    field[:] = parse("Ly Ry .. .. .. .. .. .. " + ".. .. .. .. .. .. .. .. " * 14 + "Sb " * 8)
    field[1, column] = 0xD0
    me, enemy = simulator.state[0]["players"]
    me["next_action"] = 2
    enemy["attack_size"], enemy["attack_colours"] = 2, COLOURS
    hold_still(simulator, 1)
    run(simulator, 1)
    assert (field[0, column], field[0, half]) == (0x80 + RED, cell)
    run(simulator, 4)
    assert (field[0, column], field[0, half], field[1, half]) == (0x80 + RED, 0xFF, cell)


def cleared(*players: int) -> Simulator:
    simulator = versus("Vr Vr .. .. .. .. .. .. ", x=2)
    simulator.state["players"]["first_colour"] = RED
    simulator.state["players"]["second_colour"] = RED
    for player in players:
        simulator.state[0]["players"][player]["viruses_left"] = 0x02
    return simulator


@pytest.mark.parametrize(
    ("players", "outcome", "crowns"),
    [((0,), FIRST, [1, 0]), ((1,), SECOND, [0, 1]), ((0, 1), DRAW, [1, 1])],
)
def test_clearing_wins_a_round(players: tuple[int, ...], outcome: int, crowns: list[int]) -> None:
    simulator = resting(cleared(*players))
    run(simulator, 18)
    state = simulator.state[0]
    assert (state["outcome"], state["mode"]) == (outcome, 4)
    assert state["players"]["victories"].tolist() == crowns


@pytest.mark.parametrize(
    ("players", "outcome", "crowns"),
    [((0,), SECOND, [0, 1]), ((1,), FIRST, [1, 0]), ((0, 1), DRAW, [0, 0])],
)
def test_a_full_bottle_loses_a_round(
    players: tuple[int, ...], outcome: int, crowns: list[int]
) -> None:
    simulator = versus()
    for player in players:
        simulator.state[0]["field"][player, 0, 3] = 0xD0
    resting(simulator)
    run(simulator, 16 + 8)
    state = simulator.state[0]
    assert (state["outcome"], state["mode"]) == (outcome, 5)
    assert state["players"]["victories"].tolist() == crowns


def test_a_clear_goes_before_the_other_players_full_bottle() -> None:
    simulator = cleared(1)
    first = simulator.state[0]["players"][0]
    simulator.frame([(0, DOWN)])
    run(simulator, 17)
    first["next_action"] = 6
    simulator.state[0]["field"][0, 0, 3] = 0xD0
    run(simulator, 1)
    state = simulator.state[0]
    assert first["level_fail"] == 1
    assert (state["outcome"], state["mode"]) == (SECOND, 4)
    assert state["players"]["victories"].tolist() == [0, 1]


def test_the_next_round_keeps_crowns_levels_and_speeds() -> None:
    simulator = Simulator(1, players=2)
    simulator.reset(None, 0x8988, [(3, 5)], [(0, 2)])
    state = simulator.state[0]
    random = int(state["rng"])
    state["outcome"] = SECOND
    state["players"]["victories"] = [1, 2]
    simulator.go_on()
    assert state["players"]["victories"].tolist() == [1, 2]
    assert state["players"]["speed"].tolist() == [0, 2]
    expected = Simulator(1, players=2)
    expected.reset(None, random, [(3, 5)], [(0, 2)])
    assert (state["field"] == expected.state["field"][0]).all()
