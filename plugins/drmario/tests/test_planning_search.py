"""Searches over placements, compared with a plain search that asks the same features."""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from arcade_rl.contracts import Asked
from arcade_rl.envs.seeds import EpisodeSeeds
from arcade_rl_drmario.baselines import PlacementSearch, make_baseline, weights_of
from arcade_rl_drmario.environment import DrMarioEnv
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.planning.candidates import settle_all
from arcade_rl_drmario.planning.leaves import (
    CLEARED,
    DEPTH,
    KILLED,
    LOST,
    OPEN,
    OUTCOME,
    PLACE,
    ROW,
    fill_leaves,
)  # fmt: skip
from arcade_rl_drmario.planning.search import MOST_DROPS, PILLS, WON
from arcade_rl_drmario.simulator import Simulator
from arcade_rl_drmario.simulator.state import EMPTIED
from cartridge_player import BLUE, RED, YELLOW
from plain_features import heights, plain_features, viruses
from simulated_games import falling, parse

Board = npt.NDArray[np.uint8]


def put(board: Board, placement: int, pill: tuple[int, int]) -> Board:
    after = board.reshape(1, 128).copy()
    settle_all(after, np.array([placement]), np.array([pill], np.uint8), np.zeros((1, 3), np.int64))
    return after.reshape(16, 8)


def worth(board: Board, row_frames: int, weights: npt.NDArray[np.float32]) -> float:
    if viruses(board) == 0:
        return float(WON)
    if board[0, 3] < EMPTIED or board[0, 4] < EMPTIED:
        return -float(WON)
    return float(plain_features(board, row_frames) @ weights)


def drops(board: Board, row_frames: int) -> list[int]:
    """Where a pill falls to from above, on the way from where it appears."""
    high, found = heights(board), []
    for rotation, way in product(range(4), (1, -1)):
        upright = rotation % 2
        x = 3 if way == 1 else 2
        while 0 <= x <= 6 + upright:
            height = max(high[x : x + 2 - upright])
            if height > 15 - (2 * abs(x - 3) + upright) // row_frames:
                break
            found.append(rotation * 128 + (15 - height) * 8 + x)
            x += way
    return found


def seen_of(games: int, steps: int, level: int) -> tuple[DrMarioEnv, dict[str, npt.NDArray[Any]]]:
    env = DrMarioEnv(DrMarioOptions(level=level), games, "evaluation")
    seen = env.reset(EpisodeSeeds(level, games))
    player = make_baseline("random", DrMarioOptions())
    for step in range(steps):
        rows = np.arange(games)
        asked = Asked(rows, rows, np.full(games, step), seen, env.action_masks())
        seen = env.step(player.choose(asked)).observations
    return env, seen


def test_the_greedy_search_takes_the_best_board() -> None:
    _, seen = seen_of(6, 4, 8)
    search, weights = PlacementSearch("greedy"), weights_of("greedy")
    chosen, values = search.look(seen["bottle"], seen["pills"], seen["placements"])
    for row in range(6):
        board, pills = seen["bottle"][row].reshape(16, 8), seen["pills"][row].tolist()
        listed = [int(one) for one in seen["placements"][row] if one >= 0]
        plain = [worth(put(board, one, pills[:2]), pills[4], weights) for one in listed]
        assert values[row, : len(listed)] == pytest.approx(plain, rel=1e-4, abs=1e-3)
        assert (values[row, len(listed) :] == -np.inf).all()
        assert chosen[row] == listed[int(np.argmax(values[row, : len(listed)]))]


def test_two_pills_are_worth_the_best_drop_of_the_second() -> None:
    _, seen = seen_of(2, 3, 6)
    search = PlacementSearch("search2")
    _, values = search.look(seen["bottle"], seen["pills"], seen["placements"])
    for row in range(2):
        board, pills = seen["bottle"][row].reshape(16, 8), seen["pills"][row].tolist()
        listed = [int(one) for one in seen["placements"][row] if one >= 0]
        for place, one in enumerate(listed[::6]):
            after = put(board, one, pills[:2])
            plain = [
                worth(put(after, drop, pills[2:4]), pills[4], search.weights)
                for drop in drops(after, pills[4])
            ]
            assert values[row, 6 * place] == pytest.approx(max(plain), rel=1e-4, abs=1e-3)


def test_drops_can_be_reached_in_the_game() -> None:
    simulator = Simulator(12)
    simulator.reset(None, np.arange(50, 62), 14, 2)
    simulator.run()
    for game in range(12):
        board = simulator.state["field"][game, 0]
        reachable = simulator.reachable()[game, 0]
        assert all(reachable[drop] for drop in drops(board, 14))


@pytest.mark.parametrize("name", ["greedy", "search2", "search3"])
def test_the_last_virus_is_taken_at_once(name: str) -> None:
    board = parse("Sr .. .. .. .. .. .. .. Sr .. .. .. .. .. .. .. Vr .. .. .. .. .. .. .. ")
    simulator = falling("", colours=(RED, BLUE))
    simulator.state["field"][0, 0] = board
    possible = np.flatnonzero(simulator.reachable()[0, 0])
    placements = np.full((1, 128), -1, np.int16)
    placements[0, : len(possible)] = possible
    pills = np.array([[RED, BLUE, YELLOW, RED, 14]], np.uint8)
    chosen, _ = PlacementSearch(name).look(board.reshape(1, 128), pills, placements)
    assert viruses(put(board, int(chosen[0]), (RED, BLUE))) == 0


def test_three_pills_clear_more_than_one_at_level_20() -> None:
    """A sample of `evaluate`: fifteen games each, of which one pill loses some and three none."""
    cleared = {}
    for name in ("random", "greedy", "search3"):
        env = DrMarioEnv(DrMarioOptions(level=20), 15, "evaluation")
        seen, player = env.reset(EpisodeSeeds(3, 15)), make_baseline(name, DrMarioOptions())
        won, over = np.zeros(15), np.zeros(15, np.bool_)
        for step in range(300):
            rows = np.arange(15)
            batch = env.step(player.choose(Asked(rows, rows, np.full(15, step), seen, None)))
            won[batch.terminated & ~over] = batch.metrics[batch.terminated & ~over, 0]
            over |= batch.terminated
            seen = batch.observations
            if over.all():
                break
        cleared[name] = won.mean()
    assert cleared["random"] == 0
    assert cleared["greedy"] > 0.6
    assert cleared["search3"] > 0.85


def leaves_of(bottle: Board, pills: list[int], places: list[int]) -> tuple[Any, ...]:
    """(viruses that each placement kills (B,), features (L, 6, 60), notes (L, 5)) of one board."""
    beam = np.array([[*range(len(places)), -1]])
    firsts = np.zeros(beam.shape, np.int64)
    features = np.empty((beam.size * MOST_DROPS, len(PILLS), 60), np.float32)
    notes = np.empty((len(features), 5), np.int64)
    found = fill_leaves(
        bottle.reshape(1, 128), np.array([pills], np.uint8), np.array([places], np.int16), beam,
        firsts, features, notes,
    )  # fmt: skip
    return firsts[0, :-1], features[:found], notes[:found]


def test_leaves_are_the_boards_behind_every_drop_of_the_next_pill() -> None:
    _, seen = seen_of(2, 6, 6)
    for row in range(2):
        board, pills = seen["bottle"][row].reshape(16, 8), seen["pills"][row].tolist()
        places = [int(one) for one in seen["placements"][row] if one >= 0][::5]
        firsts, features, notes = leaves_of(board, pills, places)
        assert (notes[:, ROW] == 0).all()
        assert (notes[:, DEPTH] == 2).all()
        for place, one in enumerate(places):
            after = put(board, one, pills[:2])
            assert firsts[place] == viruses(board) - viruses(after)
            mine = notes[:, PLACE] == place
            lists = [put(after, drop, pills[2:4]) for drop in drops(after, pills[4])]
            boards = {bytes(b): b for b in lists}
            plain = sorted(plain_features(b, pills[4]).tolist() for b in boards.values())
            found = sorted({tuple(f) for f in features[mine][:, 0, :52].tolist()})
            assert np.unique(np.array(plain), axis=0) == pytest.approx(
                np.unique(np.array(found), axis=0)
            )
            assert set(notes[mine, KILLED]) == {viruses(after) - viruses(b) for b in lists}
        for pill, (first, second) in enumerate(PILLS.tolist()):
            assert (features[:, pill, 59] == (first == second)).all()
            assert (features[:, pill, :52] == features[:, 0, :52]).all()


def test_leaves_say_where_the_game_has_ended() -> None:
    """The first pill may clear the level or close the bottle, and so may the second."""
    board = parse("Sr .. .. .. .. .. .. .. Sr .. .. .. .. .. .. .. Vr .. .. .. .. .. .. .. ")
    simulator = falling("", colours=(RED, BLUE))
    simulator.state["field"][0, 0] = board
    possible = np.flatnonzero(simulator.reachable()[0, 0]).tolist()
    firsts, _, notes = leaves_of(board, [RED, BLUE, RED, RED, 14], possible)
    for place, one in enumerate(possible):
        mine = notes[notes[:, PLACE] == place]
        if viruses(put(board, one, (RED, BLUE))) == 0:
            assert firsts[place] == 1
            assert mine[:, [DEPTH, OUTCOME]].tolist() == [[1, CLEARED]]
        else:
            assert (mine[:, DEPTH] == 2).all()
            assert (mine[:, OUTCOME] == CLEARED).sum() == (mine[:, KILLED] == 1).sum()
    assert CLEARED in notes[notes[:, DEPTH] == 2, OUTCOME]
    assert OPEN in notes[notes[:, DEPTH] == 2, OUTCOME]
    high = np.full((16, 8), EMPTIED, np.uint8)
    high[2:, 3] = np.where(np.arange(14) % 2, 0x80 | RED, 0x80 | BLUE)
    high[15, 0] = 0xD0 | RED
    _, _, over = leaves_of(high, [RED, BLUE, YELLOW, RED, 14], [128 + 8 + 3])
    assert over[:, [DEPTH, OUTCOME]].tolist() == [[1, LOST]]
