"""The spaces, observations and networks that Stable-Baselines3 tests its own PPO on pass through the adapters:
an environment of Gymnasium becomes the game `gymnasium`, which our learner trains on, and which
`arcade_rl.gymnasium` gives back to PPO of Stable-Baselines3. The environment itself refuses actions that its
space does not contain.

| case of SB3 | here |
|---|---|
| `test_spaces`: `test_env`, `test_identity_spaces`: observations of MultiDiscrete and MultiBinary | `SEEN`: several, switches, board |
| `test_spaces::test_action_spaces`, `test_float64_action_space` | `ACTIONS`: each, and `test_both_widths_of_numbers` |
| `test_spaces::test_discrete_obs_space` | `SEEN`: one |
| `test_spaces::test_multidim_binary_not_supported` | `test_a_board_of_switches_is_no_action` |
| `test_dict_env`: `test_env`, `test_dict_spaces` | `SEEN`: dict, dict last |
| `test_dict_env::test_policy_hint` | `test_a_policy_that_does_not_suit_is_refused` |
| `test_dict_env::test_goal_env` | `test_an_environment_with_goals` |
| `test_dict_env::test_consistency` | `test_a_dict_of_one_row_is_learned_like_the_row` |
| `test_dict_env::test_multiprocessing` | `test_dicts_come_from_processes` |
| `test_dict_env`: `test_dict_vec_framestack`, `test_vec_normalize`, `test_vec_normalize_image` | `test_wrappers_of_dicts` |
| `test_dict_env::test_dict_nested` | `SEEN`: nested. Where SB3 refuses a Dict in a Dict, the adapter makes the inner one a row |
| `test_vec_extract_dict_obs` | `test_one_of_a_dict_with_a_monitor` |
| `test_custom_policy::test_flexible_mlp` | `test_networks_of_any_widths`; the old form, a list with a dict, is refused |
| `test_custom_policy`: `test_custom_optimizer`, `test_tf_like_rmsprop_optimizer` | PPO of SB3 in `test_another_optimizer`; our learner has one optimizer, and the configuration refuses others |
| `test_custom_policy`: `test_custom_offpolicy`, `test_dqn_custom_policy`, and every case of A2C, DQN, DDPG, SAC, TD3 | not here: these learners are SB3's own, whatever the environment |
| `test_custom_policy::test_create_mlp`, `test_spaces::test_sde_multi_dim` | not here: no environment is in the first, and the second is about SAC |
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import (
    VecExtractDictObs,
    VecFrameStack,
    VecMonitor,
    VecNormalize,
)

import arcade_rl.gymnasium as games
from arcade_rl.config import Source, from_assignments, resolve
from arcade_rl.errors import ArcadeError, ConfigError
from arcade_rl.registry import load_game
from arcade_rl.runs.plan import plan_run
from arcade_rl.training.chunk import Chunk, Turn
from arcade_rl.training.learner import open_learner

MODULE = "spaces_of_sb3"
SOURCE = '''
"""An environment of any spaces, whose observations are drawn, and which takes no action of another space."""

import gymnasium
import numpy as np
from gymnasium import spaces


def rows(dtype):
    return spaces.Box(-1, 1, (2,), dtype)


def mixed(*shape):
    return spaces.Dict(
        img=spaces.Box(0, 255, shape, np.uint8), vec=rows(np.float32), discrete=spaces.Discrete(4)
    )


SEEN = {
    "row": rows(np.float32),
    "wide row": rows(np.float64),
    "one": spaces.Discrete(4),
    "several": spaces.MultiDiscrete([4, 3]),
    "switches": spaces.MultiBinary(8),
    "board": spaces.MultiBinary((3, 2)),
    "rows": spaces.Dict(a=rows(np.float32), b=rows(np.float32)),
    "wide rows": spaces.Dict(a=rows(np.float32), b=rows(np.float64)),
    "one row": spaces.Dict(vec=rows(np.float32)),
    "dict": mixed(1, 36, 36),
    "dict last": mixed(36, 36, 1),
    "nested": spaces.Dict(vec=rows(np.float32), inner=spaces.Dict(number=spaces.Discrete(4))),
}
ACTIONS = {
    "one": spaces.Discrete(3),
    "row": rows(np.float32),
    "wide row": rows(np.float64),
    "matrix": spaces.Box(-1, 1, (2, 2), np.float32),
    "several": spaces.MultiDiscrete([4, 3]),
    "switches": spaces.MultiBinary(3),
    "board": spaces.MultiBinary([2, 3]),
}


class AnySpaces(gymnasium.Env):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, seen="row", actions="one", render_mode=None):
        self.observation_space, self.action_space = SEEN[seen], ACTIONS[actions]
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.steps = 0
        return self.observation_space.sample(), {}

    def step(self, action):
        assert self.action_space.contains(action), (action, self.action_space)
        self.steps += 1
        reward = float(np.sum(action))
        return self.observation_space.sample(), reward, False, self.steps == 20, {}

    def render(self):
        return np.zeros((8, 8, 3), np.uint8)


gymnasium.register("AnySpaces-v0", entry_point=AnySpaces)
gymnasium.register(
    "BitFlipping-v0", entry_point="stable_baselines3.common.envs:BitFlippingEnv", kwargs={"n_bits": 4}
)
gymnasium.register("SimpleMultiObs-v0", entry_point="stable_baselines3.common.envs:SimpleMultiObsEnv")
'''
SEEN = (
    "row", "wide row", "one", "several", "switches", "board", "rows", "wide rows", "one row", "dict",
    "dict last", "nested",
)  # fmt: skip
ACTIONS = ("one", "row", "wide row", "matrix", "several", "switches")
SMALL = {"net_arch": [16], "features_extractor_kwargs": {"cnn_output_dim": 16}}
"""Networks that take little time, as SB3's tests have them."""
PICTURES = ("dict", "dict last")


@pytest.fixture(autouse=True, scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The module that registers the environments is installed, here and in processes that are started."""
    folder = tmp_path_factory.mktemp("spaces")
    (folder / f"{MODULE}.py").write_text(SOURCE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder), prepend=":")
        importlib.import_module(MODULE)
        yield


def given(seen: str, actions: str) -> dict[str, Any]:
    """Options of the game `gymnasium` for these spaces."""
    return {"id": f"{MODULE}:AnySpaces-v0", "keywords": {"seen": seen, "actions": actions}}


def of_sb3(env: Any, **more: Any) -> PPO:
    """PPO of Stable-Baselines3 after one update."""
    policy = "MultiInputPolicy" if hasattr(env.observation_space, "spaces") else "MlpPolicy"
    kwargs = {"n_steps": 32, "n_epochs": 1, "batch_size": 32, "seed": 1, "device": "cpu", **more}
    return PPO(policy, env, **kwargs).learn(32 * env.num_envs)


def ours(options: dict[str, Any], folder: Path, *words: str) -> Any:
    """The policy of our learner after one update."""
    train = {
        "n_envs": 2, "n_steps": 32, "batch_size": 32, "n_epochs": 1, "total_steps": 64,
        "device": "cpu", "threads": 1,
    }  # fmt: skip
    sources = [
        from_assignments(list(words)),
        Source("test", {"game": "gymnasium", "options": options, "train": train}),
    ]
    resolved = resolve(sources, load_game)
    spec = replace(plan_run(resolved.config).spec("spaces", None), chunk=1, last_update=0)
    learner = open_learner(resolved)
    folder.mkdir(exist_ok=True)
    try:
        Chunk(learner, Turn(spec, None, folder), lambda _: None).run(lambda: False)
    finally:
        learner.close()
    policy = learner.model.policy
    for name, weights in policy.named_parameters():
        assert torch.isfinite(weights).all(), name
    return policy


@pytest.mark.parametrize("seen", SEEN)
def test_ppo_of_sb3_learns_from_whatever_is_seen(seen: str) -> None:
    env = games.make_sb3("gymnasium", 2, **given(seen, "one"))
    model = of_sb3(env, policy_kwargs=SMALL if seen in PICTURES else {"net_arch": [16]})
    mean, _ = evaluate_policy(model, env, n_eval_episodes=2, warn=False)
    assert 0 <= mean <= 40
    env.close()


@pytest.mark.parametrize("actions", ACTIONS)
def test_ppo_of_sb3_plays_whatever_is_done(actions: str) -> None:
    env = games.make_sb3("gymnasium", 2, **given("row", actions))
    model = of_sb3(env)
    action, _ = model.predict(env.reset(), deterministic=False)
    if actions != "switches":  # SB3 gives these as float32
        assert action.dtype == env.action_space.dtype
    assert all(env.action_space.contains(one.astype(env.action_space.dtype)) for one in action)
    env.close()


@pytest.mark.parametrize("seen", SEEN)
def test_our_learner_learns_from_whatever_is_seen(seen: str, tmp_path: Path) -> None:
    ours(given(seen, "one"), tmp_path, "train.policy_kwargs.net_arch=[16]")


@pytest.mark.parametrize("actions", ACTIONS)
def test_our_learner_plays_whatever_is_done(actions: str, tmp_path: Path) -> None:
    ours(given("row", actions), tmp_path)


@pytest.mark.parametrize("seen", ["row", "wide row", "rows", "wide rows"])
@pytest.mark.parametrize("actions", ["row", "wide row"])
def test_both_widths_of_numbers(seen: str, actions: str) -> None:
    """Learners have float32; the environment gets the width that it asks for, and refuses another."""
    env = games.make("gymnasium", **given(seen, actions))
    first, _ = env.reset(seed=3)
    assert env.observation_space.contains(first)
    assert env.action_space.dtype == np.float32
    second = env.step(np.array([0.5, -1], np.float32))[0]
    assert env.observation_space.contains(second)
    env.close()


@pytest.mark.parametrize(
    ("seen", "actions"),
    [*((seen, "one") for seen in SEEN), *(("row", actions) for actions in ACTIONS)],
)
def test_both_checks_pass(seen: str, actions: str) -> None:
    env = games.make("gymnasium", **given(seen, actions))
    check_env(env, skip_render_check=True)
    check_env_of_sb3(env, warn=False, skip_render_check=True)
    env.close()


def test_an_environment_of_a_module_that_registers_it_is_drawn() -> None:
    env = games.make("gymnasium", render_mode="rgb_array", **given("rows", "row"))
    env.reset(seed=1)
    env.step(np.zeros(2, np.float32))
    assert env.render().shape == (8, 8, 3)
    env.close()


def test_a_board_of_switches_is_no_action() -> None:
    with pytest.raises(ArcadeError, match="MultiBinary of one dimension"):
        games.make("gymnasium", **given("row", "board"))


def test_a_policy_that_does_not_suit_is_refused(tmp_path: Path) -> None:
    for policy in ("MlpPolicy", "CnnPolicy"):
        with pytest.raises(ConfigError, match="policy"):
            ours(given("rows", "one"), tmp_path, f"train.policy={policy}")


def test_an_environment_with_goals(tmp_path: Path) -> None:
    options = {"id": f"{MODULE}:BitFlipping-v0", "keywords": {}}
    env = games.make_sb3("gymnasium", 1, **options)
    assert set(env.observation_space.spaces) == {"observation", "achieved_goal", "desired_goal"}
    evaluate_policy(of_sb3(env), env, n_eval_episodes=2, warn=False)
    env.close()
    ours(options, tmp_path)


def test_a_dict_of_one_row_is_learned_like_the_row(tmp_path: Path) -> None:
    learned = [
        ours(given(seen, "row"), tmp_path / seen, "train.policy_kwargs.net_arch=[8]")
        for seen in ("one row", "row")
    ]
    weights = [dict(policy.named_parameters()) for policy in learned]
    assert weights[0].keys() == weights[1].keys()
    for name, found in weights[0].items():
        assert torch.equal(found, weights[1][name]), name


@pytest.mark.slow
def test_dicts_come_from_processes(tmp_path: Path) -> None:
    words = ["train.policy_kwargs.net_arch=[8]"]
    alone = ours(given("rows", "row"), tmp_path / "alone", *words)
    apart = ours(given("rows", "row"), tmp_path / "apart", *words, "train.env_processes=2")
    for one, other in zip(alone.parameters(), apart.parameters(), strict=True):
        assert torch.equal(one, other)


def test_wrappers_of_dicts() -> None:
    options = {"id": f"{MODULE}:SimpleMultiObs-v0", "keywords": {"random_start": True}}
    stacked = VecFrameStack(
        games.make_sb3("gymnasium", 1, **options), 3, channels_order={"vec": None, "img": "last"}
    )
    assert stacked.observation_space["img"].shape[-1] == 3 * stacked.venv.observation_space["img"].shape[-1]  # fmt: skip
    of_sb3(stacked, policy_kwargs=SMALL)
    stacked.close()
    mixed = given("dict", "row")
    for key in ("vec", "img"):
        env = VecNormalize(games.make_sb3("gymnasium", 1, **mixed), norm_obs_keys=[key])
        assert env.observation_space[key].dtype == np.float32
        if key == "vec":
            evaluate_policy(of_sb3(env, policy_kwargs=SMALL), env, n_eval_episodes=1, warn=False)
        env.close()


def test_one_of_a_dict_with_a_monitor() -> None:
    row = VecExtractDictObs(games.make_sb3("gymnasium", 2, **given("rows", "one")), "a")
    with pytest.warns(UserWarning, match="already wrapped with a `Monitor`"):  # as ours counts too
        env = VecMonitor(row)
    env.reset()
    for step in range(1, 41):
        seen, _, dones, infos = env.step(np.zeros(2, np.int64))
        assert seen.shape == (2, 2)
        assert dones.tolist() == [step % 20 == 0] * 2
        assert all(("terminal_observation" in info) == done for info, done in zip(infos, dones, strict=True))  # fmt: skip
        assert not dones[0] or infos[0]["terminal_observation"].shape == (2,)
        assert not dones[0] or infos[0]["TimeLimit.truncated"]
    of_sb3(env)
    env.close()


@pytest.mark.parametrize(
    ("words", "widths"),
    [
        ("[]", ([], [])),
        ("[4]", ([4], [4])),
        ("[4, 4]", ([4, 4], [4, 4])),
        ("{vf=[16], pi=[8]}", ([8], [16])),
        ("{vf=[8, 4], pi=[8]}", ([8], [8, 4])),
        ("{vf=[8], pi=[8, 4]}", ([8, 4], [8])),
        ("{pi=[8]}", ([8], [])),
    ],
)
def test_networks_of_any_widths(
    words: str, widths: tuple[list[int], list[int]], tmp_path: Path
) -> None:
    options = {"id": "CartPole-v1", "keywords": {}}
    policy = ours(options, tmp_path, f"train.policy_kwargs.net_arch={words}")
    for name, expected in zip(("policy_net", "value_net"), widths, strict=True):
        layers = getattr(policy.mlp_extractor, name)
        assert [one.out_features for one in layers if hasattr(one, "out_features")] == expected


@pytest.mark.parametrize("words", ["[{vf=[8]}]", "[{vf=[8], pi=[4]}]"])
def test_the_old_form_of_widths_is_refused(words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="net_arch"):
        ours({"id": "CartPole-v1"}, tmp_path, f"train.policy_kwargs.net_arch={words}")


@pytest.mark.parametrize("given_kwargs", [None, {"weight_decay": 0.0}])
def test_another_optimizer(given_kwargs: dict[str, float] | None, tmp_path: Path) -> None:
    kwargs = {
        "optimizer_class": torch.optim.AdamW,
        "optimizer_kwargs": given_kwargs,
        "net_arch": [16],
    }
    env = games.make_sb3("gymnasium", 1, id="Pendulum-v1")
    model = of_sb3(env, policy_kwargs=kwargs)
    assert isinstance(model.policy.optimizer, torch.optim.AdamW)
    env.close()
    with pytest.raises(ConfigError, match="optimizer_kwargs"):
        ours(
            {"id": "Pendulum-v1"},
            tmp_path,
            "train.policy_kwargs.optimizer_kwargs={weight_decay=0.0}",
        )


def test_an_environment_that_draws_is_declared_and_trained_without_a_picture(
    tmp_path: Path,
) -> None:
    class Blind(gymnasium.Wrapper[Any, Any, Any, Any]):
        def render(self) -> Any:
            raise AssertionError("a picture was asked for")

    gymnasium.register(
        "Blind-v0", entry_point=lambda **more: Blind(gymnasium.make("CartPole-v1", **more))
    )
    ours({"id": "Blind-v0", "keywords": {}}, tmp_path)
