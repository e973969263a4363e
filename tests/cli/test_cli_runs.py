"""`arcade-rl runs`: what is stored is shown, and what is damaged hides nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLine
from make_run import Made, make_run
from old_database import make_old
from supervised import call as call_process
from supervised import rows
from terminal import said_on_terminal

from arcade_rl import cli
from arcade_rl.runs import evaluations
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import TRASH, RunDirectory
from arcade_rl.runs.evaluations import Evaluation, PlayedEpisodes, Summary
from arcade_rl.runs.events import PHASES, Episodes, Event, Update, read_log
from arcade_rl.runs.lock import RunLock
from arcade_rl.runs.summary import summarize

Output = pytest.CaptureFixture[str]


@pytest.fixture
def root(finished: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runs directory with two finished runs, "finished" and "other"."""
    monkeypatch.setenv("ARCADE_RL_RUNS_DIR", str(tmp_path))
    finished.copy(tmp_path)
    shutil.copytree(finished.run.path, tmp_path / "other")
    return tmp_path


def call(capsys: Output, *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.run(["runs", *arguments])
    output = capsys.readouterr()
    return code, output.out, output.err


def values(capsys: Output, *arguments: str) -> Any:
    code, out, _ = call(capsys, *arguments, "--json")
    assert code == 0
    return json.loads(out)


def an_evaluation(score: float) -> Evaluation:
    summary = Summary(score, (score - 1, score + 1), score, score, score)
    played = PlayedEpisodes([1], [10], [score], [True], {"hits": [score]})
    return Evaluation(
        run="finished", game="toy", chunk=4, weights_sha256="0" * 64, protocol="toy-full-v1",
        deterministic=False, seed=7, n_envs=1, device="cpu", stage=0, created=1.7e9,
        episodes=played, raw_return=summary, length=summary, metrics={"hits": summary},
    )  # fmt: skip


# list


def test_the_list_has_a_row_for_every_run(root: Path, capsys: Output) -> None:
    code, out, err = call(capsys, "list")
    assert (code, err) == (0, "")
    header, *rows = out.splitlines()
    assert header.split() == [
        "run",
        "game",
        "state",
        "done",
        "steps",
        "episodes",
        "metric",
        "last-100",
        "mean",
        "started",
        "age",
    ]
    assert [row.split()[:7] for row in rows] == [
        [name, "toy", "finished", "100", "%", "2,048", row.split()[6]]
        for name, row in zip(("finished", "other"), rows, strict=True)
    ]
    with Database.reading(root / "finished" / "run.db") as database:
        mean = database.recent_mean("hits")
    assert rows[0].split()[7:9] == ["hits", f"{mean:.2f}"]


def test_the_list_as_json(root: Path, capsys: Output) -> None:
    rows = values(capsys, "list")
    assert [row["name"] for row in rows] == ["finished", "other"]
    first = rows[0]
    assert (first["state"], first["progress"], first["steps"]) == ("finished", 1.0, 2048)
    assert first["total_steps"] == 2048
    assert first["last_100_mean"] == first["last_100_means"]["hits"]
    assert first["faults"] == []


def test_an_empty_runs_directory(tmp_path: Path, capsys: Output) -> None:
    code, out, err = call(capsys, "list", "--runs-dir", str(tmp_path))
    assert (code, out) == (0, "")
    assert "start one with `arcade-rl train`" in err
    assert values(capsys, "list", "--runs-dir", str(tmp_path)) == []


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_run_without_its_supervisor_is_interrupted(
    root: Path, capsys: Output, state: str
) -> None:
    run = RunDirectory(root / "finished")
    database = Database.open(run.database)
    database.set_status(state, pid=4711)
    database.close()
    assert values(capsys, "list")[0]["state"] == "interrupted"
    assert "process 4711, is gone" in call(capsys, "show", "finished")[1]
    with RunLock(run.lock):
        first = values(capsys, "list")[0]
        assert (first["state"], first["pid"]) == (state, os.getpid())


def test_a_run_that_is_not_done_tells_how_far_it_is(tmp_path: Path, capsys: Output) -> None:
    make_run(tmp_path, chunks=1)
    (row,) = values(capsys, "list", "--runs-dir", str(tmp_path))
    assert (row["state"], row["progress"], row["steps"]) == ("stopped", 0.25, 512)


def garbage(path: Path) -> None:
    path.write_bytes(b"\0garbage" * 999)


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no database": (lambda run: (run / "run.db").unlink(), "runs reindex"),
    "broken database": (lambda run: garbage(run / "run.db"), "runs reindex"),
    "torn database": (lambda run: os.truncate(run / "run.db", 9000), "runs reindex"),
    "empty database": (lambda run: os.truncate(run / "run.db", 0), "runs reindex"),
    "no configuration": (lambda run: (run / "config.toml").unlink(), "config.toml"),
    "broken configuration": (lambda run: garbage(run / "config.toml"), "config.toml"),
    "foreign configuration": (lambda run: (run / "config.toml").write_text("x = 1"), "config.toml"),
    "broken identity": (lambda run: garbage(run / "run.json"), "run.json"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_run_hides_no_other(root: Path, capsys: Output, damage: str) -> None:
    break_, said = DAMAGE[damage]
    break_(root / "finished")
    code, out, err = call(capsys, "list")
    assert code == 0
    assert sorted(line.split()[0] for line in out.splitlines()) == ["finished", "other", "run"]
    assert len(err.splitlines()) == 1
    assert err.startswith("finished: ")
    assert said in err
    for command in (["show", "finished"], ["diff", "finished", "other"]):
        code, out, err = call(capsys, *command)
        assert code == 0
        assert "2,048" in out or "2048" in out
        assert said in err
        json.loads(call(capsys, *command, "--json")[1])


def test_a_damaged_checkpoint_is_told_of(root: Path, capsys: Output) -> None:
    (root / "finished" / "checkpoints" / "000004" / "model.zip").write_bytes(b"x")
    assert call(capsys, "list")[0] == 0
    code, out, err = call(capsys, "show", "finished")
    assert code == 0
    assert "damaged" in out
    assert "checkpoint 4 is damaged" in err
    assert "`arcade-rl resume` puts it aside" in err
    assert len(err.splitlines()) == 1


def test_without_a_database_the_newest_sound_checkpoint_speaks(root: Path) -> None:
    run = RunDirectory(root / "finished")
    run.database.unlink()
    assert summarize(run).steps == 2048
    (run.checkpoint(4) / "model.zip").write_bytes(b"x")
    summary = summarize(run)
    assert (summary.steps, summary.state) == (1536, "unknown")
    assert summary.mean is not None


def test_the_metric_is_the_one_that_the_run_says(root: Path) -> None:
    run = RunDirectory(root / "finished")
    assert summarize(run).metric == "hits"
    identity = json.loads(run.identity_file.read_bytes())
    run.identity_file.write_text(json.dumps({**identity, "main_metric": "streak"}))
    assert summarize(run).metric == "streak"
    text = run.config.read_text()
    assert 'best = ""' in text
    run.config.write_text(text.replace('best = ""', 'best = "hits"'))
    assert summarize(run).metric == "hits"


def test_listing_needs_no_plugin_and_no_torch(root: Path, arcade_rl: CommandLine) -> None:
    code = (
        "import sys; from arcade_rl.cli import run\n"
        "assert run(['runs', 'list']) == run(['runs', 'show', 'finished']) == 0\n"
        "assert not {'torch', 'stable_baselines3', 'arcade_rl_toy'} & set(sys.modules)"
    )
    import subprocess
    import sys

    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


# show


def test_a_run_is_shown_in_full(root: Path, capsys: Output) -> None:
    evaluations.store(RunDirectory(root / "finished"), an_evaluation(12.5))
    database = Database.open(root / "finished" / "run.db")
    database.notify("warning", "something happened", 3, 1)
    database.close()
    code, out, err = call(capsys, "show", "finished")
    assert (code, err) == (0, "")
    assert "state     finished" in out
    assert "progress  100 %, 2,048 of 2,048 steps" in out
    for part in ("command   make_run", "Chunks", "Checkpoints on disk", "Last notices"):
        assert part in out
    assert "something happened" in out
    lines = [line.split() for line in out.splitlines() if line.strip()]
    assert ["4", "100", "%", "2,048"] in [line[:4] for line in lines]
    conditions = "checkpoint 4, toy-full-v1, 1 sampled, seed 7"
    (row,) = (line.split() for line in out.splitlines() if line.startswith(conditions))
    assert row[len(conditions.split()) : -1] == ["12.50*", "1", "11.50", "to", "13.50"]


def test_everything_of_a_run_as_json(root: Path, capsys: Output) -> None:
    path = evaluations.store(RunDirectory(root / "finished"), an_evaluation(12.5))
    shown = values(capsys, "show", "finished")
    assert shown["identity"]["game"] == "toy"
    assert [chunk["chunk"] for chunk in shown["chunks"]] == [1, 2, 3, 4]
    kept = {checkpoint["chunk"]: checkpoint["kept"] for checkpoint in shown["checkpoints"]}
    assert kept[0] == "0%"
    assert "50%" in kept[2]
    assert "latest" in kept[3]
    (evaluation,) = shown["evaluations"]
    assert (evaluation["file"], evaluation["episodes"]) == (str(path), 1)
    assert evaluation["truncated"] == 1


def refill(run: RunDirectory, metrics: list[str], phases: dict[str, float]) -> None:
    """Give the run's database these metrics, and each of its updates these phases."""
    database = Database.create(run.database, ["hit", "miss", "travel"], metrics)
    for path in sorted(run.events.glob("*.events")):
        log = read_log(path)
        events: list[Event] = []
        for event in log.events:
            if isinstance(event, Update):
                event = replace(event, phases=phases)
            elif isinstance(event, Episodes):
                event = replace(event, metrics=dict.fromkeys(metrics, event.metrics["hits"]))
            events.append(event)
        database.replay_chunk(replace(log, events=events))
    database.close()


def test_where_the_time_of_a_run_went(root: Path, capsys: Output) -> None:
    refill(RunDirectory(root / "finished"), ["hits"], {"environment": 30.0, "learn": 90.0})
    assert values(capsys, "show", "other")["phases"].keys() <= set(PHASES)
    shown = values(capsys, "show", "finished")
    assert shown["phases"] == {"environment": 240.0, "learn": 720.0}
    assert [chunk["phases"] for chunk in shown["chunks"]] == [
        {"environment": 60.0, "learn": 180.0}
    ] * 4
    lines = call(capsys, "show", "finished")[1].splitlines()
    begin = lines.index("Time by phase")
    assert [line.split() for line in lines[begin + 1 : begin + 4]] == [
        ["learn", "environment"],
        ["time", "12", "min", "4", "min"],
        ["share", "75", "%", "25", "%"],
    ]


@pytest.mark.parametrize("phases", [{}, {"learn": 0.0}])
def test_a_run_whose_time_was_not_measured_shows_none(
    root: Path, capsys: Output, phases: dict[str, float]
) -> None:
    refill(RunDirectory(root / "finished"), ["hits"], phases)
    assert "Time by phase" not in call(capsys, "show", "finished")[1]
    assert values(capsys, "show", "finished")["phases"] == phases


METRICS = ["lines_cleared", "pieces", "hits", "height_max", "holes", "garbage_received"]


@pytest.mark.parametrize(
    ("columns", "shown"),
    [(70, ["hits"]), (85, ["lines_cleared", "hits"]), (160, METRICS), (None, METRICS)],
)
def test_metrics_of_chunks_give_way_on_a_narrow_terminal(
    root: Path, capsys: Output, columns: int | None, shown: list[str]
) -> None:
    refill(RunDirectory(root / "finished"), METRICS, {})
    if columns is None:
        lines = call(capsys, "show", "finished")[1].splitlines()
    else:
        lines = said_on_terminal("stdout", columns, lambda: cli.run(["runs", "show", "finished"]))
    begin = next(k for k, line in enumerate(lines) if line.startswith("Chunks: "))
    end = next(k for k, line in enumerate(lines) if line.startswith("Checkpoints on disk"))
    table = [line for line in lines[begin:end] if line.strip()]
    titles = [f"chunk {name}" if name == "hits" else name for name in shown]
    header = ["chunk", "steps", "episodes", "return", *titles, "steps/s", "time"]
    assert " ".join(header) in [" ".join(line.split()) for line in table]
    assert columns is None or max(map(len, table)) <= columns
    said = f"{len(METRICS) - len(shown)} more metrics; widen the terminal, or use --json"
    assert (table[-1] == said) == (shown != METRICS)


def test_a_run_of_the_version_before_is_shown(root: Path, capsys: Output) -> None:
    make_old(root / "finished" / "run.db")
    assert [row["state"] for row in values(capsys, "list")] == ["finished"] * 2
    code, out, err = call(capsys, "show", "finished")
    assert (code, err) == (0, "")
    assert "Chunks: chunk means" in out
    assert "Time by phase" not in out
    assert values(capsys, "show", "finished")["phases"] == {}
    assert call(capsys, "reindex", "finished")[0] == 0


@pytest.mark.usefixtures("leave_nothing_running")
def test_a_run_of_the_version_before_goes_on(finished: Made, tmp_path: Path) -> None:
    run = make_run(tmp_path, chunks=2).run
    make_old(run.database)
    code, said = call_process(tmp_path, ["resume", "r"])
    assert code == 0, said
    assert any(line.startswith("finished: 2,048 steps") for line in said.splitlines())
    assert rows(run) == rows(finished.run)


def test_an_evaluation_that_is_not_readable_is_told_of(root: Path, capsys: Output) -> None:
    path = evaluations.store(RunDirectory(root / "finished"), an_evaluation(1.0))
    path.write_text("{")
    code, _, err = call(capsys, "show", "finished")
    assert code == 0
    assert "delete it and evaluate again" in err


# diff


def test_two_runs_side_by_side(tmp_path: Path, capsys: Output) -> None:
    one = make_run(tmp_path, name="one", chunks=1)
    make_run(tmp_path, "train.learning_rate=1e-4", "seed=3", name="two", chunks=2)
    evaluations.store(one.run, an_evaluation(12.5))
    arguments = ["diff", "one", "two", "--runs-dir", str(tmp_path)]
    shown = values(capsys, *arguments)
    assert shown["configuration"] == [
        {"key": "seed", "first": 0, "second": 3},
        {"key": "train.learning_rate", "first": 3e-3, "second": 1e-4},
    ]
    assert shown["versions"] == []
    results = {row["key"]: (row["first"], row["second"]) for row in shown["results"]}
    assert results["steps"] == (512, 1024)
    assert results["evaluation.hits"] == (12.5, None)
    assert set(results) >= {"state", "episodes", "trained_s", "training.hits", "training.streak"}
    out = call(capsys, *arguments)[1]
    assert "train.learning_rate  0.003  0.0001" in out
    assert "evaluation.hits" in out


# rm


def test_a_run_is_deleted_whole(root: Path, capsys: Output) -> None:
    code, _, err = call(capsys, "rm", "finished", "--yes")
    assert code == 0
    assert err == f"deleted {root / 'finished'}\n"
    assert [path.name for path in root.iterdir()] == ["other"]


def test_nobody_can_be_asked(root: Path, capsys: Output) -> None:
    code, _, err = call(capsys, "rm", "finished", "other")
    assert code == 2
    assert f"deleting {root / 'finished'}, {root / 'other'} needs --yes" in err
    assert (root / "finished" / "run.json").is_file()


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, 1), ("n", 130, 2), ("", 130, 2)])
def test_the_user_is_asked_on_a_terminal(
    root: Path,
    capsys: Output,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    left: int,
) -> None:
    import io

    terminal = io.StringIO(f"{answer}\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert call(capsys, "rm", "finished")[0] == code
    assert len(list(root.iterdir())) == left


def test_a_supervised_run_is_not_deleted_and_none_beside_it(root: Path, capsys: Output) -> None:
    with RunLock(root / "other" / "lock"):
        code, _, err = call(capsys, "rm", "finished", "other", "--yes")
    assert code == 5
    assert f"supervised by process {os.getpid()}" in err
    assert (root / "finished" / "run.json").is_file()


def test_links_are_not_followed(root: Path, tmp_path_factory: Any, capsys: Output) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "precious").touch()
    shutil.move(root / "other", outside / "run")
    (root / "link").symlink_to(outside / "run")
    (root / "finished" / "linked").symlink_to(outside)
    code, _, err = call(capsys, "rm", "link", "--yes")
    assert code == 2
    assert "is a link to" in err
    assert call(capsys, "rm", "finished", "--yes")[0] == 0
    assert (outside / "precious").is_file()
    assert (outside / "run" / "run.json").is_file()


def test_a_deletion_that_was_cut_off_leaves_no_run(root: Path, capsys: Output) -> None:
    os.rename(root / "other", root / f"{TRASH}other-1")
    assert [row["name"] for row in values(capsys, "list")] == ["finished"]


@pytest.mark.parametrize("command", ["list", "show", "diff", "rm", "reindex"])
def test_every_command_has_its_help(command: str, capsys: Output) -> None:
    code, out, _ = call(capsys, command, "--help")
    assert code == 0
    assert "--runs-dir" in out
