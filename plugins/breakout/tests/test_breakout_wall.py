"""Bricks read from pictures and points are those that memory has."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from arcade_rl.envs.seeds import GivenSeeds, HashedSeeds
from arcade_rl_breakout import memory
from arcade_rl_breakout.console import LEFT, NOOP
from arcade_rl_breakout.options import FRAME_SKIP, BreakoutOptions
from arcade_rl_breakout.pixels import BUTTONS, PixelsConsole
from arcade_rl_breakout.tally import BRICKS
from arcade_rl_breakout.wall import lit_bricks
from breakout_episodes import make, metric, term
from breakout_player import Player

SLOW = pytest.mark.slow


def check_episode(seed: int, skilled_steps: int, sticky: float = 0.0) -> tuple[int, int]:
    """Play both side by side; returns the score and the steps at which a row was not yet known."""
    options = BreakoutOptions(observation="pixels", sticky=sticky)
    console, player = PixelsConsole(options), Player(seed, skilled_steps)
    console.start(seed)
    standing = memory.standing_bricks(console.ale.getRAM()[None])[0]
    broken, unknown, over = np.zeros(memory.ROWS), 0, False
    with closing(make(options)) as env:
        env.reset(GivenSeeds([[seed, 0]]))
        while not over:
            action = BUTTONS.index(player.choose(console.ale))
            button = console.button(action)
            points = sum(console.frame(button) for _ in range(FRAME_SKIP))
            before, standing = standing, memory.standing_bricks(console.ale.getRAM()[None])[0]
            now = before.sum(axis=1) - standing.sum(axis=1)
            now += memory.COLUMNS * (standing.sum() > before.sum())
            broken += now
            batch = env.step(np.array([action]))
            over = bool(batch.terminated[0])
            seen = batch.final_observations if over else batch.observations
            assert seen is not None
            lit, rows = lit_bricks(seen[:, -1])[0], batch.metrics[0, BRICKS]
            assert points == batch.rewards[0]
            assert term(batch, options, "brick")[0] == now.sum()
            assert lit[standing].all()  # no brick is missed
            assert (lit & ~standing).sum() <= 1  # the one that fell a frame ago
            assert (rows.reshape(3, 2).sum(axis=1) == broken.reshape(3, 2).sum(axis=1)).all()
            unknown += bool((rows != broken).any())
    assert (rows == broken).all()
    assert metric(batch, options, "walls_cleared")[0] == broken.sum() // memory.WALL
    return int(metric(batch, options, "score")[0]), unknown


@pytest.mark.parametrize(
    ("seed", "skilled_steps", "sticky", "at_least"),
    [
        (0, 0, 0.0, 0),
        (11, 500, 0.25, 5),
        pytest.param(11, 2500, 0.0, 300, marks=pytest.mark.very_slow),
        pytest.param(16, 4500, 0.0, 433, marks=pytest.mark.very_slow),
    ],
    ids=["hopeless", "sticky", "tunnel", "second wall"],
)
def test_rows_are_exact_at_the_end_and_pairs_at_every_step(
    seed: int, skilled_steps: int, sticky: float, at_least: int
) -> None:
    score, unknown = check_episode(seed, skilled_steps, sticky)
    assert score >= at_least
    assert unknown <= 2 + score // 10


@SLOW
def test_features_count_a_second_wall_and_a_tunnel() -> None:
    from arcade_rl_breakout.console import MemoryConsole, Openings

    options = BreakoutOptions()
    console, player, tunnel_at, wall_at = MemoryConsole(0.0, Openings(30)), Player(2, 4500), 0, 0
    console.start(2)
    points, over, step = 0.0, False, 0
    with closing(make(options)) as env:
        env.reset(GivenSeeds([[2, 0]]))
        while not over:
            button = player.choose(console.ale)
            action = console.BUTTONS.index(button) if button in console.BUTTONS else 0
            console.hold(console.button(action))
            batch = env.step(np.array([action]))
            step, over = step + 1, bool(batch.terminated[0])
            points += batch.rewards[0]
            rows = batch.metrics[0, BRICKS]
            assert (rows * memory.ROW_POINTS).sum() == points == metric(batch, options, "score")[0]
            tunnel_at = tunnel_at or step * int(metric(batch, options, "tunnel_opened")[0])
            wall_at = wall_at or step * int(metric(batch, options, "walls_cleared")[0])
    assert 0 < tunnel_at < wall_at
    assert points > 432
    assert metric(batch, options, "tunnel_opened")[0] == 1


def test_at_the_start_and_after_a_lost_life_fire_is_pressed_and_then_right() -> None:
    """No action makes a difference in the first two steps of a game and in the two after a lost
    life."""
    options = BreakoutOptions(observation="pixels")
    nothing, left = (np.array([BUTTONS.index(button)]) for button in (NOOP, LEFT))
    with closing(make(options)) as idle, closing(make(options)) as other:
        for env in (idle, other):
            env.reset(GivenSeeds([[1, 2]]))
        forced, lives_lost, is_over, steps_forced = 2, 0.0, False, 0
        while not is_over:
            batch = idle.step(nothing)
            same = other.step(left if forced else nothing)
            assert np.array_equal(batch.observations, same.observations)
            steps_forced += forced > 0
            lost = float(metric(batch, options, "lives_lost")[0])
            forced = 2 if lost > lives_lost else max(forced - 1, 0)
            lives_lost, is_over = lost, bool(batch.terminated[0])
    assert steps_forced == 2 * 5


def test_a_paddle_that_nobody_moves_meets_some_balls() -> None:
    """So it is where published scores were made: 1.3 points a game. Without the step to the right it is
    none in any game."""
    options = BreakoutOptions(observation="pixels")
    games, scores = 8, list[float]()
    with closing(make(options, games)) as env:
        env.reset(HashedSeeds(0, games))
        while len(scores) < 2 * games:
            batch = env.step(np.zeros(games, np.int64))
            scores += metric(batch, options, "score")[np.asarray(batch.terminated)].tolist()
    assert 0.4 < np.mean(scores) < 3.0
