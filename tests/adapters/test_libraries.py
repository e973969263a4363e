"""Environments of Gymnasium, ale-py and stable-retro are games, by their names, without a plugin."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from arcade_rl.adapters.ale import AnyAle, rom_name
from arcade_rl.adapters.gymnasium import ActionsOf, AnyGymnasium
from arcade_rl.adapters.observations import Translated
from arcade_rl.adapters.retro import AnyRetro
from arcade_rl.contracts import StepBatch, VectorEnv
from arcade_rl.envs.conformance import check
from arcade_rl.envs.door import open_env
from arcade_rl.envs.seeds import GivenSeeds, HashedSeeds
from arcade_rl.errors import ArcadeError, ConfigError, MissingError

if TYPE_CHECKING:
    from conftest import CommandLine

GYMNASIUM, ALE, RETRO = AnyGymnasium(), AnyAle(), AnyRetro()


def opened(game: Any, count: int, **options: Any) -> VectorEnv:
    given = game.options(**options)
    return open_env(game, given, game.declare(given), count, "training")


def test_a_registered_environment_is_trained_recorded_and_drawn(arcade_rl: CommandLine) -> None:
    words = [
        *("--steps", "1024", "--set", "train.n_envs=4", "--set", "train.n_steps=128"),
        *("--set", "train.batch_size=128", "--set", 'recording.criteria=["all"]'),
    ]
    done = arcade_rl("train", "gymnasium", "--run", "r", "--set", "options.id=CartPole-v1", *words)
    assert done.returncode == 0, done.stderr
    verified = arcade_rl("episodes", "verify", "r", "--json")
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["exact"] > 0
    drawn = arcade_rl("export", "picture", "r:1", "--at", "5", "--out", "p.png")
    assert drawn.returncode == 0, drawn.stderr


def test_an_environment_plays_what_gymnasium_plays() -> None:
    env, theirs = opened(GYMNASIUM, 2, id="CartPole-v1"), gymnasium.make("CartPole-v1")
    first = env.reset(GivenSeeds([[7, 8], [9] * 60]))
    seen, _ = theirs.reset(seed=7)
    np.testing.assert_array_equal(first[0], seen)
    total = 0.0
    for step in range(60):
        batch = env.step(np.array([step % 2, 1]))
        seen, reward, terminated, truncated, _ = theirs.step(step % 2)
        total += float(reward)
        assert batch.metrics[0].tolist() == [total, step + 1]
        if terminated or truncated:
            assert batch.final_observations is not None
            np.testing.assert_array_equal(batch.final_observations[0], seen)
            np.testing.assert_array_equal(batch.observations[0], theirs.reset(seed=8)[0])
            return
        np.testing.assert_array_equal(batch.observations[0], seen)
    pytest.fail("no episode ended")


def test_closing_an_environment_leaves_an_open_window_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import pygame

    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    screen = GYMNASIUM.make_screen(GYMNASIUM.options(), "training", False)
    screen.reset(1)
    pygame.display.quit()
    pygame.display.init()
    try:
        pygame.display.set_mode((64, 48))
        screen.close()
        assert pygame.display.get_surface().get_size() == (64, 48)
    finally:
        pygame.quit()


@pytest.mark.parametrize(
    ("space", "seen", "expected"),
    [
        (spaces.Discrete(3), 2, [0, 0, 1]),
        (spaces.Discrete(3, start=5), 5, [1, 0, 0]),
        (spaces.Tuple([spaces.Discrete(2), spaces.Box(0, 1, (2,))]), (1, np.array([0.5, 1])), [0, 1, 0.5, 1]),
        (spaces.Box(0, 1, (), np.float64), 0.25, [0.25]),
        (spaces.Box(-1, 1, (2,), np.float64), np.array([0.5, -1]), [0.5, -1]),
    ],
    ids=lambda it: getattr(it, "name", str(it)),
)  # fmt: skip
def test_observations_of_any_space_become_rows_of_numbers(
    space: spaces.Space[Any], seen: Any, expected: list[float]
) -> None:
    turned = Translated(space)
    found = turned(seen)
    assert found.tolist() == expected
    assert found.dtype == turned.space.dtype == np.float32
    assert turned.space.contains(found)


def test_a_dict_of_observations_keeps_its_keys() -> None:
    turned = Translated(spaces.Dict(a=spaces.Discrete(2), b=spaces.Box(0, 255, (4, 4), np.uint8)))
    found = turned({"a": 1, "b": np.ones((4, 4), np.uint8)})
    assert turned.space.contains(found)
    assert found["a"].tolist() == [0, 1]


def test_actions_count_from_nought_whatever_the_environment_does() -> None:
    assert ActionsOf(spaces.Discrete(3, start=-1))(0) == -1
    assert ActionsOf(spaces.MultiDiscrete([2, 2], start=[1, 5]))(np.array([1, 0])).tolist() == [
        2,
        5,
    ]
    wide = ActionsOf(spaces.Box(-1, 1, (2,), np.float64))
    assert wide.space.dtype == np.float32
    assert wide(np.zeros(2, np.float32)).dtype == np.float64


@pytest.mark.parametrize(
    ("game", "options", "kind", "said"),
    [
        (GYMNASIUM, {"id": "CartPole-v9"}, ConfigError, "did you mean CartPole-v1?"),
        (GYMNASIUM, {"id": "nobody:Cart-v1"}, MissingError, "No module named 'nobody'"),
        (GYMNASIUM, {"id": "json:Cart-v1"}, ConfigError, "no environment 'json:Cart-v1'"),
        (GYMNASIUM, {"id": "CartPole"}, ConfigError, "did you mean CartPole-v1?"),
        (GYMNASIUM, {"id": "CartPole-v1", "keywords": {"wind": 3}}, ConfigError, "'wind'"),
        (ALE, {"id": "pongg"}, ConfigError, "ale-py has no game 'pongg'; did you mean pong?"),
        (ALE, {"observation": "rams"}, ConfigError, "no 'rams'; did you mean ram?"),
        (RETRO, {"id": "Airstriker-Genesis"}, ConfigError, "did you mean Airstriker-Genesis-v0?"),
        (RETRO, {"state": "Level2"}, ConfigError, "no state 'Level2'; did you mean Level1?"),
        (RETRO, {"id": "1942-Nes-v0"}, MissingError, "has no ROM of 1942-Nes-v0; `python -m stable_retro"),
    ],
    ids=lambda it: getattr(it, "name", str(it)),
)  # fmt: skip
def test_what_a_library_does_not_have_is_one_line(
    game: Any, options: dict[str, Any], kind: type[ArcadeError], said: str
) -> None:
    with pytest.raises(kind) as refused:
        game.declare(game.options(**options))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("game", "options", "library", "said"),
    [
        (ALE, {"id": "adventure"}, "ale_py", "ale-py is not installed, and plays adventure"),
        (
            RETRO,
            {"id": "Nobody"},
            "stable_retro",
            "stable-retro is not installed, and plays Nobody",
        ),
    ],
    ids=["ale", "retro"],
)
def test_a_library_that_is_not_installed_is_named(
    game: Any, options: dict[str, Any], library: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingError) as refused:
        game.declare(game.options(**options))
    assert said in str(refused.value)


def test_a_package_that_an_environment_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "Box2D", None)
    with pytest.raises(MissingError, match="LunarLander-v3 needs a package that is not installed"):
        GYMNASIUM.declare(GYMNASIUM.options(id="LunarLander-v3"))


def test_a_mistyped_environment_ends_a_training_with_exit_code_2(arcade_rl: CommandLine) -> None:
    done = arcade_rl("train", "gymnasium", "--set", "options.id=CartPole-v9")
    assert done.returncode == 2
    assert "did you mean CartPole-v1?" in done.stderr


@pytest.mark.parametrize(
    ("name", "rom"),
    [("pong", "pong"), ("ALE/SpaceInvaders-v5", "space_invaders"), ("PongNoFrameskip-v4", "pong")],
)
def test_names_of_gymnasium_are_those_of_roms(name: str, rom: str) -> None:
    assert rom_name(name) == rom


def played(env: VectorEnv, steps: int) -> tuple[Any, StepBatch]:
    env.reset(HashedSeeds(3, env.num_envs))
    for step in range(steps):
        batch = env.step(np.full(env.num_envs, step % 3))
    return batch.observations, batch


def test_an_atari_game_is_seen_as_pictures_as_memory_and_as_both() -> None:
    pictures, _ = played(opened(ALE, 2), 5)
    memory, _ = played(opened(ALE, 2, observation="ram"), 5)
    both, batch = played(opened(ALE, 2, observation="both"), 5)
    assert pictures.shape == (2, 4, 84, 84)
    np.testing.assert_array_equal(both["pictures"], pictures)
    np.testing.assert_array_equal(both["ram"], memory)
    assert (pictures[0] != pictures[1]).any()
    assert batch.metrics.shape == (2, 2)


def test_the_screen_of_an_atari_game_shows_every_frame_and_its_sound() -> None:
    given = ALE.options()
    screen = ALE.make_screen(given, "training", True)
    first = screen.reset(5)
    shown = screen.step(np.int64(0))
    assert first.shape == (210, 160, 3)
    assert len(shown.frames) == 4
    assert shown.sound is not None
    assert shown.sound.shape == (4 * 512, 1)


def test_a_game_of_stable_retro_goes_on_where_it_was_saved() -> None:
    env = opened(RETRO, 1)
    try:
        seeds = HashedSeeds(0, 1)
        env.reset(seeds)
        action = np.array([[1, 2, 3]])
        env.step(action)
        saved = env.save()
        expected = [env.step(action).observations.copy() for _ in range(3)]
        env.restore(saved, seeds)
        for one in expected:
            np.testing.assert_array_equal(env.step(action).observations, one)
        assert env.observation_space.shape == (4, 84, 84)
        assert isinstance(env.action_space, spaces.MultiDiscrete)
    finally:
        env.close()


@pytest.mark.very_slow
@pytest.mark.parametrize(
    ("game", "options"),
    [
        (GYMNASIUM, {"id": "Taxi-v4"}),
        (GYMNASIUM, {"id": "Pendulum-v1"}),
        (ALE, {"id": "space_invaders", "sticky": 0.25}),
        (ALE, {"observation": "both"}),
        (RETRO, {}),
    ],
    ids=lambda it: getattr(it, "name", str(it)),
)
def test_the_games_of_libraries_pass_the_check(game: Any, options: dict[str, Any]) -> None:
    assert check(game, game.options(**options), 60).faults == ()
