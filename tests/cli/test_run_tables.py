"""A mean says over how many episodes it is, and warns where they are few."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import CommandLine
from make_run import Made, make_run
from terminal import said_on_terminal

from arcade_rl import cli

Output = pytest.CaptureFixture[str]


@pytest.mark.parametrize(("length", "is_few"), [("length=100", True), ("length=5", False)])
def test_a_mean_over_few_episodes_is_marked(
    tmp_path: Path, arcade_rl: CommandLine, length: str, is_few: bool
) -> None:
    made = make_run(tmp_path, f"options.{length}", chunks=1)
    listed = arcade_rl("runs", "list", ARCADE_RL_RUNS_DIR=str(tmp_path))
    assert listed.returncode == 0
    assert ("*" in listed.stdout) == is_few
    assert ("a mean over fewer than 20 episodes" in listed.stderr) == is_few
    shown = arcade_rl("runs", "show", made.run.name, ARCADE_RL_RUNS_DIR=str(tmp_path))
    assert "of episodes" in shown.stdout
    assert ("*" in shown.stdout) == is_few
    assert ("a mean over fewer than 20 episodes" in shown.stdout) == is_few


def test_the_tables_of_a_run_are_readable_on_80_columns(
    finished: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished.copy(tmp_path)
    monkeypatch.setenv("ARCADE_RL_RUNS_DIR", str(tmp_path))
    assert cli.run(["evaluate", run.name, "--episodes", "9"]) == 0
    lines = said_on_terminal("stdout", 80, lambda: cli.run(["runs", "show", run.name]))
    assert max(len(line) for line in lines if not line.startswith("path")) <= 80
    heads = [line.split() for line in lines if line.split()[:1] in (["chunk"], ["conditions"])]
    chunks, stored, evaluated = heads
    assert chunks[:6] == ["chunk", "steps", "episodes", "return", "chunk", "hits"]
    assert " ".join(stored[:7]) == "chunk done steps last-100 hits of episodes"
    assert " ".join(evaluated) == "conditions hits of episodes 95 % interval"
    rows = [line.split() for line in lines if re.match(r" +\d+ ", line)]
    assert [len(row) for row in rows[:4]] == [9] * 4  # "0 s" are two words
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "0", "2", "3", "4"]
    assert any(re.search(r"\d\* +9 ", line) for line in lines)


def test_an_evaluation_over_few_episodes_warns(
    finished: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    run = finished.copy(tmp_path)
    monkeypatch.setenv("ARCADE_RL_RUNS_DIR", str(tmp_path))
    for episodes, is_few in ((19, True), (20, False)):
        assert cli.run(["evaluate", run.name, "--episodes", str(episodes)]) == 0
        said = capsys.readouterr()
        rows = [line.split() for line in said.out.splitlines() if line.startswith(("hits", "len"))]
        assert [row[1].endswith("*") for row in rows] == [is_few] * 2
        assert ("a mean over fewer than 20 episodes" in said.err) == is_few
