"""A game that is written as one episode keeps the contract, whatever its actions are, and its faults are
told in one line."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from arcade_rl.adapters import Use
from arcade_rl.envs.conformance import check
from arcade_rl.envs.door import open_env
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.errors import ContractError, PluginError
from arcade_rl.registry import load_game

if TYPE_CHECKING:
    from conftest import CommandLine, PluginDist


@pytest.fixture(autouse=True)
def point(plugin_dist: PluginDist) -> None:
    plugin_dist("arcade_rl_toy_episode", None, {"toy_episode": "arcade_rl_toy_episode"})


def game_of(**options: Any) -> tuple[Any, Any]:
    game = load_game("toy_episode")
    return game, game.options(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"space": "matrix", "cuts": True},
        {"space": "number", "stack": 3},
        {"space": "switches", "saves": True, "stack": 2},
        {"space": "choices", "masks": True},
        {"space": "choices", "seats": 2},
        pytest.param(
            {"space": "box", "isolated": True, "saves": True}, marks=pytest.mark.very_slow
        ),
    ],
    ids=str,
)
def test_an_episode_game_passes_the_check(options: dict[str, Any]) -> None:
    game, given = game_of(**options)
    assert check(game, given, 40).faults == ()
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("space", ["matrix", "choices"])
def test_actions_of_every_space_are_trained_recorded_replayed_and_drawn(
    space: str, arcade_rl: CommandLine
) -> None:
    words = ["--set", f'options.space="{space}"', "--set", 'recording.criteria=["all"]']
    done = arcade_rl("train", "toy_episode", "--run", "r", *words)
    assert done.returncode == 0, done.stderr
    verified = arcade_rl("episodes", "verify", "r", "--json")
    assert verified.returncode == 0, verified.stderr
    found = json.loads(verified.stdout)
    assert found["exact"] == found["asked"] > 0
    drawn = arcade_rl("export", "picture", "r:1", "--at", "5", "--out", "p.png")
    assert drawn.returncode == 0, drawn.stderr


def test_a_space_that_no_learner_takes_is_refused_once(arcade_rl: CommandLine) -> None:
    done = arcade_rl("train", "toy_episode", "--run", "r", "--set", 'options.space="float64"')
    assert done.returncode == 1
    assert "action_space is Box" in done.stderr
    assert "attempt 2" not in done.stderr


def test_the_last_picture_of_an_episode_is_its_own() -> None:
    game, given = game_of()
    screen = game.make_screen(given, "training", False)
    first, ended, last = screen.reset(4), False, None
    while not ended:
        shown = screen.step(np.int64(1))
        ended, last = shown.ended, shown.frames[-1]
    assert last is not None
    assert last[0, 0, 0] == 12 * 16 > first[0, 0, 0]


def test_last_observations_are_those_before_the_next_episode() -> None:
    game, given = game_of(stack=2)
    env = open_env(game, given, game.declare(given), 2, "training")
    env.reset(GivenSeeds([[4, 5], [8, 9]]))
    for _ in range(12):
        batch = env.step(np.array([0, 0]))
    assert batch.final_observations is not None
    assert batch.final_observations[0, :, 0, 0].tolist() == [11 * 16, 12 * 16]
    assert batch.observations[0, :, 0, 0].tolist() == [1, 1]
    assert batch.episode_seeds.tolist() == [4, 8]
    assert batch.terminated.all()


def test_the_learner_is_cut_in_training_only() -> None:
    game, given = game_of(cuts=True)
    for purpose in ("training", "evaluation"):
        env = open_env(game, given, game.declare(given), 1, purpose)
        env.reset(GivenSeeds([[4, 5]]))
        cuts = [env.step(np.array([0])).cut for _ in range(4)]
        found = None if cuts[0] is None else [bool(cut[0]) for cut in cuts]
        assert found == ([False, False, False, True] if purpose == "training" else None)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("terms", "play gave the terms []; expected ['moved'], all that are declared"),
        ("shape", "an observation has shape (1,); expected (2,), as its space says"),
    ],
)
def test_what_play_gives_is_refused_by_name(fault: str, said: str) -> None:
    game, given = game_of(fault=fault)
    env = open_env(game, given, game.declare(given), 1, "training")
    env.reset(GivenSeeds([[4]]))
    with pytest.raises(ContractError) as refused:
        env.step(np.array([0]))
    assert said in str(refused.value)


def test_an_opponent_that_nobody_declared_is_one_line() -> None:
    game, given = game_of()
    episode = game.open(given, Use("training"))
    with pytest.raises(ContractError, match="has one seat; expected two"):
        episode.ask(np.zeros(2))


def test_machines_in_their_own_processes_play_the_same() -> None:
    batches = []
    for isolated in (False, True):
        game, given = game_of(isolated=isolated, saves=True)
        env = open_env(game, given, game.declare(given), 2, "training")
        try:
            seeds = GivenSeeds([[4, 5], [9, 7]])
            first = env.reset(seeds).copy()
            told = [env.step(np.array([2, step % 2])).metrics.copy() for step in range(20)]
            batches.append((first, told, env.save()["state"]))
        finally:
            env.close()
    np.testing.assert_equal(batches[1], batches[0])


def five_times(play: Callable[[], object]) -> None:
    for _ in range(5):
        play()


def test_a_machine_that_crashes_in_its_own_process_is_told_by_name() -> None:
    game, given = game_of(isolated=True, fault="segfault")
    env = open_env(game, given, game.declare(given), 2, "training")
    try:
        env.reset(GivenSeeds([[4], [8]]))
        with pytest.raises(PluginError, match=r"process . of 2 ended with signal SIGSEGV"):
            five_times(lambda: env.step(np.array([0, 0])))
    finally:
        env.close()
    screen = game.make_screen(given, "training", False)
    screen.reset(4)
    with pytest.raises(PluginError, match="process of its screen ended with signal SIGSEGV"):
        five_times(lambda: screen.step(np.int64(0)))
    screen.close()


def test_what_a_machine_in_its_own_process_raises_is_told() -> None:
    game, given = game_of(isolated=True, fault="raise")
    screen = game.make_screen(given, "training", False)
    screen.reset(4)
    with pytest.raises(PluginError, match="process of its screen: RuntimeError: the point is lost"):
        five_times(lambda: screen.step(np.int64(0)))
    screen.close()
