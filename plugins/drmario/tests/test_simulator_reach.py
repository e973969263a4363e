"""Where a simulated pill can come to rest, against a search that only knows frames and buttons."""

import numpy as np
import pytest

from arcade_rl.errors import UsageError
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, A, B
from arcade_rl_drmario.simulator import Simulator
from cartridge_player import HI, LOW, MED
from simulated_games import falling, random_board, search

HELD = (0, 0, LEFT, RIGHT, LEFT | RIGHT, A, B | LEFT, A | RIGHT, A | B | LEFT)


def random_case(seed: int) -> Simulator:
    """A pill somewhere over, or in, a heap of viruses, with any buttons and counters so far."""
    source = np.random.default_rng(seed)
    rows = int(source.integers(2, 5))
    x, y = int(source.integers(7)), rows + int(source.integers(-1, 2))
    rotation = int(source.integers(4))
    simulator = falling("", x, y, rotation, speed=HI, frame_counter=int(source.integers(2)))
    state = simulator.state[0]
    state["field"][0] = random_board(source, rows, source.uniform(0.1, 0.5))
    state["field"][0, 15 - y, x : x + 2 - rotation % 2] = 0xFF
    state["field"][0, 14 - y, x] = 0xFF
    player = state["players"][0]
    player["speedups"] = source.choice([26, 30, 35, 40, 49])
    state["held"][0] = source.choice(HELD)
    player["das_counter"] = source.integers(16)
    return simulator


def play(simulator: Simulator, script: list[int]) -> int:
    """The placement that a script ends in, in exactly its last frame."""
    played = Simulator(1)
    played.bytes[:] = simulator.bytes
    player = played.state[0]["players"][0]
    for held in script:
        assert player["next_action"] == 0
        played.frame([held])
    assert player["next_action"] == 1
    return int(player["rotation"]) * 128 + (15 - int(player["y"])) * 8 + int(player["x"])


@pytest.mark.parametrize("seed", range(8))
def test_all_that_buttons_can_reach_and_nothing_else(seed: int) -> None:
    simulator = random_case(seed)
    expected = search(simulator)
    assert np.flatnonzero(simulator.reachable()[0, 0]).tolist() == sorted(expected)
    for placement, fewest in expected.items():
        for traced in (False, True):
            script = simulator.script(0, placement, traced=traced).tolist()
            assert play(simulator, script) == placement
            assert len(script) >= fewest


@pytest.mark.parametrize("speed", [LOW, MED, HI])
def test_every_script_of_a_whole_fall_ends_where_it_promised(speed: int) -> None:
    source = np.random.default_rng(speed)
    for _ in range(4):
        simulator = falling(speed=speed, frame_counter=int(source.integers(2)))
        simulator.state["field"][0, 0] = random_board(source, 10, 0.4)
        placements = np.flatnonzero(simulator.reachable()[0, 0])
        assert len(placements) > 10
        for placement in placements:
            for traced in (False, True):
                script = simulator.script(0, int(placement), traced=traced)
                assert play(simulator, script.tolist()) == placement


@pytest.mark.parametrize("frame_counter", [0, 1])
def test_the_straight_way_drops_a_row_in_every_odd_frame(frame_counter: int) -> None:
    heap = "Vy .. .. .. .. .. .. Vb " * 5 + "Vy .. Vr .. .. .. Vb Vb " * 4
    simulator = falling(heap, frame_counter=frame_counter)
    placements = np.flatnonzero(simulator.reachable()[0, 0])
    assert len(placements) == 30
    for placement in placements:
        rows = int(placement) // 8 % 16
        assert len(simulator.script(0, int(placement))) == 2 * rows + 1 + frame_counter


def test_an_empty_field_has_30_placements() -> None:
    possible = falling().reachable()[0, 0].reshape(4, 16, 8)
    assert possible[:, 15].sum(axis=1).tolist() == [7, 8, 7, 8]
    assert possible.sum() == 30


def test_speed_closes_ways() -> None:
    board = "Vy Vy Vy .. .. .. .. .. " + "Vy .. .. .. .. .. .. .. "
    under = 15 * 8 + 1
    for speedups, can in ((0, True), (49, False)):
        simulator = falling(board, x=6, y=1, speed=HI)
        simulator.state["players"]["speedups"] = speedups
        assert bool(simulator.reachable()[0, 0, under]) is can


def test_a_script_is_refused_where_no_way_leads() -> None:
    simulator = falling("Vy " * 8 + ".. " * 8)
    with pytest.raises(UsageError, match="cannot come to rest at placement 120"):
        simulator.script(0, 15 * 8)
    with pytest.raises(UsageError, match="placement from 512 to 512; expected 0 to 511"):
        simulator.script(0, 512)
    simulator.frame([DOWN])
    simulator.state["players"]["next_action"] = 1
    with pytest.raises(UsageError, match="while the pill falls"):
        simulator.script(0, 0)
