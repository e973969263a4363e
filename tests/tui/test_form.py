"""The form of a new run, and the command lines of the cockpit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arcade_rl import cli
from arcade_rl.config import Config
from arcade_rl.errors import UsageError
from arcade_rl.tui.episode_rows import parse_query, words_of
from arcade_rl.tui.form import FIRST, StartForm, core_help, game_help
from arcade_rl.tui.invocation import Caller, Invocation

if TYPE_CHECKING:
    from conftest import CommandLine


def checked(form: StartForm, arcade_rl: CommandLine) -> StartForm:
    done = arcade_rl(*form.checking.words)
    form.take(done.returncode, done.stdout, done.stderr)
    return form


def test_the_form_has_every_key_with_its_documentation(arcade_rl: CommandLine) -> None:
    form = StartForm()
    form.choose("toy")
    checked(form, arcade_rl)
    form.helps |= game_help(json.loads(arcade_rl("plugins", "show", "toy", "--json").stdout))
    keys = [row.key for row in form.rows()]
    assert keys[:4] == ["seed", "train.total_steps", "train.n_envs", "train.env_processes"]
    assert {"options.length", "reward.hit", "engine.backoff_s"} <= set(keys)
    assert len(keys) == len(set(keys)) > 60
    assert set(FIRST) <= set(keys)
    assert "Number of parallel environments" in form.about("train.n_envs")
    assert "1 when the lit button was pressed" in form.about("reward.hit")
    assert form.rows("LEARNING_RATE")[0].key == "train.learning_rate"
    assert all(known.meaning and known.kind for known in core_help().values())


def test_a_value_is_checked_and_a_fault_is_one_line(arcade_rl: CommandLine) -> None:
    form = StartForm()
    form.choose("toy")
    form.set("train.n_envs", "4")
    assert checked(form, arcade_rl).is_ready
    assert form.values["train"]["n_envs"] == 4
    form.set("train.n_envs", "many")
    assert not checked(form, arcade_rl).is_ready
    assert form.fault.startswith("--set: train.n_envs")
    form.set("train.n_envs", "")
    assert checked(form, arcade_rl).is_ready
    assert form.assignments == {}


def test_a_value_that_is_a_table_is_one_row_and_can_be_set(arcade_rl: CommandLine) -> None:
    form = StartForm()
    form.choose("toy")
    form.set("train.learning_rate", "{ start = 0.001, end = 0.0001 }")
    assert checked(form, arcade_rl).fault == ""
    form.assignments.clear()
    (row,) = form.rows("learning_rate")[:1]
    assert row.cells[2].text == "{ start = 0.001, end = 0.0001 }"
    keys = [row.key for row in form.rows()]
    assert not {"options", "reward"} & set(keys)


def test_the_preview_is_the_file_that_the_run_gets(arcade_rl: CommandLine) -> None:
    import tomllib

    form = StartForm()
    form.choose("toy")
    form.set("train.total_steps", "4096")
    config = Config.model_validate(tomllib.loads(checked(form, arcade_rl).toml))
    assert config.train.run_steps == 4096
    assert str(form.starting(Caller(None))) == (
        "arcade-rl train toy --set train.total_steps=4096 --detach"
    )


def test_several_seeds_are_one_command_line() -> None:
    form = StartForm()
    form.choose("toy")
    form.set("seed", "9")
    form.name, form.seeds = "a", "0..1"
    assert (form.names, form.count) == (["a-0", "a-1"], 2)
    call = "arcade-rl train toy --run a --seeds 0..1 --detach"
    assert str(form.starting(Caller(None))) == call
    form.seeds = ""
    assert (form.names, form.count) == (["a"], 1)
    assert "--set seed=9" in str(form.starting(Caller(None)))


CALLS = [
    Caller(None).train("toy", "a", {"seed": "1"}),
    Caller(Path("x y")).train("toy", ""),
    Caller(None).train("toy", "a", {}, seeds="0..4"),
    Caller(None).resume("a"),
    Caller(None).resume("a", 100),
    Caller(None).resume("a", is_paused=True),
    Caller(None).stop("a"),
    Caller(None).pause("a"),
    Caller(None).delete("a"),
    Caller(None).evaluate("a@best"),
    Caller(None).watch("a:3"),
    Caller(None).verify("a", [1, 2]),
    Caller(None).film("a:3"),
    Caller(None).milestones("a"),
    Caller(Path("r")).of_runs("runs", "list", "--json"),
    Caller(Path("r")).of_runs("runs", "show", "a", "--json"),
    Caller(Path("r")).of_runs("episodes", "list", "a", *words_of(parse_query("score>=3 reason:all sort:-return")), "--json"),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_every_call_is_a_command_line_that_exists(call: Invocation) -> None:
    import click

    command: click.Command = cli.cli
    words = list(call.words)
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None
        command = found
    command.make_context("arcade-rl", words)


def test_a_filter_of_episodes_says_what_episodes_list_says() -> None:
    query = parse_query("score>=100 reason:record opponent:x stage:2 sort:-return")
    assert words_of(query) == [
        "--metric", "score>=100", "--metric", "stage=2", "--reason", "record", "--opponent", "x",
        "--sort", "-return",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["score", "nope:3", "sort:", "stage:x", "reason:unknown"])
def test_a_word_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_query(text)
