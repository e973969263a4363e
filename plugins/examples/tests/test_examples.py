"""Every example is short, ships a configuration, and plays as the contract wants."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import arcade_rl_examples
from arcade_rl.config import read_toml, resolve
from arcade_rl.envs.conformance import check
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.registry import configurations, load_game

GAMES = ("acrobot", "airstriker", "four", "pong")
MOST_LINES = 60


def lines_of(path: Path) -> int:
    """Lines with code: neither empty, nor a comment, nor of a docstring."""
    source = path.read_text()
    lines = {
        number
        for number, line in enumerate(source.splitlines(), 1)
        if line.strip() and not line.strip().startswith("#")
    }
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            assert node.end_lineno is not None
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return len(lines)


@pytest.mark.parametrize("name", GAMES)
def test_an_example_has_at_most_60_lines(name: str) -> None:
    (folder,) = arcade_rl_examples.__path__
    assert lines_of(Path(folder) / f"{name}.py") <= MOST_LINES


@pytest.mark.parametrize("name", GAMES)
def test_an_example_ships_a_configuration(name: str) -> None:
    files = configurations(name)
    assert set(files) == {"quick"}
    resolved = resolve([read_toml(files["quick"])], load_game)
    assert resolved.game.name == name


@pytest.mark.parametrize(
    ("columns", "below"),
    [((1, 2, 3, 4), 0), ((3, 3, 3, 3), 0), ((0, 1, 2, 3), 1), ((6, 5, 4, 3), 1)],
    ids=["row", "column", "rising", "falling"],
)
def test_four_in_a_row_wins_in_every_direction(columns: tuple[int, ...], below: int) -> None:
    from arcade_rl_examples.four import FourEpisode

    episode = FourEpisode()
    episode.begin(0)
    won = []
    for place, column in enumerate(columns):
        for _ in range(below * place):
            episode.drop(column, -1)
        won.append(episode.drop(column, 1))
    assert won == [False, False, False, True]


def test_three_in_a_row_win_nothing() -> None:
    from arcade_rl_examples.four import FourEpisode

    episode = FourEpisode()
    episode.begin(0)
    assert [episode.drop(column, 1) for column in (0, 1, 2, 4, 5)] == [False] * 5
    assert episode.drop(3, 1)


@pytest.mark.parametrize("name", ["four"])
def test_an_example_passes_the_check(name: str) -> None:
    game: Any = load_game(name)
    assert check(game, game.options(), 40).faults == ()


@pytest.mark.very_slow
@pytest.mark.parametrize("name", ["acrobot", "airstriker", "pong"])
def test_an_example_that_takes_longer_passes_the_check(name: str) -> None:
    game: Any = load_game(name)
    assert check(game, game.options(), 40).faults == ()


def test_pong_counts_the_points_of_both() -> None:
    game: Any = load_game("pong")
    env = game.make_env(game.options(), 1, "evaluation")
    env.reset(GivenSeeds([[1]]))
    for _ in range(150):
        batch = env.step(np.array([0]))
    score, won, lost = batch.metrics[0].tolist()
    assert won == 0
    assert lost > 0
    assert score == won - lost


def test_pong_sees_how_far_the_ball_is_from_the_paddle() -> None:
    """Beside the middle of the white ball and of the green paddle in the picture."""
    from arcade_rl.adapters.ale import opened
    from arcade_rl_examples.pong import PLAYER_Y, Court

    ale, eye, found = opened("pong"), Court(), list[tuple[float, float]]()
    for step in range(300):
        ale.act(3 if step % 40 < 20 else 4)
        picture = ale.getScreenRGB()[34:194]
        ball = np.flatnonzero((picture[:, 80:138] == (236, 236, 236)).all(2).any(1))
        paddle = np.flatnonzero((picture[:, 140:144] == (92, 186, 92)).all(2).any(1))
        if len(ball) == 4 and len(paddle) == 16:
            ram = ale.getRAM()
            seen = eye.see([], ram, is_first=False)
            assert eye.space.contains(seen)
            assert seen[3] == (int(ram[PLAYER_Y]) - 128) / 64
            found.append((ball.mean() - paddle.mean(), 16 * seen[4]))
    assert len(found) > 20
    shown, seen_off = np.array(found).T
    inside = np.abs(shown) < 60
    np.testing.assert_allclose(seen_off[inside], shown[inside], atol=2)
