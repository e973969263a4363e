"""Whole runs that are cut, stopped, killed and changed in the middle end in the same bytes and rows."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import pytest
from conftest import CommandLine
from recordings_of import assert_same_recordings_however_cut
from supervised import (
    assert_no_step_is_dropped,
    assert_same_however_cut,
    call,
    kill,
    notices,
    processes_of,
    start,
    state_of,
    wait_until,
    workers_of,
)
from toy_runs import SLOW, updates_recorded

from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

UPDATES = 20
TRAIN = [
    "train", "toy", "--run", "r", "--steps", str(UPDATES * 256), "--set", "train.n_envs=4",
    "--set", "train.n_steps=64", "--set", "train.batch_size=128", "--set", "engine.backoff_s=0.05",
    "--set", "options.length=150", "--set", 'recording.criteria=["all"]',
]  # fmt: skip
"""Episodes of 150 steps, and rollouts of 64: at nearly every update all are open."""
WHOLE = ["--set", "chunk.steps=1000000", "--set", 'checkpoint.milestones="100%"']
TEN = ["--set", "chunk.steps=512", "--set", 'checkpoint.milestones="100%"', "--set", "checkpoint.keep=99"]  # fmt: skip

pytestmark = pytest.mark.usefixtures("leave_nothing_running")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """The run in one chunk."""
    root = tmp_path_factory.mktemp("whole")
    code, said = call(root, [*TRAIN, *WHOLE])
    assert code == 0, said
    run = RunDirectory(root / "r")
    state = state_of(run)
    assert state is not None
    assert (state.chunk, state.episodes, state.open_steps) == (1, 32, 320)
    return run


def assert_same(run: RunDirectory, other: RunDirectory) -> None:
    assert_same_however_cut(run, other)
    assert_same_recordings_however_cut(run, other)


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """The run in ten chunks, with all its checkpoints."""
    root = tmp_path_factory.mktemp("ten")
    code, said = call(root, [*TRAIN, *TEN])
    assert code == 0, said
    return RunDirectory(root / "r")


def test_ten_chunks_change_nothing(whole: RunDirectory, ten: RunDirectory) -> None:
    state = state_of(ten)
    assert state is not None
    assert state.chunk == 10
    assert_same(ten, whole)


@pytest.mark.parametrize(
    ("words", "chunks"),
    [
        (["--set", "chunk.steps=1707", "--set", 'checkpoint.milestones="100%"'], 3),
        pytest.param(["--set", 'checkpoint.milestones="10%"'], 10, marks=pytest.mark.very_slow),
        (["--set", 'checkpoint.milestones="3%"'], 20),  # twice as many, for the same reason
    ],
)
def test_chunks_and_milestones_change_nothing(
    whole: RunDirectory, tmp_path: Path, words: list[str], chunks: int
) -> None:
    code, said = call(tmp_path, [*TRAIN, *words])
    assert code == 0, said
    run = RunDirectory(tmp_path / "r")
    state = state_of(run)
    assert state is not None
    assert state.chunk == chunks
    assert_same(run, whole)


def test_a_run_that_is_stopped_twice_paused_and_changed_is_the_same(
    whole: RunDirectory, tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path / "r")
    command_line = [*TRAIN, *WHOLE, *SLOW]
    for updates in (3, 8):
        command = start(tmp_path, command_line)
        wait_until(lambda updates=updates: updates_recorded(run) >= updates)  # type: ignore[misc]
        if updates == 8:
            assert call(tmp_path, ["pause", "r"])[0] == 0
            assert call(tmp_path, ["resume", "r"])[0] == 0
            wait_until(lambda: updates_recorded(run) >= 11)
        assert call(tmp_path, ["stop", "r"])[0] == 0
        command.wait()
        command_line = ["resume", "r", "--set", "chunk.steps=768"]
    code, said = call(tmp_path, ["resume", "r", "--set", 'checkpoint.milestones="50%"'])
    assert code == 0, said
    state = state_of(run)
    assert state is not None
    assert state.chunk > 4
    assert_same_however_cut(run, whole)  # recordings say that this one was slow


def test_a_worker_killed_in_every_chunk_changes_nothing(
    whole: RunDirectory, tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path / "r")
    command = start(tmp_path, [*TRAIN, *TEN])
    killed: set[int] = set()
    while command.process.poll() is None:
        state = state_of(run) if run.checkpoints.is_dir() else None
        chunk = state.chunk + 1 if state else 0
        if chunk and chunk not in killed and (workers := workers_of(run)):
            time.sleep(0.01 * (chunk % 4))  # a chunk may take no more than a tenth of a second
            kill(workers[0])
            killed.add(chunk)
        time.sleep(0.01)
    assert command.wait() == 0, command.stderr
    assert notices(run).count("SIGKILL") >= 5
    assert_same(run, whole)


def test_every_step_belongs_to_an_episode_that_ended_or_is_open(ten: RunDirectory) -> None:
    """At every checkpoint."""
    assert_no_step_is_dropped(ten, checkpoints_kept=11)


def test_runs_show_tells_what_is_open(whole: RunDirectory, arcade_rl: CommandLine) -> None:
    runs = str(whole.path.parent)
    shown = arcade_rl("runs", "show", "r", "--runs-dir", runs).stdout
    assert "5,120 of 5,120 steps, 32 episodes ended, 4 open after 320 steps" in shown
    values = json.loads(arcade_rl("runs", "show", "r", "--json", "--runs-dir", runs).stdout)
    counts = {key: values[key] for key in ("open_episodes", "open_steps", "dropped_steps")}
    assert counts == {"open_episodes": 4, "open_steps": 320, "dropped_steps": 0}


def test_an_open_episode_that_is_another_now_ends_the_run_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that `TOY_MACHINE` makes another one, lights differ after the fifth step."""
    run = RunDirectory(tmp_path / "r")
    command = start(tmp_path, [*TRAIN, *WHOLE, *SLOW, "--set", "options.reruns=true"])
    wait_until(lambda: updates_recorded(run) >= 3)
    assert call(tmp_path, ["stop", "r"])[0] == 0
    command.wait()
    before = state_of(run)
    assert before is not None

    monkeypatch.setenv("TOY_MACHINE", "1")
    code, said = call(tmp_path, ["resume", "r"])
    assert code == 4
    (line,) = [line for line in said.splitlines() if line.startswith("reason:")]
    assert "of environment 0, open at the cut after" in line
    assert "step 6 has" in line
    assert "arcade-rl resume r --drop-open" in line
    assert state_of(run) == before
    assert not list(run.rejected.glob("*")) if run.rejected.exists() else True

    code, said = call(tmp_path, ["resume", "r", "--drop-open"])
    assert code == 0, said
    assert "4 open episodes of checkpoint 1 with" in said
    after = state_of(run)
    assert after is not None
    assert after.updates == UPDATES
    assert processes_of(run) == []
    with Database.reading(run.database) as database:
        dropped = after.steps - after.open_steps - database.ended_steps()
    assert dropped == before.open_steps > 0


def test_a_longer_run_goes_on_with_its_open_episodes(whole: RunDirectory, tmp_path: Path) -> None:
    """A run without schedules is the same as one that was longer from the beginning."""
    short = [*TRAIN[:5], str(UPDATES * 128), *TRAIN[6:], *WHOLE]
    assert call(tmp_path, short)[0] == 0
    code, said = call(tmp_path, ["resume", "r", "--steps", str(UPDATES * 256)])
    assert code == 0, said
    assert_same_however_cut(RunDirectory(tmp_path / "r"), whole)


def test_seeds_of_episodes_follow_from_environment_and_number_alone(whole: RunDirectory) -> None:
    with Database.reading(whole.database) as database:
        played = [(row["env"], row["seed"]) for row in database.episodes()]
    seeds = [seed for _, seed in played]
    assert len(set(seeds)) == len(seeds)
    counts = [len(list(group)) for _, group in itertools.groupby(sorted(played), lambda it: it[0])]
    assert counts == [8, 8, 8, 8]
