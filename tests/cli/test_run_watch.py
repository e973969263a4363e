"""`runs watch` follows a run in plain lines, whoever trains it, until it ends."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commands import run_here
from make_run import Made, make_run
from supervised import call, end_all, start, wait_until
from told import UPDATE
from toy_runs import LENGTH, TRAIN, begun

from arcade_rl.cli import run_watch as watching
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.lock import RunLock
from arcade_rl.runs.removal import remove


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL_S", 0.05)


def watch(run: RunDirectory, *options: str) -> subprocess.CompletedProcess[str]:
    return run_here(["runs", "watch", str(run.path), *options], {})


def say(run: RunDirectory, state: str, reason: str = "") -> None:
    with closing(Database.open(run.database)) as database:
        database.set_status(state, reason, pid=4711)


def later(*acts: Any) -> threading.Thread:
    """Do these things one after the other, with time for a look between them."""

    def act() -> None:
        for one in acts:
            time.sleep(0.4)
            one()

    thread = threading.Thread(target=act)
    thread.start()
    return thread


def chunks_in(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines if line[:1].isdigit()]


def test_a_finished_run_is_shown_and_left(finished: Made) -> None:
    done = watch(finished.run)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["chunk", "steps", "done", "episodes"]
    assert chunks_in(lines) == ["1", "2", "3", "4"]
    assert lines[-1].startswith("finished; 2,048 steps, ")


@pytest.mark.slow
def test_a_run_is_followed_to_its_end_while_another_process_trains_it(tmp_path: Path) -> None:
    trains = start(tmp_path, [*TRAIN, *LENGTH])
    run = RunDirectory(tmp_path / "r")
    try:
        wait_until(lambda: begun(run), timeout_s=240)
        done = watch(run, "--json")
        assert done.returncode == 0
        assert trains.wait() == 0
    finally:
        end_all()
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["chunk"] for event in events if event["event"] == "chunk"] == [1, 2, 3, 4]
    states = [event["state"] for event in events if event["event"] == "state"]
    assert (states[0], states[-1]) == ("running", "finished")
    updates = [event["steps"] for event in events if event["event"] == "update"]
    assert updates == sorted(set(updates))
    assert updates


@pytest.mark.parametrize(
    ("state", "reason", "code", "last"),
    [
        ("failed", "no memory", 1, "failed: no memory; 2,048 steps"),
        ("stopped", "as requested", 0, "stopped: as requested; 2,048 steps"),
        ("running", "", 1, "interrupted: its supervisor, process 4711, is gone; 2,048 steps"),
    ],
)
def test_a_run_that_ended_otherwise_says_how(
    finished: Made, tmp_path: Path, state: str, reason: str, code: int, last: str
) -> None:
    run = finished.copy(tmp_path)
    say(run, state, reason)
    done = watch(run)
    assert done.returncode == code
    assert done.stdout.splitlines()[-1].startswith(last)


def test_a_pause_is_told_and_the_end_after_it(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    say(run, "running", "go2 compiles")
    with RunLock(run.lock):
        thread = later(
            lambda: say(run, "paused"), lambda: say(run, "running"), lambda: say(run, "stopped")
        )
        done = watch(run)
        thread.join()
    assert done.returncode == 0
    lines = [line for line in done.stdout.splitlines() if not line[:1].isdigit()]
    assert lines[1:4] == [
        "paused; everything is saved. Go on with `arcade-rl resume`",
        f"finished: running by process {os.getpid()}",
        lines[-1],
    ]


def test_a_run_that_is_deleted_is_one_line(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    say(run, "created")
    thread = later(lambda: remove(run))
    done = watch(run)
    thread.join()
    assert done.returncode == 3
    assert done.stderr == (
        f"arcade-rl: error: {run.path} no longer exists: the run was deleted or moved\n"
    )


def test_a_copy_is_followed_for_as_long_as_somebody_may_train_it(
    finished: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished.copy(tmp_path)
    say(run, "running")
    run.lock.write_text(json.dumps({"pid": 7, "host": "gpu-box", "since": 1.0, "file": 1}))
    monkeypatch.setattr(watching.Silence, "is_too_long", lambda *_: next(told))
    told = iter([False, False, True])
    done = watch(run)
    assert done.returncode == 1
    assert "finished: copied from gpu-box, where it was running as process 4711" in done.stdout
    assert "has changed for 300 s: nobody trains it" in done.stderr


def test_a_run_that_nobody_has_begun_is_not_watched_forever(
    finished: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished.copy(tmp_path)
    say(run, "created")
    monkeypatch.setattr(watching.Silence, "is_too_long", lambda *_: next(told))
    told = iter([False, True])
    done = watch(run)
    assert (done.returncode, "nobody trains it" in done.stderr) == (1, True)


def test_a_run_whose_supervisor_still_begins_is_watched_on(
    finished: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished.copy(tmp_path)
    say(run, "created")
    monkeypatch.setattr(watching.Silence, "is_too_long", lambda *_: True)
    with RunLock(run.lock):
        thread = later(lambda: say(run, "stopped"))
        done = watch(run)
        thread.join()
    assert (done.returncode, done.stderr) == (0, "")


def test_a_damaged_update_of_the_running_chunk_is_one_line(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    say(run, "running")
    with closing(Database.open(run.database)) as database:
        database.begin_attempt(5, 1, 9, 10)
        database.record(5, 1, replace(UPDATE, update=9))
    with closing(sqlite3.connect(run.database)) as connection:
        connection.execute("update updates set \"values\" = '{' where chunk = 5")
        connection.commit()
    with RunLock(run.lock):
        done = watch(run)
    assert done.returncode == 4
    assert "arcade-rl: error: run.db has a Update that cannot be" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_copied_run_says_so_and_is_resumed(tmp_path: Path) -> None:
    run = make_run(tmp_path, chunks=1).run
    say(run, "running")
    run.lock.write_text(json.dumps({"pid": 7, "host": "gpu-box", "since": 1.0, "file": 1}))
    listed = run_here(["runs", "list", "--json", "--runs-dir", str(tmp_path)], {})
    (row,) = json.loads(listed.stdout)
    reason = "from gpu-box, where it was running as process 4711"
    assert (row["state"], row["reason"]) == ("copied", reason)
    code, said = call(tmp_path, ["resume", str(run.path)])
    assert code == 0
    assert f"r: copied {reason}; from now on it trains here" in said
    assert "finished: 2,048 steps" in said


def test_a_finished_run_that_is_resumed_says_that_it_is_finished(
    finished: Made, tmp_path: Path
) -> None:
    run = finished.copy(tmp_path)
    for options in ([], ["--detach"]):
        code, said = call(tmp_path, ["resume", str(run.path), *options])
        assert (code, said) == (
            0,
            "finished is finished already, after 2,048 steps; "
            f"`arcade-rl resume {run.path} --steps N` makes it longer\n",
        )


def test_a_place_where_no_run_can_be_made_is_named(tmp_path: Path) -> None:
    code, said = call(tmp_path, ["train", "toy", "--runs-dir", "/proc/nowhere"])
    assert (code, said) == (
        3,
        "arcade-rl: error: /proc/nowhere cannot be made (No such file or directory); say where runs "
        "are to live with --runs-dir or ARCADE_RL_RUNS_DIR\n",
    )


@pytest.mark.slow
def test_ctrl_c_leaves_the_run_alone(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    say(run, "created")
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    process = subprocess.Popen(
        [sys.executable, "-m", "arcade_rl", "runs", "watch", str(run.path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while "created" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.strip()) == (130, "")
    assert {p: p.read_bytes() for p in run.path.rglob("*") if p.is_file() and p in before} == before


def test_watching_imports_no_torch_and_no_plugin(finished: Made) -> None:
    code = (
        "import sys; from arcade_rl.cli import run\n"
        "assert run(sys.argv[1:]) == 0\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    command = ["runs", "watch", str(finished.run.path)]
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True
    )
    assert not {"torch", "stable_baselines3", "arcade_rl_toy"} & set(done.stderr.split())
