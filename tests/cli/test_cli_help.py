"""The command line answers quickly, keeps stdout for data, and turns errors into one line."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click
import pytest

from arcade_rl import __version__, cli
from arcade_rl.errors import ArcadeError, Interrupted, LockedError, MissingError, UsageError

if TYPE_CHECKING:
    from conftest import CommandLine, CommandLineProcess

HEAVY = {"torch", "stable_baselines3", "sb3_contrib", "gymnasium", "numpy", "pydantic", "rich"}
LEAVES = [
    *([name] for name in cli.COMMANDS),
    *(["plugins", name] for name in ("list", "show", "check")),
    *(["roms", name] for name in ("check", "import", "list")),
    *(["config", name] for name in ("list", "show", "keys", "validate")),
    ["runs", "report"],
    ["runs", "watch"],
]


@pytest.mark.parametrize("command", [[], *LEAVES], ids=" ".join)
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys; from arcade_rl.cli import run\n"
        "assert run(sys.argv[1:]) == 0\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command, "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"Usage: {' '.join(['arcade-rl', *command])} ")
    assert not HEAVY & set(done.stderr.split())


def test_no_arguments_print_the_help(arcade_rl: CommandLine) -> None:
    done = arcade_rl()
    assert done.returncode == 0
    assert done.stderr == ""
    assert all(f"  {name} " in done.stdout for name in cli.COMMANDS)
    assert done.stdout == arcade_rl("--help").stdout


def test_the_version_is_the_packages(
    arcade_rl: CommandLine, arcade_rl_process: CommandLineProcess
) -> None:
    assert arcade_rl_process("--version").stdout == f"arcade-rl {__version__}\n"
    for words in (["-V"], ["version"]):
        assert arcade_rl(*words).stdout == f"arcade-rl {__version__}\n"


def commands(
    group: click.Group, *names: str
) -> Iterator[tuple[list[str], click.Context, click.Command]]:
    """Every command below a group, with the words that call it."""
    context = click.Context(group, info_name=cli.PROGRAM)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield [*names, name], click.Context(command, parent=context, info_name=name), command
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)


def test_help_is_a_command_too(arcade_rl: CommandLine) -> None:
    assert arcade_rl("help").stdout == arcade_rl("--help").stdout
    assert arcade_rl("help", "runs", "show").stdout == arcade_rl("runs", "show", "--help").stdout


def test_every_command_has_examples_which_are_command_lines_that_exist() -> None:
    """Every option of an example is one of its command, and every word that is demanded is there."""
    known = {" ".join(words): context for words, context, _ in commands(cli.cli)}
    for words, _, command in commands(cli.cli):
        title, *lines = (command.epilog or "none").removeprefix("\b\n").splitlines()
        assert title in ("Example:", "Examples:"), words
        assert any(line.startswith(f"  arcade-rl {' '.join(words)}") for line in lines) or (
            words == ["completion"]
        ), words
        for line in lines:
            assert_is_command_line(line, known)


def assert_is_command_line(line: str, known: Mapping[str, click.Context]) -> None:
    text = re.sub(r'^eval "\$\((.*)\)"', r"\1", line.partition("    #")[0].strip())
    program, *words = shlex.split(re.split(r" \| | > ", text)[0])
    assert program == cli.PROGRAM
    length = max(k for k in range(1, len(words) + 1) if " ".join(words[:k]) in known)
    context = known[" ".join(words[:length])]
    command = context.command
    assert not isinstance(command, click.Group)
    values, rest, _ = command.make_parser(context).parse_args(words[length:])
    assert rest == []
    missing = [p.name for p in command.params if p.required and values.get(p.name or "") is None]
    assert missing == [], line


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_is_what_the_table_says(command: str) -> None:
    found = cli.cli.get_command(click.Context(cli.cli), command)
    assert isinstance(found, click.Command)
    assert found.name == command
    assert found.help


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope"], "No such command 'nope'. Try: arcade-rl --help"),
        (["trian", "toy"], "No such command 'trian'. Did you mean 'train'? Try: arcade-rl --help"),
        (["run", "list"], "No such command 'run'. Did you mean 'runs'? Try: arcade-rl --help"),
        (["help", "trian"], "No such command 'trian'. Did you mean 'train'? Try: arcade-rl --help"),
        (
            ["help", "runs", "shw"],
            "No such command 'shw'. Did you mean 'show'? Try: arcade-rl runs --help",
        ),
        (
            ["help", "doctor", "x"],
            "arcade-rl doctor has no commands of its own. Try: arcade-rl doctor --help",
        ),
        (
            ["train", "toy", "--set"],
            "Option '--set' requires an argument. Try: arcade-rl train --help",
        ),
        (
            ["runs", "show", "r", "--runs-dir"],
            "Option '--runs-dir' requires an argument. Try: arcade-rl runs show --help",
        ),
        (
            ["completion", "bsh"],
            "Invalid value for '{bash|zsh|fish}': 'bsh' is not one of 'bash', 'zsh', 'fish'. "
            "Did you mean 'bash'? Try: arcade-rl completion --help",
        ),
        (["doctor", "--nope"], "No such option '--nope'. Try: arcade-rl doctor --help"),
        (["no  pe"], "No such command 'no  pe'. Try: arcade-rl --help"),
        (
            ["config", "show"],
            "Missing argument 'CONFIG|GAME[:NAME]'. Try: arcade-rl config show --help",
        ),
        (["runs", "lst"], "No such command 'lst'. Did you mean 'list'? Try: arcade-rl runs --help"),
    ],
)
def test_wrong_usage_is_one_line_and_exits_with_2(
    arcade_rl: CommandLine, arguments: list[str], message: str
) -> None:
    done = arcade_rl(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"arcade-rl: error: {message}\n"


def test_a_group_alone_prints_its_help(arcade_rl: CommandLine) -> None:
    done = arcade_rl("runs")
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: arcade-rl runs ")


def test_a_mistake_is_one_line_without_a_traceback(arcade_rl: CommandLine) -> None:
    done = arcade_rl("config", "show", "toy", "--set", "train.n_env=4")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "arcade-rl: error: --set: train.n_env is not a known key; nearest: train.n_envs\n"
    )


def test_debugging_shows_the_traceback_too(arcade_rl: CommandLine) -> None:
    done = arcade_rl("config", "show", "tetris", ARCADE_RL_DEBUG="1")
    assert done.returncode == 3
    assert "Traceback (most recent call last)" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("arcade-rl: error: no installed plugin")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ArcadeError("a\nb"), 1),
        (UsageError("a\nb"), 2),
        (MissingError("a\nb"), 3),
        (LockedError("a\nb"), 5),
        (Interrupted("a\nb"), 130),
    ],
)
def test_an_error_decides_the_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: ArcadeError,
    code: int,
) -> None:
    assert run_raising(monkeypatch, error) == code
    assert capsys.readouterr() == ("", "arcade-rl: error: a b\n")


def test_an_interrupt_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_raising(monkeypatch, KeyboardInterrupt()) == 130


def run_raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """The exit code of a command that raises."""

    def fail(*_: object) -> None:
        raise error

    doctor = importlib.import_module("arcade_rl.cli.doctor").doctor
    monkeypatch.setattr(doctor, "callback", lambda **_: fail())
    return cli.run(["doctor"])


@pytest.mark.parametrize("command", [["--help"], ["config", "show", "toy"]], ids=" ".join)
def test_a_reader_that_leaves_is_no_accident(
    arcade_rl_process: CommandLineProcess, command: list[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = arcade_rl_process(*command, stdout=writing)
    finally:
        os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 1
