"""`arcade-rl evaluate`: what it prints is what it stores."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from make_run import Made

from arcade_rl import cli
from arcade_rl.runs import evaluations
from arcade_rl.runs.directory import RunDirectory


@pytest.fixture
def run(finished: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    """A copy of a finished run in the runs directory."""
    monkeypatch.setenv("ARCADE_RL_RUNS_DIR", str(tmp_path))
    return finished.copy(tmp_path)


Output = pytest.CaptureFixture[str]


def test_a_table_with_its_conditions_above(run: RunDirectory, capsys: Output) -> None:
    assert cli.run(["evaluate", "finished"]) == 0
    said = capsys.readouterr()
    (path,) = evaluations.stored(run)
    # the toy's defaults
    assert re.fullmatch(r"000004-[0-9a-f]{8}-seed1000000-20x4-sampled\.json", path.name)
    stored = evaluations.read(path)
    lines = said.out.splitlines()
    assert lines[0] == f"finished, checkpoint 4, weights {stored.weights_sha256[:12]}"
    assert lines[1] == (
        "toy, protocol toy-full-v1, stage easy, actions sampled, episodes 20, environments 4, "
        "seed 1000000"
    )
    assert lines[2] == f"{sum(stored.episodes.truncated)} of 20 were cut by a limit"
    header = ["metric", "mean", "95 % interval", "median", "min", "max", "unit"]
    assert lines[3].split() == " ".join(header).split()
    rows = {line.split()[0]: line.split() for line in lines[4:]}
    assert list(rows) == ["return", "length", "hits", "streak"]
    hits = stored.metrics["hits"]
    assert hits.interval is not None
    assert rows["hits"][1:5] == [
        f"{hits.mean:.2f}", f"{hits.interval[0]:.2f}", "to", f"{hits.interval[1]:.2f}",
    ]  # fmt: skip
    assert rows["hits"][-1] == f"{hits.maximum:.0f}"
    assert rows["streak"][-1] == "hits"
    assert said.err == f"stored in {path}\n"


def test_json_is_what_is_stored(run: RunDirectory, capsys: Output) -> None:
    arguments = ["--episodes", "7", "--envs", "3", "--seed", "9", "--deterministic", "--json"]
    assert cli.run(["evaluate", "finished@best", *arguments]) == 0
    printed = json.loads(capsys.readouterr().out)
    (path,) = evaluations.stored(run)
    assert printed.pop("file") == str(path)
    stored = json.loads(path.read_bytes())
    for each in (stored, stored["episodes"]):
        each["return"] = each.pop("raw_return")  # the name that people know it by
    assert printed == stored
    assert path.name.endswith("-seed9-7x3-deterministic.json")
    assert printed["n_envs"] == 3
    assert len(printed["episodes"]["seed"]) == 7


def test_a_single_episode_has_no_interval(run: RunDirectory, capsys: Output) -> None:
    assert cli.run(["evaluate", "finished@50%", "--episodes", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines if line.startswith(("hits", "return"))] == ["-", "-"]
    (path,) = evaluations.stored(run)
    assert path.name.startswith("000002-")
    assert json.loads(path.read_bytes())["metrics"]["hits"]["interval"] is None


def test_the_same_command_gives_the_same_numbers(run: RunDirectory, capsys: Output) -> None:
    tables = []
    for _ in range(2):
        assert cli.run(["evaluate", "finished", "--episodes", "9"]) == 0
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1]
    assert len(evaluations.stored(run)) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nothing"], 3, "no run named nothing"),
        (["finished@1"], 3, "has no checkpoint 1; it keeps"),
        (["finished@30%"], 3, "has no milestone 30%"),
        (["finished@newest"], 2, "newest is not a checkpoint"),
        (["finished", "--episodes", "0"], 2, "0"),
        (["finished", "--device", "cuda:77"], 3, "device cuda:77 is not there"),
        (["finished", "--device", "pocket calculator"], 2, "is not a device"),
    ],
)
def test_what_cannot_be_played_is_refused(
    run: RunDirectory, capsys: Output, arguments: list[str], code: int, said: str
) -> None:
    assert cli.run(["evaluate", *arguments]) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert said in output.err
    assert evaluations.stored(run) == []


def test_a_damaged_checkpoint_is_refused(run: RunDirectory, capsys: Output) -> None:
    state = run.checkpoint(4) / "state.json"
    state.write_text(state.read_text().replace("2048", "2049"))
    assert cli.run(["evaluate", "finished"]) == 4
    assert "state.json has SHA-256" in capsys.readouterr().err


def test_the_terminal_gets_a_table_and_a_bar(
    run: RunDirectory, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert cli.run(["evaluate", "finished", "--episodes", "5"]) == 0
    assert "streak" in capsys.readouterr().out
