"""`config show` and `config validate`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arcade_rl.config import DEFAULTS, Checkpoint

if TYPE_CHECKING:
    from conftest import CommandLine

GOOD = 'game = "toy"\n[train]\nn_envs = 2\n'
BAD = 'game = "toy"\n[train]\nn_env = 2\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where `arcade_rl` runs, with configurations in it."""
    configs = tmp_path / "cwd" / "configs" / "toy"
    configs.mkdir(parents=True, exist_ok=True)
    (configs / "good.toml").write_text(GOOD)
    return configs.parent.parent


def test_show_names_every_origin(arcade_rl: CommandLine, folder: Path) -> None:
    path = str(Path("configs") / "toy" / "good.toml")
    arguments = ["config", "show", path, "--set", "train.gamma=0.5"]
    done = arcade_rl(*arguments, "--json", ARCADE_RL_SEED__X="", ARCADE_RL_CHUNK__STEPS="2048")
    assert done.returncode == 2  # seed is no table
    done = arcade_rl(*arguments, "--json", ARCADE_RL_CHUNK__STEPS="2048")
    told = json.loads(done.stdout)
    assert folder.exists()
    assert told["values"]["train"]["n_envs"] == 2
    assert told["values"]["chunk"] == {"steps": 2048, "standby": True}
    origins = told["origins"]
    assert origins["train.n_envs"] == path
    assert origins["train.gamma"] == "--set"
    assert origins["chunk.steps"] == "ARCADE_RL_CHUNK__STEPS"
    assert origins["train.n_steps"] == origins["reward.hit"] == "default of toy"
    assert origins["train.threads"] == "default"


def test_show_looks_like_toml(arcade_rl: CommandLine) -> None:
    lines = arcade_rl("config", "show", "toy").stdout.splitlines()
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in lines}
    assert rows["key"] == ["value", "origin"]
    assert rows["game"] == ['"toy"', "command line"]
    assert rows["options.masks"] == ["false", "default of toy"]
    assert rows["train.policy_kwargs.net_arch"] == ["[16]", "default of toy"]
    assert rows["train.gae_lambda"] == ["0.95", "default of PPO"]
    assert rows["train.clip_range"] == ["0.2", "default of PPO"]
    assert rows["train.target_kl"] == ["none", "default of PPO"]
    assert rows["train.compile"] == ["false", 'off without precision = "fast"']
    assert rows["train.policy_kwargs.activation_fn"] == ['"tanh"', "default of the policy"]


@pytest.mark.parametrize("algorithm", DEFAULTS)
def test_show_has_a_value_for_every_hyperparameter_of_the_algorithm(
    arcade_rl: CommandLine, algorithm: str
) -> None:
    arguments = ["--set", f"train.algorithm={algorithm}"]
    arguments += ["--set", "options.masks=true"] * algorithm.endswith("MaskablePPO")
    told = json.loads(arcade_rl("config", "show", "toy", *arguments, "--json").stdout)
    train = told["values"]["train"]
    assert train.keys() >= DEFAULTS[algorithm].keys()
    for name, value in DEFAULTS[algorithm].items():
        if told["origins"][f"train.{name}"] == f"default of {algorithm}":
            assert train[name] == value
    assert train["policy_kwargs"]["normalize_images"] is True


def test_a_folder_with_a_games_name_hides_no_game(arcade_rl: CommandLine, folder: Path) -> None:
    (folder / "toy").mkdir()
    assert arcade_rl("config", "show", "toy").returncode == 0


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ("absent.toml", 2, "absent.toml does not exist; expected a TOML configuration"),
        ("configs/toy/god.toml", 2, "did you mean configs/toy/good.toml?"),
        ("configs/toy/xyz.toml", 2, "configs/toy has configs/toy/good.toml"),
        (
            "configs/toy",
            2,
            "configs/toy is a directory; expected one configuration, and it has configs/toy/good.toml",
        ),
        ("configs/absent", 2, "configs/absent does not exist"),
        ("toi", 3, "did you mean toy?"),
        ("breakout:quik", 2, "no configuration named quik; did you mean breakout:quick?"),
        ("breakout:x", 2, "named x; there are breakout:pixels, breakout:quick"),
        ("breakout:", 2, "named (nothing); there are breakout:pixels, breakout:quick"),
        ("toy:x", 2, "none ships with it: expected toy alone, for its defaults, or a file"),
        ("toi:x", 3, "did you mean toy?"),
    ],
)
def test_a_target_that_is_not_there_is_named(
    arcade_rl: CommandLine, folder: Path, target: str, code: int, message: str
) -> None:
    assert folder.exists()
    done = arcade_rl("config", "show", target)
    assert done.returncode == code
    assert message in done.stderr


def test_a_configuration_that_ships_with_a_game_is_named_by_both(arcade_rl: CommandLine) -> None:
    told = json.loads(arcade_rl("config", "show", "breakout:quick", "--json").stdout)
    assert told["values"]["chunk"]["steps"] == 30_000
    assert told["origins"]["chunk.steps"] == "breakout:quick"


def test_list_has_every_configuration_that_ships(arcade_rl: CommandLine) -> None:
    rows = json.loads(arcade_rl("config", "list", "--json").stdout)
    files = {row["name"]: Path(row["path"]) for row in rows}
    assert {"breakout:pixels", "breakout:quick", "go2:walk"} <= set(files)
    for name, file in files.items():
        assert name == f"{file.parent.name}:{file.stem}"
        assert tomllib.loads(file.read_text())["game"] == file.parent.name
    assert min(len(row["summary"]) for row in rows) > 20, "a summary is a whole sentence"
    table = arcade_rl("config", "list", "breakout").stdout.splitlines()
    assert table[-1].split("  ")[0] == "breakout:quick"
    assert "what scripts/demo trains" in table[-1]
    assert arcade_rl("config", "list", "toi").returncode == 3


def test_validate_follows_links(arcade_rl: CommandLine, folder: Path) -> None:
    (folder / "configs" / "linked").symlink_to(folder / "configs" / "toy")
    done = arcade_rl("config", "validate")
    assert done.stdout.splitlines() == [
        f"{Path('configs') / 'linked' / 'good.toml'}: ok",
        f"{Path('configs') / 'toy' / 'good.toml'}: ok",
    ]


def test_validate_checks_every_file_below_configs(arcade_rl: CommandLine, folder: Path) -> None:
    done = arcade_rl("config", "validate")
    good = Path("configs") / "toy" / "good.toml"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{good}: ok\n", "")
    (folder / "configs" / "bad.toml").write_text(BAD)
    done = arcade_rl("config", "validate")
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        f"{Path('configs') / 'bad.toml'}: fault: "
        "train.n_env is not a known key; nearest: train.n_envs",
        f"{good}: ok",
    ]


def test_validate_skips_games_that_are_not_installed(arcade_rl: CommandLine, folder: Path) -> None:
    (folder / "configs" / "other.toml").write_text('game = "tetris"')
    (folder / "configs" / "nameless.toml").write_text("seed = 1")
    done = arcade_rl("config", "validate")
    said = {line.split(": ")[0]: line.split(": ")[1:3] for line in done.stdout.splitlines()}
    assert done.returncode == 2  # for the nameless one alone
    assert said["configs/toy/good.toml"] == ["ok"]
    assert said["configs/nameless.toml"][0] == "fault"
    reason = "no installed plugin offers a game named tetris; installed"
    assert said["configs/other.toml"] == ["skipped", reason]
    (folder / "configs" / "nameless.toml").unlink()
    done = arcade_rl("config", "validate", "--json")
    assert done.returncode == 0
    assert sorted(row["ok"] is None for row in json.loads(done.stdout)) == [False, True]


def test_a_run_is_told_from_a_game(arcade_rl: CommandLine, runs: Path) -> None:
    done = arcade_rl("config", "show", "r")
    assert done.returncode == 3
    assert (
        f"r is a run, and no game; its configuration is {runs / 'r' / 'config.toml'}" in done.stderr
    )


def test_validate_takes_paths_and_speaks_json(arcade_rl: CommandLine, folder: Path) -> None:
    (folder / "bad.toml").write_text(BAD)
    (folder / "gone.toml").write_text('game = "tetris"')
    names = ["bad.toml", "gone.toml", "absent.toml", "configs"]
    done = arcade_rl("config", "validate", *names, "--json")
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert [row["ok"] for row in told] == [False, False, False, True]
    assert told[1]["fault"].startswith("no installed plugin offers a game named tetris")


def test_a_criterion_of_a_metric_that_the_game_lacks_is_a_fault(
    arcade_rl: CommandLine, folder: Path
) -> None:
    criterion = '{ name = "performance", metric = "hist" }'
    (folder / "bad.toml").write_text(f'game = "toy"\n[recording]\ncriteria = [{criterion}]\n')
    fault = (
        "recording.criteria: performance: there is no metric 'hist'; it may be return, hits, streak"
    )
    done = arcade_rl("config", "validate", "bad.toml")
    assert (done.returncode, done.stdout) == (2, f"bad.toml: fault: {fault}\n")
    done = arcade_rl("config", "show", "bad.toml")
    assert (done.returncode, done.stderr) == (2, f"arcade-rl: error: bad.toml: {fault}\n")


def test_validate_ignores_the_environment(arcade_rl: CommandLine, folder: Path) -> None:
    assert folder.exists()
    assert arcade_rl("config", "validate", ARCADE_RL_TRAIN__N_ENV="4").returncode == 0


def test_nothing_to_validate_is_an_error(arcade_rl: CommandLine) -> None:
    done = arcade_rl("config", "validate")
    assert done.returncode == 3
    assert done.stderr == "arcade-rl: error: configs holds no *.toml; name the files to check\n"


def test_keys_explains_a_table_or_a_key(arcade_rl: CommandLine) -> None:
    done = arcade_rl("config", "keys", "checkpoint", "train.gamma")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    names = [line.split()[0] for line in lines if line and not line.startswith("[")]
    assert names == ["train.gamma", *(f"checkpoint.{k}" for k in Checkpoint.model_fields)]
    (gamma,) = (line for line in lines if line.startswith("train.gamma"))
    assert gamma.startswith("train.gamma  float >= 0, <= 1; default 0.99.  Discount factor ")


def test_keys_speaks_json(arcade_rl: CommandLine) -> None:
    rows = {row["name"]: row for row in json.loads(arcade_rl("config", "keys", "--json").stdout)}
    assert rows["game"] == {
        "table": "top level",
        "name": "game",
        "type": "str",
        "default": "",
        "meaning": "Name of the game, as `arcade-rl plugins list` shows it.",
        "algorithms": [],
    }
    assert rows["train.cg_damping"]["algorithms"] == ["sb3:TRPO"]


def test_keys_refuses_a_name_that_is_none(arcade_rl: CommandLine) -> None:
    done = arcade_rl("config", "keys", "train.gama")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("train.gama is not a known key; nearest: train.gamma\n")
