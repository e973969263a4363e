"""Games as plain environments: what Gymnasium and Stable-Baselines3 ask of one holds, and they play the
episodes that recordings hold."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3
from stable_baselines3.common.evaluation import evaluate_policy

import arcade_rl.gymnasium as games
from arcade_rl.errors import ConfigError, DivergenceError, MissingError, UsageError
from arcade_rl.recording.segment import Segment
from arcade_rl.registry import load_game
from arcade_rl.runs.directory import RunDirectory

FULL = {"curriculum": False}
MASKED = {"masks": True, **FULL}
CONFIGURATIONS = Path(__file__).parents[2] / "configs"
SHIPPED = sorted(
    f"{path.parent.name}:{path.stem}"
    for path in CONFIGURATIONS.glob("*/*.toml")
    if path.stem != "solo" and path.parent.name != "acrobot"  # these are checked every time
)
"""Every configuration that ships with a game, as `make` takes it."""


@pytest.fixture(autouse=True)
def registered() -> None:
    """The toy is installed only while tests run, so it may be new to Gymnasium."""
    if "arcade_rl/toy-v0" not in gymnasium.registry:
        games.register_games()


@pytest.mark.parametrize(
    ("game", "options"),
    [
        ("toy", {}),
        ("toy", {"observation": "dict", "actions": "continuous", "tensors": True}),
        ("toy", MASKED),
        ("toy", {"reruns": True}),
        ("breakout", {"observation": "features"}),
        ("breakout", {"observation": "pixels"}),
        ("drmario", {}),
        ("drmario:solo", {}),
        ("acrobot:quick", {}),
        pytest.param("drmario", {"backend": "emulator"}, marks=pytest.mark.very_slow),
        *(pytest.param(name, {}, marks=pytest.mark.very_slow) for name in SHIPPED),
    ],
    ids=str,
)
def test_the_checks_of_gymnasium_and_sb3_pass(game: str, options: dict[str, Any]) -> None:
    env = games.make(game, render_mode="rgb_array", **options)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*render modes due to.*not having a spec")
        warnings.filterwarnings("ignore", message=".*unconventional shape")
        # SB3 takes boards of cells for pictures; the games that see them bring networks of their own.
        warnings.filterwarnings("ignore", message=".*observation .* is an image but")
        warnings.filterwarnings("ignore", message="The minimal resolution for an image is 36x36")
        # go2 acts by angles and sees numbers without bounds; both advise other scales, which are the
        # learner's matter.
        warnings.filterwarnings("ignore", message=".*symmetric and normalized")
        warnings.filterwarnings("ignore", message=".*observation space m..imum value is -?infinity")
        check_env(env)
        check_env_of_sb3(env)
    env.close()
    env.close()  # a second call does nothing, as programs that clean up twice expect


def played(env: gymnasium.Env[Any, Any], actions: Any) -> Iterator[tuple[Any, ...]]:
    for action in actions:
        yield env.step(action)


def test_a_recorded_episode_is_played_from_its_seed_and_actions(runs: Path) -> None:
    run = RunDirectory(runs / "r")
    with Segment(run.segments()[1]) as segment:
        recordings = [segment.read(entry) for entry in segment.entries[:5]]
    names = [metric.name for metric in load_game("toy").declare(load_game("toy").options()).metrics]
    for recording in recordings:
        stage = ["easy", "full"][recording.metadata.stage]
        env = games.make("toy", purpose="training", stage=stage)
        _, info = env.reset(seed=recording.start.seed)
        assert info["seed"] == recording.start.seed
        steps = list(played(env, recording.actions))
        infos = [step[4] for step in steps]
        assert [info["raw_reward"] for info in infos] == recording.rewards.tolist()
        seen = [[info["metrics"][name] for name in names] for info in infos]
        assert np.array_equal(np.array(seen, np.float32), recording.metrics)
        assert steps[-1][2] or steps[-1][3]
        assert infos[-1]["whole_episode"]["length"] == len(recording)
        assert infos[-1]["whole_episode"]["raw_return"] == recording.metadata.raw_return
        env.close()


def test_several_environments_play_what_one_plays() -> None:
    envs = games.make_vec("toy", 3, masks=True, **FULL)
    observations, infos = envs.reset(seed=40)
    assert infos["seed"].tolist() == [40, 41, 42]
    singles = [games.make("toy", **MASKED) for _ in range(3)]
    first = [env.reset(seed=40 + row) for row, env in enumerate(singles)]
    assert np.array_equal(observations, [observation for observation, _ in first])
    ended = 0
    random = np.random.default_rng(0)
    for _ in range(70):
        actions = random.integers(4, size=3)
        observations, rewards, terminated, truncated, infos = envs.step(actions)
        for row, env in enumerate(singles):
            seen, reward, over, cut_off, info = env.step(actions[row])
            assert (reward, over, cut_off) == (rewards[row], terminated[row], truncated[row])
            if over or cut_off:
                ended += 1
                final = infos["final_info"]
                assert infos["_final_info"][row]
                assert np.array_equal(infos["final_obs"][row], seen)
                assert (
                    final["whole_episode"]["metrics"]["hits"][row]
                    == (info["whole_episode"]["metrics"]["hits"])
                )
                assert final["seed"][row] == info["seed"]
                assert not infos["_metrics"][row]
                seen, info = env.reset()
            else:
                assert infos["metrics"]["streak"][row] == info["metrics"]["streak"]
                assert infos["forbidden"][row] == info["forbidden"]
            assert infos["seed"][row] == info["seed"]
            assert infos["_seed"][row]
            assert np.array_equal(infos["action_mask"][row], info["action_mask"])
            assert np.array_equal(observations[row], seen)
    assert ended > 3


def test_seeds_of_later_episodes_follow_from_the_given_one() -> None:
    seeds = []
    for _ in range(2):
        env = games.make("toy", length=3)
        told = [env.reset(seed=5)[1]["seed"]]
        for _ in range(3):
            list(played(env, [0, 0, 0]))
            told.append(env.reset()[1]["seed"])
        seeds.append(told)
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 4
    unseeded = {games.make("toy").reset()[1]["seed"] for _ in range(3)}
    assert len(unseeded) == 3
    large = games.make("toy")
    assert large.reset(seed=2**40)[1]["seed"] == large.reset(seed=2**40)[1]["seed"] < 2**31
    assert games.make_vec("toy", 2).reset(seed=[9, 4])[1]["seed"].tolist() == [9, 4]


def test_weights_make_the_reward_and_leave_the_terms() -> None:
    plain, odd = (
        games.make("toy", **FULL),
        games.make("toy", weights={"hit": 3.0, "travel": -2.0}, **FULL),
    )
    for env in (plain, odd):
        env.reset(seed=3)
    rewards = set()
    for action in (0, 3, 1, 2, 0):
        _, usual, _, _, info = plain.step(action)
        _, reward, _, _, other = odd.step(action)
        terms = info["terms"]
        assert other["terms"] == terms
        assert usual == pytest.approx(terms["hit"] - 0.1 * terms["miss"])
        assert reward == pytest.approx(3 * terms["hit"] - 0.1 * terms["miss"] - 2 * terms["travel"])
        rewards.add(reward)
    assert len(rewards) > 1


def test_the_options_and_weights_of_a_configuration_apply(tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    path.write_text(
        'game = "toy"\n[options]\nlength = 2\ncurriculum = false\n[reward]\nmiss = -7.0\n'
    )
    env = games.make(str(path))
    env.reset(seed=1)
    rewards = [step[1] for step in played(env, [0, 0])]
    assert set(rewards) <= {1.0, -7.0}
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(0)
    assert games.make(str(path), length=9).reset(seed=1)  # an argument is above the file


def test_what_is_forbidden_is_told_and_the_next_allowed_action_played() -> None:
    env = games.make("toy", length=20, **MASKED)
    _, info = env.reset(seed=2)
    for _ in range(8):
        mask = info["action_mask"]
        assert np.array_equal(env.action_masks(), mask)
        forbidden = int(np.flatnonzero(~mask)[0])
        _, reward, _, _, info = env.step(forbidden)
        assert info["forbidden"] is True
        assert reward == pytest.approx(-0.1 if info["raw_reward"] == 0 else 1.0)
        _, _, _, _, info = env.step(int(np.flatnonzero(info["action_mask"])[0]))
        assert info["forbidden"] is False
    with pytest.raises(AttributeError, match="forbids no actions"):
        games.make("toy").action_masks()


def test_a_cut_is_told_in_training_and_absent_in_evaluation() -> None:
    cuts, dones = [], []
    env = games.make("toy", purpose="training", cuts=True, length=30)
    many = games.make_sb3("toy", 1, purpose="training", cuts=True, length=30)
    many.seed(4)
    env.reset(seed=4)
    many.reset()
    for action in (0, 1) * 14:
        _, _, terminated, _, info = env.step(action)
        assert not terminated
        cuts.append(info["cut"])
        _, _, done, infos = many.step(np.array([action]))
        dones.append(bool(done[0]))
        assert "terminal_observation" not in infos[0]
    assert cuts == dones
    assert len(set(cuts)) == 2
    evaluation = games.make("toy", cuts=True)
    evaluation.reset(seed=4)
    assert "cut" not in evaluation.step(0)[4]


@pytest.mark.parametrize("options", [{}, {"reruns": True}], ids=["exact", "states"])
def test_pictures_are_those_of_the_screen(options: dict[str, Any]) -> None:
    env = games.make("toy", render_mode="rgb_array", length=4, **FULL, **options)
    assert env.metadata["render_fps"] == 15  # two frames a step, thirty a second
    env.reset(seed=6)
    first = env.render()
    pictures = []
    for action in (0, 1, 2, 3):
        env.step(action)
        pictures.append(env.render())
    last = env.render()
    assert np.array_equal(last, pictures[-1])  # until the reset, the game that ended is shown
    env.reset(seed=6)
    assert np.array_equal(env.render(), first)
    for action in (0, 1, 2, 3):  # without a look at each
        env.step(action)
    assert np.array_equal(env.render(), last)
    game = load_game("toy")
    screen = game.make_screen(
        game.options(curriculum=False, length=4, **options), "evaluation", False
    )
    assert np.array_equal(screen.reset(6), first)
    for action, picture in zip((0, 1, 2, 3), pictures, strict=True):
        assert np.array_equal(screen.step(np.int64(action)).frames[-1], picture)
    assert games.make("toy").render() is None


def test_a_screen_that_plays_otherwise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from arcade_rl_toy import ToyScreen

    env = games.make("toy", render_mode="rgb_array", **FULL)
    reset = ToyScreen.reset
    monkeypatch.setattr(ToyScreen, "reset", lambda self, seed: reset(self, seed + 1))
    env.reset(seed=6)
    list(played(env, [0, 1, 2, 3, 0, 1]))
    with pytest.raises(DivergenceError, match="plugins check toy"):
        env.render()


def test_wrappers_of_gymnasium_work(tmp_path: Path) -> None:
    env = gymnasium.make("arcade_rl/toy-v0", render_mode="rgb_array", length=5)
    env = gymnasium.wrappers.RecordEpisodeStatistics(env)
    env.reset(seed=1)
    for _ in range(5):
        *_, info = env.step(0)
    assert info["episode"]["l"] == 5
    collected = gymnasium.make("arcade_rl/toy-v0", render_mode="rgb_array_list", length=5)
    collected.reset(seed=1)
    collected.step(0)
    assert len(collected.render()) == 2
    envs = gymnasium.make_vec("arcade_rl/toy-v0", num_envs=2, length=5)
    assert envs.metadata["autoreset_mode"] is gymnasium.vector.AutoresetMode.SAME_STEP
    statistics = gymnasium.wrappers.vector.RecordEpisodeStatistics(envs)
    statistics.reset(seed=1)
    for _ in range(5):
        *_, infos = statistics.step(np.zeros(2, np.int64))
    assert infos["episode"]["l"].tolist() == [5, 5]
    pictures = games.make_vec("toy", 2, render_mode="rgb_array", length=5)
    pictures.reset(seed=1)
    assert len(pictures.render()) == 2


def test_an_opponent_sits_opposite(duel: None) -> None:
    returns = {}
    for opponent in ("random", "perfect"):
        env = games.make("duel", opponents=[opponent], render_mode="rgb_array")
        env.reset(seed=3)
        over = False
        while not over:
            _, _, terminated, truncated, info = env.step(0)
            env.render()  # which fails where the answers are not those of the episode
            over = terminated or truncated
        returns[opponent] = info["whole_episode"]
    assert returns["random"] != returns["perfect"]


def test_ppo_of_sb3_learns_in_it_and_evaluates() -> None:
    def mean_score() -> float:
        """Over the same 40 episodes, with sampled actions."""
        with warnings.catch_warnings(), closing(games.make_sb3("toy", 4, stage="easy")) as fresh:
            warnings.simplefilter("error")
            fresh.seed(7)
            return float(evaluate_policy(model, fresh, 40, deterministic=False)[0])

    env = games.make_sb3("toy", 4, purpose="training", stage="easy")
    model = PPO(
        "MlpPolicy", env, n_steps=64, batch_size=64, learning_rate=3e-3, seed=0, device="cpu"
    )
    untrained = mean_score()
    model.learn(2048)
    assert min(info["l"] for info in model.ep_info_buffer) >= 10
    assert mean_score() > 1.5 * untrained
    env.close()


def test_masks_reach_sb3_contrib() -> None:
    from sb3_contrib import MaskablePPO

    env = games.make_sb3("toy", 2, **MASKED)
    MaskablePPO("MlpPolicy", env, n_steps=32, batch_size=32, seed=0, device="cpu").learn(64)
    assert [mask.sum() for mask in env.env_method("action_masks")] == [3, 3]
    assert not games.make_sb3("toy", 2).has_attr("action_masks")


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"game": "tetris"}, MissingError, "no installed plugin offers a game named tetris"),
        ({"game": "toy", "lenght": 3}, ConfigError, "nearest: options.length"),
        ({"game": "toy", "length": -3}, ConfigError, "options.length"),
        ({"game": "toy", "weights": {"hits": 1.0}}, ConfigError, "reward.hits"),
        ({"game": "toy", "purpose": "play"}, UsageError, "expected 'training' or 'evaluation'"),
        ({"game": "toy", "stage": "ful"}, UsageError, "did you mean full"),
        ({"game": "toy", "stage": "a", **FULL}, UsageError, "since the game has none"),
        ({"game": "toy", "opponents": ["random"]}, UsageError, "toy has one seat"),
        ({"game": "toy", "render_mode": "human"}, UsageError, "arcade-rl watch"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named(
    arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    for make in (games.make, games.make_vec, games.make_sb3):
        with pytest.raises(error, match=said.replace("(", "\\(")):
            make(**arguments)


def test_wrong_seeds_and_options_of_a_reset_are_named() -> None:
    with pytest.raises(UsageError, match="2 seeds; expected 3"):
        games.make_vec("toy", 3).reset(seed=[1, 2])
    with pytest.raises(UsageError, match="expected none"):
        games.make("toy").reset(options={"level": 3})
    with pytest.raises(UsageError, match="seed is -1"):
        games.make_vec("toy", 2).reset(seed=[1, -1])
    with pytest.raises(gymnasium.error.ResetNeeded):
        games.make("toy").step(0)


def test_importing_it_imports_neither_torch_nor_a_game() -> None:
    code = (
        "import sys, gymnasium, arcade_rl.gymnasium as games;"
        "print([m for m in ('torch', 'stable_baselines3', 'arcade_rl_toy') if m in sys.modules]);"
        "env = gymnasium.make('arcade_rl/toy-v0'); env.reset(seed=1); env.step(0);"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ
    )
    assert done.stdout.split("\n")[:2] == ["[]", "False"], done.stderr
