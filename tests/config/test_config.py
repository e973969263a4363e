"""Sources become one typed configuration that remembers where each value came from."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from arcade_rl.config import (
    HYPERPARAMETERS,
    OWN_HYPERPARAMETERS,
    Checkpoint,
    Resolved,
    Schedule,
    Source,
    Train,
    from_assignments,
    from_environment,
    game_name,
    read_toml,
    resolve,
)
from arcade_rl.errors import ConfigError, MissingError, PluginError
from arcade_rl.registry import load_game

if TYPE_CHECKING:
    from conftest import PluginDist

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*/*.toml"))
TOY = Source("toy.toml", {"game": "toy"})


def resolved(
    *assignments: str, file: Source = TOY, env: Mapping[str, str] | None = None
) -> Resolved:
    return resolve([from_assignments(assignments), *from_environment(env or {}), file], load_game)


def test_every_value_names_its_origin() -> None:
    file = Source("toy.toml", {"game": "toy", "seed": 3, "train": {"n_envs": 2, "gamma": 0.9}})
    it = resolved("train.gamma=0.5", file=file, env={"ARCADE_RL_TRAIN__N_ENVS": "6"})
    assert (it.config.train.gamma, it.origins["train.gamma"]) == (0.5, "--set")
    assert (it.config.train.n_envs, it.origins["train.n_envs"]) == (6, "ARCADE_RL_TRAIN__N_ENVS")
    assert (it.config.seed, it.origins["seed"]) == (3, "toy.toml")
    assert (it.config.train.n_steps, it.origins["train.n_steps"]) == (64, "default of toy")
    assert it.config.train.threads == 0
    assert "train.threads" not in it.origins


def test_the_configuration_names_every_option_and_every_term() -> None:
    it = resolved("options.masks=true", "reward.miss=-1")
    assert it.config.reward == {"hit": 1.0, "miss": -1.0, "travel": 0.0}
    assert it.weights == (1.0, -1.0, 0.0)
    assert set(it.config.options) == set(it.game.options.model_fields)
    assert it.config.options["masks"] is True
    assert it.best_metric == "hits"


def test_options_change_what_the_game_declares_and_its_defaults() -> None:
    it = resolved("options.observation=image", "options.curriculum=false")
    assert it.declaration.stages == ()
    assert it.config.train.n_epochs == 2


def test_a_resolved_configuration_resolves_to_itself() -> None:
    it = resolved("train.gamma=0.5", "options.cuts=true", "train.learning_rate={start=1e-3}")
    again = resolve(
        [Source("saved", it.config.model_dump(mode="json", exclude_none=True))], load_game
    )
    assert again.config == it.config
    assert again.options == it.options


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("train.learning_rate=1e-3", 1e-3),
        ("train.learning_rate={start=1e-3, end=1e-4}", Schedule(start=1e-3, end=1e-4)),
        ("train.policy_kwargs.net_arch=[8, 8]", [8, 8]),
        ("train.policy_kwargs.net_arch.pi=[8]", {"pi": [8]}),
        ("train.device=cpu", "cpu"),
        ('train.device="cpu"', "cpu"),
        ("train.normalize_rewards=true", True),
        (" train.total_steps = 300_000", 300_000),
    ],
)
def test_an_assignment_is_toml_and_a_bare_word_is_a_string(assignment: str, value: object) -> None:
    found: Any = resolved(assignment).config
    for part in assignment.partition("=")[0].strip().split("."):
        found = found.get(part, found) if isinstance(found, dict) else getattr(found, part)
    assert (found if not isinstance(value, dict) else {"pi": found}) == value


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("train.n_env=4", "--set: train.n_env is not a known key; nearest: train.n_envs"),
        ("n_envs=4", "--set: n_envs is not a known key; nearest: train.n_envs"),
        ("masks=true", "--set: masks is not a known key; nearest: options.masks"),
        ("trian.n_envs=4", "--set: trian is not a known key; nearest: train"),
        ("options.mask=true", "--set: options.mask is not a known key; nearest: options.masks"),
        ("reward.hits=1", "--set: reward.hits is not a known key; nearest: reward.hit"),
        ("train.policy_kwargs.net_arc=[8]", "nearest: train.policy_kwargs.net_arch"),
        ("train.n_envs=0", "--set: train.n_envs: 0: expected 1 or more"),
        ("train.n_envs=2.5", "--set: train.n_envs: 2.5: expected a whole number"),
        ("train.n_envs=four", "--set: train.n_envs: 'four': expected a whole number"),
        ("train=4", "train: 4:"),
        ("options.observation=pixels", "--set: options.observation: 'pixels': expected 'vector'"),
        (
            "train.algorithm=DQN",
            '"DQN" is not an on-policy algorithm; expected one of PPO, sb3:PPO',
        ),
        ("train.algorithm=A2C", '"A2C" is written "sb3:A2C"'),
        ("train.use_rms_prop=true", "--set: train.use_rms_prop is not a hyper-parameter of PPO"),
        ("checkpoint.milestones=ten", '"ten" is not a percentage'),
        ("checkpoint.milestones=0%", '"0%" is not a percentage'),
        ("checkpoint.best=score", "--set: checkpoint.best: toy has no metric score; it has hits"),
        ("n_envs", "--set n_envs is not an assignment; expected key=value"),
        ("train..n_envs=3", "--set train..n_envs=3 is not an assignment"),
        ("seed=1979-05-27", "--set: seed:"),
    ],
)
def test_a_wrong_value_is_named_with_its_origin(assignment: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolved(assignment)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_unknown_keys_are_named_at_once() -> None:
    with pytest.raises(ConfigError, match=r"train\.n_env .*; --set: chunk\.step "):
        resolved("train.n_env=4", "chunk.step=1")


def test_a_key_and_a_key_in_it_contradict() -> None:
    with pytest.raises(ConfigError, match=r"--set gives both seed and seed\.x"):
        resolved("seed=1", "seed.x=2")


def test_other_algorithms_keep_only_their_hyper_parameters_of_the_games_defaults() -> None:
    it = resolved("train.algorithm=sb3:A2C")
    assert it.config.train.batch_size is None
    assert resolved().config.train.batch_size == 64
    with pytest.raises(ConfigError, match=r"train\.batch_size is not a hyper-parameter of sb3:A2C"):
        resolved("train.algorithm=sb3:A2C", "train.batch_size=32")


def test_an_algorithm_leaves_out_what_a_file_sets_for_another() -> None:
    """So that a file's run and that of another algorithm differ in one `--set`."""
    train = {"algorithm": "PPO", "precision": "fast", "gamma": 0.9}
    file = Source("toy.toml", {"game": "toy", "train": train})
    other = resolved("train.algorithm=sb3:PPO", file=file).config.train
    assert (other.precision, other.gamma) == (None, 0.9)
    train["algorithm"] = "sb3:PPO"
    with pytest.raises(ConfigError, match=r"toy\.toml: train\.precision is not a hyper-parameter"):
        resolved(
            "train.algorithm=sb3:PPO", file=Source("toy.toml", {"game": "toy", "train": train})
        )


def test_only_variables_with_two_underscores_are_configuration() -> None:
    env = {"ARCADE_RL_RUNS_DIR": "x", "ARCADE_RL_OPTIONS__MASKS": "true", "PATH": "y"}
    (source,) = from_environment(env)
    assert source == Source("ARCADE_RL_OPTIONS__MASKS", {"options": {"masks": True}})


def test_a_variable_with_a_wrong_key_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"ARCADE_RL_TRAIN__N_ENV: train\.n_env is not a known key"
    ):
        resolved(env={"ARCADE_RL_TRAIN__N_ENV": "4"})


def test_the_highest_source_names_the_game() -> None:
    assert game_name([Source("a", {}), Source("b", {"game": "x"}), TOY]) == "x"
    with pytest.raises(ConfigError, match=r"empty\.toml names no game"):
        game_name([Source("--set", {}), Source("empty.toml", {})])


def test_a_higher_network_replaces_the_whole_lower_one() -> None:
    file = Source(
        "f", {"game": "toy", "train": {"policy_kwargs": {"net_arch": {"pi": [4], "vf": [4]}}}}
    )
    it = resolved("train.policy_kwargs.net_arch={pi=[8]}", file=file)
    assert it.config.train.policy_kwargs.net_arch == {"pi": [8]}
    assert it.origins["train.policy_kwargs.net_arch.pi"] == "--set"
    assert "train.policy_kwargs.net_arch.vf" not in it.origins


@pytest.mark.parametrize(
    ("milestones", "fractions"),
    [
        ("50%", [Fraction(1, 2), Fraction(1)]),
        ("30%", [Fraction(3, 10), Fraction(6, 10), Fraction(9, 10), Fraction(1)]),
        (["5%", "0.5%"], [Fraction(1, 200), Fraction(1, 20), Fraction(1)]),
    ],
)
def test_milestones_end_with_the_run(
    milestones: str | list[str], fractions: list[Fraction]
) -> None:
    assert Checkpoint(milestones=milestones).milestone_fractions() == fractions


def test_files_are_read_as_toml(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('game = "toy"\n[train]\nn_envs = 3\n')
    assert read_toml(path) == Source(str(path), {"game": "toy", "train": {"n_envs": 3}})


@pytest.mark.parametrize("content", [b'game = "toy', b"\xff\xfe", b"a = 1\na = 2\n"])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"a\.toml is not a readable TOML file"):
        read_toml(path)
    with pytest.raises(ConfigError, match="does not exist"):
        read_toml(tmp_path / "b.toml")


def test_a_game_that_is_not_installed_is_missing() -> None:
    with pytest.raises(MissingError, match="no installed plugin offers a game named tetris"):
        resolved(file=Source("a", {"game": "tetris"}))


def test_a_game_that_raises_when_it_declares_is_a_plugin_error(plugin_dist: PluginDist) -> None:
    plugin_dist("arcade_rl_toy_broken", None, {"toy_declare_raises": "arcade_rl_toy_broken"})
    with pytest.raises(PluginError, match="toy_declare_raises: declare raised KeyError: 'score'"):
        resolved(file=Source("a", {"game": "toy_declare_raises"}))


def test_wrong_defaults_of_a_game_are_named(plugin_dist: PluginDist) -> None:
    plugin_dist("arcade_rl_toy_broken", None, {"toy_defaults": "arcade_rl_toy_broken"})
    message = "default of toy_defaults: train.n_env is not a known key; nearest: train.n_envs"
    with pytest.raises(ConfigError, match=message):
        resolved(file=Source("a", {"game": "toy_defaults"}))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_shipped_configuration_resolves(path: Path) -> None:
    it = resolve([read_toml(path)], load_game)
    assert it.config.game == path.parent.name


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_hyper_parameters_are_those_of_the_sb3_class(name: str) -> None:
    import sb3_contrib
    import stable_baselines3

    class_name = name.removeprefix("sb3:")
    algorithm = getattr(stable_baselines3, class_name, None) or getattr(sb3_contrib, class_name)
    not_ours = {
        *(
            "self",
            "policy",
            "env",
            "policy_kwargs",
            "verbose",
            "seed",
            "device",
            "_init_setup_model",
        ),
        *("tensorboard_log", "stats_window_size", "rollout_buffer_class", "rollout_buffer_kwargs"),
    }
    taken = set(inspect.signature(algorithm.__init__).parameters) - not_ours
    own = OWN_HYPERPARAMETERS if name == "PPO" else frozenset()
    assert taken | own == HYPERPARAMETERS[name]
    assert taken <= set(Train.model_fields)


def test_top_level_keys_come_from_the_environment_too() -> None:
    (source,) = from_environment({"ARCADE_RL_SEED": "7", "ARCADE_RL_RUNS_DIR": "x"})
    assert source.values == {"seed": 7}


@pytest.mark.parametrize("name", ["ARCADE_RL_TRAIN_N_ENVS", "ARCADE_RL_RUNDIR"])
def test_a_variable_that_means_nothing_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is not a known key; nearest: ARCADE_RL_"):
        from_environment({name: "3"})


@pytest.mark.parametrize(
    "assignment",
    [
        "train.learning_rate=-1", "train.learning_rate=0", "train.learning_rate=nan", "train.clip_range=-1",
        "train.max_grad_norm=-1", "train.target_kl=-1", "train.ent_coef=nan", "train.vf_coef=inf",
        "train.policy_kwargs={net_arch=[0]}", "train.learning_rate={start=-1}",
    ],
)  # fmt: skip
def test_a_hyperparameter_that_makes_no_sense_is_refused(assignment: str) -> None:
    key = assignment.split("=")[0]
    with pytest.raises(ConfigError, match=key.replace(".", r"\.")):
        resolve([from_assignments([assignment]), Source("t", {"game": "toy"})], load_game)


def test_nothing_is_proposed_for_a_key_that_is_like_no_other() -> None:
    with pytest.raises(ConfigError, match=r"train\.frobnicate is not a known key$"):
        resolve([from_assignments(["train.frobnicate=1"]), Source("t", {"game": "toy"})], load_game)
