"""What a simulated level starts with: the known vectors, and the rules written a second time."""

import hashlib

import numpy as np
import pytest

from arcade_rl_drmario.simulator import Simulator
from cartridge_rules import Stream, draw_reserve, start_level, start_unequal, virus_count


def started(seed: int, level: int) -> Simulator:
    simulator = Simulator(1)
    simulator.reset(None, seed, level, 1)
    return simulator


def test_the_first_level_of_a_cold_start() -> None:
    state = started(0x8988, 0).state[0]
    assert state["reserve"][:12].tolist() == [3, 5, 8, 3, 0, 1, 0, 7, 2, 0, 3, 0]
    viruses = {(6, 6): 0xD2, (8, 3): 0xD1, (10, 0): 0xD2, (10, 2): 0xD0}
    field = state["field"][0]
    assert {
        (int(row), int(column)): field[row, column] for row, column in np.argwhere(field < 0xFF)
    } == viruses
    assert state["rng"] == 0x772B
    assert state["players"][0]["viruses_left"] == 0x04
    assert state["viruses_alive"].tolist() == [1, 1, 2]


def test_level_10_and_level_20_of_a_cold_start() -> None:
    assert started(0x8988, 10).state["rng"] == 0x77F7
    state = started(0x8988, 20).state[0]
    assert state["rng"] == 0xAC37
    assert hashlib.sha1(state["field"][0].tobytes()).hexdigest().startswith("f768174b5e675faa")
    assert state["players"][0]["viruses_left"] == 0x84


def test_500_seeds_at_levels_0_to_24() -> None:
    seeds = np.random.default_rng(1).integers(2, 0x10000, 500)
    levels = np.arange(500) % 25
    simulator = Simulator(500)
    simulator.reset(None, seeds, levels[:, None], 1)
    for game in range(500):
        expected = start_level(int(seeds[game]), int(levels[game]))
        state = simulator.state[game]
        assert state["reserve"].tolist() == expected.reserve
        assert state["field"][0].ravel().tolist() == expected.board
        assert state["rng"] == expected.state


def test_two_players_at_one_level_have_the_same_viruses() -> None:
    simulator = Simulator(1, players=2)
    simulator.reset(None, 0x1234, 7, 1)
    state = simulator.state[0]
    assert state["field"][0].ravel().tolist() == start_level(0x1234, 7).board
    assert (state["field"][0] == state["field"][1]).all()
    assert state["players"]["viruses_left"].tolist() == [0x32, 0x32]
    assert state["viruses_alive"].sum() == 64


@pytest.mark.parametrize("levels", [(3, 20), (20, 3), (0, 1), (17, 14)])
def test_two_players_at_two_levels_draw_in_turn(levels: tuple[int, int]) -> None:
    simulator = Simulator(1, players=2)
    simulator.reset(None, 0x4321, [levels], [(0, 2)])
    fields = simulator.state["field"][0].reshape(2, 128)
    assert tuple(field.tolist() for field in fields) == start_unequal(0x4321, *levels)
    counts = [virus_count(level) for level in levels]
    assert (fields < 0xFF).sum(axis=1).tolist() == counts


def test_the_reserve_is_played_from_its_second_pill_and_ends_with_its_first() -> None:
    simulator = started(0x8988, 0)
    simulator.state["field"] = 0xFF
    pills = draw_reserve(Stream(0x8988))
    order = [*pills[1:], pills[0], *pills[1:5]]
    for pill, following in zip(order, [*order[1:], pills[5]], strict=True):
        simulator.run()
        player = simulator.state[0]["players"][0]
        assert (player["first_colour"], player["second_colour"]) == divmod(pill, 3)
        assert (player["next_first_colour"], player["next_second_colour"]) == divmod(following, 3)
        simulator.place([15 * 8 + 3])
        simulator.state["field"] = 0xFF
