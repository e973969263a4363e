"""A run that has lost parts, or has other things in their place: what can go on does, the rest is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from make_run import Made
from supervised import (
    TOY,
    assert_same,
    call,
    call_process,
    notices,
    start,
    state_of,
    wait_until,
)
from toy_runs import LENGTH, SLOW, TRAIN, begun

from arcade_rl.runs import checkpoints
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

pytestmark = pytest.mark.usefixtures("leave_nothing_running")

FOLDERS = (
    "checkpoints", "events", "episodes", "staging", "logs", "tensorboard", "control",
)  # fmt: skip


def copy_of(recorded: Path, root: Path) -> RunDirectory:
    return RunDirectory(Path(shutil.copytree(recorded / "r", root / "r")))


def damage(run: RunDirectory, first: int) -> None:
    for chunk, path in checkpoints.stored(run.checkpoints):
        if chunk >= first:
            (path / checkpoints.MODEL).write_bytes(b"")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# No trained checkpoint is left


@pytest.mark.parametrize("first", [0, 1])
def test_a_run_without_a_trained_checkpoint_begins_again_only_if_asked(
    recorded: Path, tmp_path: Path, first: int
) -> None:
    run = copy_of(recorded, tmp_path)
    damage(run, first)
    logs, segments = names(run.events), names(run.episodes)
    code, said = call(tmp_path, ["resume", "r"])
    assert code == 4
    assert "model.zip has 0 bytes" in said
    assert "--from-scratch" in said
    assert said.count("\n") == 1
    assert (names(run.events), names(run.episodes)) == (logs, segments)
    assert not run.rejected.exists()

    assert call(tmp_path, ["resume", "r", "--from-scratch"])[0] == 0
    assert "begins again from untrained networks" in notices(run)
    assert_same(run, RunDirectory(recorded / "r"))
    aside = {name.rpartition("-")[0] for name in names(run.rejected)}
    assert segments <= aside
    assert {name for name in logs if int(name[:6]) >= first} <= aside


@pytest.mark.parametrize("also", ["nothing", "run.db"])
def test_checkpoints_that_are_gone_are_no_reason_to_begin_again(
    recorded: Path, tmp_path: Path, also: str
) -> None:
    run = copy_of(recorded, tmp_path)
    shutil.rmtree(run.checkpoints)
    if also == "run.db":
        run.database.unlink()
        assert call(tmp_path, ["runs", "reindex", "r"])[0] == 0
    logs = names(run.events)
    code, said = call(tmp_path, ["resume", "r"])
    assert code == 4
    assert "no trained checkpoint left" in said
    assert names(run.events) == logs


def test_what_was_recorded_after_a_damaged_checkpoint_is_kept_aside(
    recorded: Path, tmp_path: Path
) -> None:
    run = copy_of(recorded, tmp_path)
    last = checkpoints.stored(run.checkpoints)[-1][0]
    damage(run, last)
    assert call(tmp_path, ["resume", "r"])[0] == 0
    assert_same(run, RunDirectory(recorded / "r"))
    aside = {name.rpartition("-")[0] for name in names(run.rejected)}
    assert {run.event_log(last).name, run.segment(last).name} <= aside


def test_a_run_that_can_go_on_does_not_begin_again(recorded: Path, tmp_path: Path) -> None:
    run = copy_of(recorded, tmp_path)
    code, said = call(tmp_path, ["resume", "r", "--from-scratch"])
    assert code == 2
    assert "can go on from checkpoint" in said
    assert not run.rejected.exists()


@pytest.mark.parametrize("is_damaged", [True, False])
@pytest.mark.parametrize("how", [[], ["--detach"]], ids=["here", "detached"])
def test_what_is_refused_has_written_nothing(
    recorded: Path, tmp_path: Path, is_damaged: bool, how: list[str]
) -> None:
    run = copy_of(recorded, tmp_path)
    if is_damaged:
        damage(run, 0)
    before = run.config.read_bytes()
    words = ["resume", "r", "--set", "train.learning_rate=0.01", *how]
    words += [] if is_damaged else ["--from-scratch"]
    code, said = call(tmp_path, words)
    assert code == (4 if is_damaged else 2)
    assert ("no trained checkpoint left" if is_damaged else "can go on from checkpoint") in said
    assert said.count("\n") == 1
    assert run.config.read_bytes() == before
    assert not (run.logs / "supervisor.log").exists()


@pytest.mark.parametrize("is_damaged", [True, False])
def test_what_is_refused_in_the_background_has_the_same_exit_code(
    recorded: Path, tmp_path: Path, is_damaged: bool
) -> None:
    run = copy_of(recorded, tmp_path)
    if is_damaged:
        damage(run, 0)
    words = ["resume", "r", *([] if is_damaged else ["--from-scratch"])]
    here, detached = call(tmp_path, words), call(tmp_path, [*words, "--detach"])
    assert here == detached
    assert here[0] == (4 if is_damaged else 2)


# Folders


def test_a_run_whose_empty_folders_are_lost_goes_on(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    for name in FOLDERS:
        if not any((run.path / name).iterdir()):
            (run.path / name).rmdir()
    (run.path / "lock").unlink(missing_ok=True)
    code, said = call_process(tmp_path, ["resume", run.name, "--steps", "2560", "--detach"])
    assert code == 0, said
    wait_until(lambda: (state := state_of(run)) is not None and state.steps == 2560)


@pytest.mark.parametrize("name", FOLDERS)
def test_nothing_is_deleted_through_a_link(recorded: Path, tmp_path: Path, name: str) -> None:
    run = copy_of(recorded, tmp_path)
    outside = tmp_path / "outside"
    shutil.move(run.path / name, outside)
    (run.path / name).symlink_to(outside)
    (outside / "000099.episodes").touch()
    before = set(outside.rglob("*"))
    code, said = call(tmp_path, ["resume", "r"])
    assert code == 2
    assert "is a link to" in said
    assert set(outside.rglob("*")) == before


def test_a_checkpoint_that_is_a_link_is_pruned_and_its_target_stays(
    finished: Made, tmp_path: Path
) -> None:
    run = finished.copy(tmp_path)
    outside = tmp_path / "outside"
    shutil.move(run.checkpoint(3), outside)
    run.checkpoint(3).symlink_to(outside)
    code, said = call(tmp_path, ["resume", run.name, "--steps", "3072"])
    assert code == 0, said
    assert not run.checkpoint(3).is_symlink()
    assert checkpoints.verify(outside) == 3


@pytest.mark.parametrize("how", [pytest.param("empty", marks=pytest.mark.very_slow), "gone"])
def test_logs_and_empty_folders_may_be_deleted_while_a_run_trains(tmp_path: Path, how: str) -> None:
    run = RunDirectory(tmp_path / "r")
    command = start(tmp_path, [*TRAIN, *LENGTH, *SLOW])
    wait_until(lambda: begun(run))
    for log in run.logs.iterdir():
        log.unlink()
    for name in FOLDERS if how == "gone" else ():
        if not any((run.path / name).iterdir()):
            (run.path / name).rmdir()
    assert command.wait() == 0, command.stderr
    assert "failed" not in notices(run)


# Something else where a file should be

FILES = (
    "config.toml", "run.json", "run.db", "lock", "checkpoints/000004/MANIFEST.json",
    "checkpoints/000004/state.json", "checkpoints/000004/model.zip", "events/000004.events",
    "episodes/000004.episodes", "evaluations/e.json", "control/stop", "checkpoints", "episodes",
    "events", "evaluations", "logs",
)  # fmt: skip
CALL_ALL = """
import sys
from arcade_rl import cli
for command in sys.argv[2:]:
    print(command, file=sys.stderr)
    print(command, cli.run([*sys.argv[1].split(), command]), flush=True)
"""


def put(path: Path, kind: str) -> None:
    """Replace what is there by something that is no regular file, or no folder."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")


def run_all(root: Path, command: str, runs: list[str]) -> tuple[dict[str, int], str]:
    """Exit codes of a command for every run, in one process, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", CALL_ALL, command, *runs],
        env={
            **os.environ,
            "ARCADE_RL_RUNS_DIR": str(root),
            "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{TOY}",
        },
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    codes = [line.split() for line in done.stdout.splitlines() if line.split()[:1]]
    return {row[0]: int(row[1]) for row in codes if row[0] in runs and len(row) == 2}, done.stderr


KINDS = ("pipe", "folder", "device")


def test_what_is_no_file_hangs_nothing_and_hides_no_other_run(
    finished: Made, tmp_path: Path
) -> None:
    runs = []
    for file in FILES:
        for kind in KINDS:
            runs.append(f"{kind}-{file.replace('/', '-')}")
            shutil.copytree(finished.run.path, tmp_path / runs[-1])
            put(tmp_path / runs[-1] / file, kind)
    shutil.copytree(finished.run.path, tmp_path / "sound")
    listed = subprocess.run(
        [sys.executable, "-m", "arcade_rl", "runs", "list", "--json", "--runs-dir", str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    rows = {row["name"]: row for row in json.loads(listed.stdout)}
    assert set(rows) == {*runs, "sound"}
    assert rows["sound"]["steps"] == 2048
    shown, said = run_all(tmp_path, "runs show", runs)
    assert set(shown.values()) == {0}, said
    assert set(shown) == set(runs)
    some = [runs[k * len(KINDS) + k % len(KINDS)] for k in range(len(FILES))]
    for command in ("resume", "evaluate --episodes 1", "runs reindex"):
        codes, said = run_all(tmp_path, command, some)
        assert set(codes) == set(some), said
        assert set(codes.values()) <= {0, 1, 2, 3, 4}, said


# A game that measures something else now


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("episodes add column metric_more real", "metric more is gone"),
        ("episodes add column term_more real", "term more is gone"),
        ("episodes drop column metric_streak", "metric streak is new"),
        ("episodes drop column term_miss", "term miss is new"),
        (
            "episodes rename column metric_hits to metric_third; "
            "alter table episodes rename column metric_streak to metric_hits; "
            "alter table episodes rename column metric_third to metric_streak",
            "its metrics stand in another order",
        ),
    ],
)
def test_a_game_that_measures_something_else_is_told_and_refused(
    finished: Made, tmp_path: Path, change: str, said: str
) -> None:
    import sqlite3

    run = finished.copy(tmp_path)
    with sqlite3.connect(run.database) as connection:
        connection.executescript(f"alter table {change}")
    connection.close()
    code, told = call(tmp_path, ["resume", run.name, "--steps", "4096"])
    assert code == 2
    assert said in told
    assert told.count("error:") == 1
    assert not run.rejected.exists()
    with Database.reading(run.database) as database:
        assert database.status().state == "finished"


def test_other_networks_put_no_sound_checkpoint_aside(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    text = run.config.read_text()
    assert "    16,\n" in text
    run.config.write_text(text.replace("    16,\n", "    32,\n"))
    code, told = call(tmp_path, ["resume", run.name, "--steps", "4096"])
    assert code != 0
    assert "failed 2 times" not in told
    assert not run.rejected.exists()
    assert len(checkpoints.stored(run.checkpoints)) == len(
        checkpoints.stored(finished.run.checkpoints)
    )
