"""What follows from a placement, compared with the simulator and with a plain reading of the rules."""

import numpy as np
import numpy.typing as npt
import pytest

from arcade_rl_drmario.planning.candidates import (
    MOST,
    fill_candidates,
    measure_all,
    settle_all,
)
from arcade_rl_drmario.planning.features import FEATURES, NAMES
from arcade_rl_drmario.simulator import Simulator
from arcade_rl_drmario.simulator.falling import ROW_FRAMES, SPEED_START
from arcade_rl_drmario.simulator.reach import REACHED_SHAPE
from arcade_rl_drmario.simulator.state import EMPTIED, FIRST_WON, LOST
from cartridge_player import BLUE, HI, RED, YELLOW
from plain_features import after_placement, plain_features, plain_pill_features
from simulated_games import parse, random_board, random_placements

Candidates = tuple[npt.NDArray[np.int16], npt.NDArray[np.float32], npt.NDArray[np.float32]]


def candidates_of(simulator: Simulator) -> Candidates:
    """(placements (N, 128), their features, the features of the boards as they are)."""
    count = simulator.num_games
    buffers = (
        np.zeros(17, np.int64), np.zeros(REACHED_SHAPE, np.int64), np.zeros((16, 2), np.int64),
        np.zeros(16, np.int64),
    )  # fmt: skip
    placements = np.zeros((count, MOST), np.int16)
    candidates = np.ones((count, MOST, FEATURES), np.float32)
    states = np.ones((count, FEATURES), np.float32)
    rows = np.flatnonzero(simulator.deciding[:, 0])
    fill_candidates(simulator.bytes, rows, 0, placements, candidates, states, buffers)
    return placements, candidates, states


def games(count: int, pills: int, levels: tuple[int, ...] = (0, 5, 12, 20)) -> Simulator:
    """Games after some random placements, those that have not ended."""
    source = np.random.default_rng(pills)
    simulator = Simulator(count)
    simulator.reset(None, source.integers(2, 65536, count), source.choice(levels, (count, 1)), HI)
    simulator.run()
    for _ in range(pills):
        simulator.place(random_placements(simulator, source))
    return simulator


@pytest.mark.parametrize("pills", [0, 7, 12])
def test_every_candidate_is_what_the_simulator_makes_of_its_placement(pills: int) -> None:
    simulator = games(8, pills)
    placements, candidates, _ = candidates_of(simulator)
    compared = 0
    for game in np.flatnonzero(simulator.deciding[:, 0]):
        one = Simulator(1)
        one.bytes[0] = simulator.bytes[game]
        for place in np.flatnonzero(placements[game] >= 0):
            board, killed, outcome = after_placement(one, int(placements[game, place]))
            found = candidates[game, place]
            if outcome == FIRST_WON:
                assert found[25] == 0
                continue
            if outcome == LOST:
                assert found[54] == 1
                continue
            assert found[54] == 0
            assert found[52] == killed
            assert found[25] == ((board & 0xF0 == 0xD0) & (board < EMPTIED)).sum()
            compared += 1
            expected = plain_features(board, row_frames(one))
            assert found[:52] == pytest.approx(expected), (game, placements[game, place])
    assert compared > 50


def row_frames(simulator: Simulator) -> int:
    player = simulator.state["players"][0, 0]
    return int(ROW_FRAMES[int(SPEED_START[player["speed"]]) + int(player["speedups"])])


def test_candidates_are_all_that_can_be_reached_each_board_once() -> None:
    simulator = games(40, 5)
    placements, _, _ = candidates_of(simulator)
    reachable = simulator.reachable()[:, 0]
    for game in np.flatnonzero(simulator.deciding[:, 0]):
        listed = {int(one) for one in placements[game] if one >= 0}
        possible = set(np.flatnonzero(reachable[game]).tolist())
        player = simulator.state["players"][game, 0]
        if player["first_colour"] == player["second_colour"]:
            possible -= {one + 256 for one in possible if one < 256}
        assert listed == possible
        assert (np.diff((placements[game] >= 0).astype(int)) <= 0).all()


def test_the_state_is_the_board_as_it_is() -> None:
    simulator = games(20, 9)
    _, _, states = candidates_of(simulator)
    for game in np.flatnonzero(simulator.deciding[:, 0]):
        board, player = simulator.state["field"][game, 0], simulator.state["players"][game, 0]
        one = Simulator(1)
        one.bytes[0] = simulator.bytes[game]
        nexts = int(player["next_first_colour"]), int(player["next_second_colour"])
        assert states[game, :52] == pytest.approx(plain_features(board, row_frames(one)))
        assert states[game, 52:] == pytest.approx(plain_pill_features(board, 0, 0, nexts))


@pytest.mark.parametrize("row_frames", [1, 3, 14, 40])
def test_any_board_is_measured_as_its_description_says(row_frames: int) -> None:
    source = np.random.default_rng(row_frames)
    boards = np.stack(
        [random_board(source, int(source.integers(1, 17)), source.random()) for _ in range(200)]
    )
    halves = source.random(boards.shape) < 0.5
    boards[halves & (boards < EMPTIED)] -= 0x50  # singles, as if pills had fallen apart
    found = np.zeros((200, 52), np.float32)
    measure_all(boards.reshape(200, 128), np.full(200, row_frames), found)
    for board, row in zip(boards, found, strict=True):
        assert row == pytest.approx(plain_features(board, row_frames))


@pytest.mark.parametrize(
    ("board", "placement", "colours", "expected"),
    [
        ("Vr Vr Vr .. .. .. .. .. ", 0 * 128 + 15 * 8 + 3, (RED, BLUE), (3, 1, 1)),
        ("Vr Vr Vr .. .. .. .. .. ", 0 * 128 + 15 * 8 + 4, (RED, BLUE), (0, 0, 0)),
        ("Vb .. .. .. .. .. .. .. Vb .. .. .. .. .. .. .. ", 128 + 13 * 8, (BLUE, BLUE), (2, 1, 1)),
        (
            "Sy .. .. .. .. .. .. .. Vr .. .. .. .. .. .. .. Vr Sy Sy Sy .. .. .. .. Vr .. .. .. .. .. .. .. ",
            3 * 128 + 11 * 8,
            (YELLOW, RED),
            (0, 0, 0),
        ),
        ("Vb Sb Sb .. .. .. .. .. Sy Sy Sy .. .. .. .. .. ", 1 * 128 + 15 * 8 + 3, (YELLOW, BLUE), (1, 2, 1)),
        (".. Sb Sb Sb .. .. .. .. .. Sr Sr Sr Vb .. .. .. ", 1 * 128 + 15 * 8, (RED, YELLOW), (1, 2, 2)),
    ],
    ids=["row", "beside", "column", "no line", "two lines", "a chain"],
)  # fmt: skip
def test_lines_chains_and_viruses_of_a_pill(
    board: str, placement: int, colours: tuple[int, int], expected: tuple[int, int, int]
) -> None:
    boards = parse(board).reshape(1, 128).copy()
    results = np.zeros((1, 3), np.int64)
    settle_all(boards, np.array([placement]), np.array([colours], np.uint8), results)
    assert tuple(results[0]) == expected


def test_names_are_one_for_each_number() -> None:
    assert len(NAMES) == FEATURES
    assert len(set(NAMES)) == FEATURES
