"""Numbers, names and devices of the command line are checked before anything is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from arcade_rl import cli

if TYPE_CHECKING:
    from conftest import CommandLine
    from make_run import Made

REPOSITORY = Path(__file__).parents[2]
ODD = ["-1", "2.5", "1e400", "nan", "inf", "-inf", "", "9223372036854775808", f"1{'0' * 23}", "9" * 5000,
    "1e999999999", "1/0", "0.000000000001", "0.000000000001%"]  # fmt: skip


def commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:  # fmt: skip
    """Every command with the words that name it."""
    if not isinstance(command, click.Group):
        yield words, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from commands(found, (*words, name))


def numbers() -> list[tuple[tuple[str, ...], click.Parameter]]:
    """Every option and argument that is a number."""
    textual = (click.types.StringParamType, click.Path, click.Choice, click.types.BoolParamType)
    return [
        (words, parameter)
        for words, command in commands(cli.cli)
        for parameter in command.params
        if not isinstance(parameter.type, textual)
    ]


def test_every_whole_number_has_a_lower_and_an_upper_limit() -> None:
    found = [p for _, p in numbers() if isinstance(p.type, click.types.IntParamType)]
    assert len(found) > 10
    for parameter in found:
        assert isinstance(parameter.type, click.IntRange), parameter.name
        assert parameter.type.min is not None, parameter.name
        assert parameter.type.max is not None, parameter.name


@pytest.mark.parametrize(
    ("words", "parameter"),
    numbers(),
    ids=lambda it: it.name if isinstance(it, click.Parameter) else "-".join(it),
)
def test_an_odd_number_is_refused_at_once_in_one_line(
    words: tuple[str, ...],
    parameter: click.Parameter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for odd in ODD:
        option = [parameter.opts[0], odd] if isinstance(parameter, click.Option) else ["--", odd]
        began = time.process_time()
        code = cli.run([*words, "nothing", *option])
        told = capsys.readouterr().err
        assert code in (2, 3), (odd[:60], told)
        assert len(told.splitlines()) == 1
        assert len(told) < 1000
        assert time.process_time() - began < 30.0
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("reference", ["finished@" + "9" * 5000, "finished@99999999999999999999"])
def test_a_checkpoint_number_of_any_length_is_refused(
    finished: Made, arcade_rl: CommandLine, reference: str
) -> None:
    done = arcade_rl("evaluate", reference, "--runs-dir", str(finished.run.path.parent))
    assert done.returncode == 2
    assert "is not a checkpoint" in done.stderr


@pytest.mark.parametrize("number", ["99999999999999999999", "9" * 5000])
def test_an_episode_number_of_any_length_is_refused(
    finished: Made, arcade_rl: CommandLine, number: str
) -> None:
    runs = str(finished.run.path.parent)
    done = arcade_rl("episodes", "show", f"finished:{number}", "--runs-dir", runs)
    assert done.returncode in (2, 3)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("reference", ["a" * 5000, f"{'a' * 5000}:3", f"{'a' * 5000}.msgpack.lz4"])
@pytest.mark.parametrize("command", [["episodes", "show"], ["export", "episode"]])
def test_an_episode_of_a_name_that_no_file_system_takes_is_not_there(
    arcade_rl: CommandLine, command: list[str], reference: str
) -> None:
    done = arcade_rl(*command, reference)
    assert done.returncode in (2, 3)
    assert len(done.stderr) < 400
    assert "shorter name" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--steps", f"1{'0' * 23}"],
        ["--steps", "1000000000001"],
        ["--set", "train.total_steps=1_000_000_000_000"],
        ["--set", "checkpoint.milestones=0.0000001%"],
        ["--set", "train.device=cuda:77"],
    ],
)
def test_resume_changes_nothing_before_all_is_checked(
    finished: Made, arcade_rl: CommandLine, tmp_path: Path, arguments: list[str]
) -> None:
    run = finished.copy(tmp_path)
    before = run.config.read_bytes()
    done = arcade_rl("resume", run.name, *arguments, "--runs-dir", str(tmp_path))
    assert done.returncode in (2, 3)
    assert len(done.stderr.splitlines()) == 1
    assert run.config.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--set", "train.device=tpu"], 2, "'tpu' is not a device"),
        (["--set", "train.device=cuda:77"], 3, "device cuda:77 is not there"),
        (["--set", "train.policy=Mlp"], 2, "PPO has no policy 'Mlp'; it has MlpPolicy"),
        (["--set", "train.n_envs=1" + "0" * 26], 2, "expected a whole number of 64 bits"),
        (["--set", "train.policy_kwargs.net_arch=[1000000000]"], 2, "expected 65,536 or less"),
        (["--set", "train.policy_kwargs.lstm_hidden_size=8"], 2, "belongs to sb3:RecurrentPPO"),
        (["--set", "train.batch_size=1"], 2, "a batch has 1 step"),
        (["--set", "reward.hit=1e308"], 2, "reward.hit: 1e+308: expected 1e+09 or less"),
        (["--run", "a" * 300], 2, "has 300 letters; expected 200 at most"),
    ],
)
def test_what_no_worker_could_do_is_refused_before_a_run_is_made(
    arcade_rl: CommandLine, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    done = arcade_rl("train", "toy", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list((tmp_path / "cwd").iterdir()) == []


def test_validate_refuses_it_too(arcade_rl: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "cwd" / "a.toml"
    path.write_text('game = "toy"\n[train]\ndevice = "tpu"\n')
    done = arcade_rl("config", "validate", "a.toml")
    assert (done.returncode, done.stderr) == (2, "")
    assert "fault: train.device: 'tpu' is not a device" in done.stdout


def test_a_path_that_is_too_long_is_told_as_that(arcade_rl: CommandLine) -> None:
    done = arcade_rl("config", "show", f"{'a' * 3000}.toml")
    assert done.returncode != 0
    assert "choose a shorter name" in done.stderr
    assert "free space" not in done.stderr
    assert len(done.stderr) < 1000


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux only")
@pytest.mark.parametrize("kib", [250_000, 600_000])
def test_a_training_out_of_address_space_says_what_to_do(tmp_path: Path, kib: int) -> None:
    arcade = f"{sys.executable} -m arcade_rl train toy --run r --steps 512 --set engine.max_restarts=0"  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", f"ulimit -v {kib}; exec {arcade}"],
        cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"a process may map {kib / 1024:,.0f} MiB here" in done.stderr
    assert "ulimit -v" in done.stderr


def documented() -> dict[str, str]:
    """Every variable that is documented, with the value that is shown for it, or "" for none."""
    pages = [*REPOSITORY.glob("docs/*.md"), REPOSITORY / "README.md", *REPOSITORY.glob("*/README.md"), *REPOSITORY.glob("plugins/*/README.md")]  # fmt: skip
    found: dict[str, str] = {}
    for page in pages:
        for name, value in re.findall(r"\b(ARCADE_RL_[A-Z_]*[A-Z])(?:=(\w+))?", page.read_text()):
            found[name] = value or found.get(name, "")
    return found


@pytest.fixture
def documented_values(tmp_path: Path) -> dict[str, str]:
    """A value for every documented variable: the one that is shown for it, or a usual one."""
    return {
        name: value or (str(tmp_path / name) if name.endswith("_DIR") else "toy")
        for name, value in documented().items()
    }


@pytest.mark.parametrize("variable", sorted(documented()))
def test_a_documented_variable_is_no_unknown_one(
    arcade_rl: CommandLine, documented_values: dict[str, str], variable: str
) -> None:
    done = arcade_rl("config", "show", "toy", **{variable: documented_values[variable]})
    assert (done.returncode, done.stderr) == (0, "")


def test_documented_variables_are_taken_by_every_command_that_resolves(
    arcade_rl: CommandLine, documented_values: dict[str, str]
) -> None:
    small = ["--run", "r", "--steps", "256", "--set", "train.n_steps=32"]
    done = arcade_rl("train", "toy", *small, **documented_values)
    assert done.returncode == 0, done.stderr
    run = Path(documented_values["ARCADE_RL_RUNS_DIR"]) / "r"
    assert (run / "run.json").is_file()
    done = arcade_rl("resume", str(run), "--steps", "512", **documented_values)
    assert done.returncode == 0, done.stderr


def test_every_variable_of_the_program_is_documented() -> None:
    from arcade_rl.config.resolve import ENVIRONMENT_PREFIX, ENVIRONMENT_SETTINGS

    assert {f"{ENVIRONMENT_PREFIX}{name}" for name in ENVIRONMENT_SETTINGS} <= documented().keys()
