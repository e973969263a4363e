"""Ctrl-C, pause, stop and detach, on real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from supervised import (
    call,
    call_process,
    processes_of,
    rows,
    start,
    state_of,
    wait_until,
    workers_of,
)
from toy_runs import ENDLESS, LENGTH, SLOW, TRAIN, begun, fault, updates_recorded

from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

pytestmark = pytest.mark.usefixtures("leave_nothing_running")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "r")


def test_ctrl_c_finishes_the_rollout_saves_and_says_how_to_go_on(run: RunDirectory) -> None:
    command = start(run.path.parent, [*TRAIN, *ENDLESS, *SLOW])
    wait_until(lambda: begun(run))
    command.process.send_signal(signal.SIGINT)
    assert command.wait() == 130
    state = state_of(run)
    assert state is not None
    assert state.updates >= 1
    assert "arcade-rl resume" in command.stderr
    assert processes_of(run) == []
    with Database.reading(run.database) as database:
        assert database.status().state == "stopped"
        assert len(database.updates()) == state.updates
        assert len(database.episodes()) == state.episodes


def test_ctrl_c_twice_stops_now_and_keeps_the_last_checkpoint(run: RunDirectory) -> None:
    marker = run.path.parent / "marker"
    command = start(run.path.parent, [*TRAIN, *ENDLESS, *fault("hang", 2000, once=marker)])
    wait_until(marker.exists)
    command.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert command.process.poll() is None  # waits for a rollout that never ends
    command.process.send_signal(signal.SIGINT)
    assert command.wait() == 130
    state = state_of(run)
    assert state is not None
    assert state.chunk == 0
    with Database.reading(run.database) as database:
        assert database.updates() == []


@pytest.mark.very_slow  # test_cut_runs.py has one that is stopped twice
def test_a_run_that_was_cut_short_goes_on_to_its_full_length(run: RunDirectory) -> None:
    command = start(run.path.parent, [*TRAIN, *LENGTH, *SLOW])
    wait_until(lambda: begun(run))
    command.process.send_signal(signal.SIGTERM)
    assert command.wait() == 130
    code, said = call(run.path.parent, ["resume", "r"])
    assert code == 0, said
    state = state_of(run)
    assert state is not None
    assert state.steps == 3072
    assert len(rows(run)[0]) == state.episodes


def test_pause_frees_the_workers_and_resume_goes_on_in_the_same_supervisor(
    run: RunDirectory,
) -> None:
    """Once it is paused again, the run is stopped, which needs no worker."""
    command = start(run.path.parent, [*TRAIN, *ENDLESS, *SLOW])
    wait_until(lambda: begun(run))
    assert call(run.path.parent, ["pause", "r"])[0] == 0
    assert workers_of(run) == []
    with Database.reading(run.database) as database:
        assert database.status().state == "paused"
    before = state_of(run)
    assert before is not None
    assert call(run.path.parent, ["resume", "r"])[0] == 0
    wait_until(lambda: updates_recorded(run) > before.updates)
    assert call(run.path.parent, ["pause", "r"])[0] == 0
    code, said = call(run.path.parent, ["stop", "r"])
    assert code == 0
    assert "stopped" in said
    assert command.wait() == 0
    after = state_of(run)
    assert after is not None
    assert after.updates > before.updates


def test_a_detached_run_outlives_its_terminal(run: RunDirectory) -> None:
    assert call_process(run.path.parent, [*TRAIN, *ENDLESS, *SLOW, "--detach"])[0] == 0
    wait_until(lambda: begun(run))
    assert call(run.path.parent, ["stop", "r"])[0] == 0
    wait_until(lambda: processes_of(run) == [])  # the lock is free a moment earlier
    assert "stopped" in (run.logs / "supervisor.log").read_text()


def test_a_terminal_that_goes_away_does_not_end_the_run(run: RunDirectory) -> None:
    """The reader of stderr leaves after the first line, as `head -1` does."""
    words = [sys.executable, "-m", "arcade_rl", *TRAIN, *LENGTH]
    environment = {**os.environ, "ARCADE_RL_RUNS_DIR": str(run.path.parent)}
    process = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    )
    assert process.stderr is not None
    process.stderr.readline()
    process.stderr.close()
    assert process.wait(120) == 0
    state = state_of(run)
    assert state is not None
    assert state.steps == 3072


@pytest.mark.parametrize("name", ["a@1", ".trash", "a/b", "-x", ""])
def test_a_name_that_no_reference_could_name_is_refused(tmp_path: Path, name: str) -> None:
    code, said = call(tmp_path, [*TRAIN, *LENGTH, f"--run={name}"])
    assert code == 2
    assert "is not a name for a run" in said
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
