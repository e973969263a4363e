"""What a run does now is told from its files, wherever it was trained."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from make_run import Made

from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.lock import RunLock
from arcade_rl.runs.state import state_now

SUPERVISE = """
import os, sys
from pathlib import Path
from arcade_rl.runs.database import Database
from arcade_rl.runs.lock import RunLock
run = Path(sys.argv[1])
with RunLock(run / "lock"):
    Database.open(run / "run.db").set_status("running", pid=os.getpid())
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def run(finished: Made, tmp_path: Path) -> RunDirectory:
    """A copy of a run, which says that it is running."""
    copy = finished.copy(tmp_path)
    say(copy, "running")
    return copy


def say(run: RunDirectory, state: str) -> None:
    with closing(Database.open(run.database)) as database:
        database.set_status(state, pid=4711)


def lose_lock(run: RunDirectory) -> None:
    """A supervisor of this run that is killed."""
    subprocess.run([sys.executable, "-c", SUPERVISE, str(run.path)], check=False)


def test_a_run_whose_supervisor_lives_is_what_that_one_says(run: RunDirectory) -> None:
    with RunLock(run.lock):
        now = state_now(run)
        assert (now.state, now.reason, now.pid) == ("running", "", os.getpid())
        say(run, "paused")
        assert state_now(run).state == "paused"
    say(run, "stopped")
    assert (state_now(run).state, state_now(run).pid) == ("stopped", None)


def test_a_run_whose_supervisor_was_killed_here_is_interrupted_and_its_copy_is_a_copy(
    run: RunDirectory, tmp_path: Path
) -> None:
    lose_lock(run)
    now = state_now(run)
    assert now.state == "interrupted"
    assert now.reason.startswith("its supervisor, process ")
    copy = RunDirectory(Path(shutil.copytree(run.path, tmp_path / "copy")))
    host = json.loads(run.lock.read_bytes())["host"]
    assert state_now(copy).state == "copied"
    assert state_now(copy).reason.startswith(f"from {host}, where it was running as process ")


def test_a_copy_that_was_made_while_the_run_goes_on_is_a_copy(
    run: RunDirectory, tmp_path: Path
) -> None:
    with RunLock(run.lock):
        copy = RunDirectory(Path(shutil.copytree(run.path, tmp_path / "copy")))
        assert (state_now(run).state, state_now(copy).state) == ("running", "copied")


def test_a_run_on_another_machine_whose_lock_cannot_be_seen_is_elsewhere(run: RunDirectory) -> None:
    lose_lock(run)
    run.lock.write_text(json.dumps({**json.loads(run.lock.read_bytes()), "host": "gpu-box"}))
    now = state_now(run)
    assert now.state == "elsewhere"
    assert now.reason.startswith("running on gpu-box as process ")


@pytest.mark.parametrize(("host", "state"), [("gpu-box", "copied"), ("", "interrupted")])
def test_without_a_lock_the_machine_that_made_the_run_counts(
    run: RunDirectory, host: str, state: str
) -> None:
    run.lock.unlink(missing_ok=True)
    identity = json.loads(run.identity_file.read_bytes())
    identity["machine"]["host"] = host or identity["machine"]["host"]
    run.identity_file.write_text(json.dumps(identity))
    assert state_now(run).state == state


def test_a_lock_of_an_earlier_version_is_understood(run: RunDirectory) -> None:
    run.lock.write_text(json.dumps({"pid": 1, "host": "gpu-box", "since": 1.0}))
    assert state_now(run).state == "elsewhere"
    run.lock.write_text("torn")
    assert state_now(run).state == "interrupted"


def test_a_run_without_an_index_is_unknown(run: RunDirectory) -> None:
    run.database.unlink()
    assert state_now(run).state == "unknown"
    with RunLock(run.lock):
        assert state_now(run).state == "running"
