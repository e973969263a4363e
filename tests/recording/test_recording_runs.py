"""Recording in real runs: nothing doubled and nothing missing after kills, and nothing silent when
the disk is full."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from recordings_of import assert_same_recordings, numbers_of, recordings_of
from supervised import call, kill, start, state_of, wait_until, workers_of

from arcade_rl import cli
from arcade_rl.runs.directory import RunDirectory

if TYPE_CHECKING:
    from make_run import Made

pytestmark = pytest.mark.usefixtures("leave_nothing_running")

CHUNKS = 5
SHAPE = [
    "--set", "train.n_envs=8", "--set", "train.n_steps=64", "--set", "train.batch_size=128",
    "--set", 'checkpoint.milestones="100%"', "--set", "engine.backoff_s=0.05",
]  # fmt: skip
TRAIN = ["train", "toy", "--run", "r", *SHAPE, "--steps", str(CHUNKS * 2048), "--set", "chunk.steps=2048"]  # fmt: skip
"""Chunks of four rollouts of 512 steps."""
EVERYTHING = ["--set", 'recording.criteria=[{name="all", policy=true}]']
SLOW = ["--set", "options.step_time_s=0.003"]
BEGUN_BYTES = 2000
"""Least size of a segment that holds episodes already."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    root = tmp_path_factory.mktemp("undisturbed")
    code, said = call(root, [*TRAIN, *EVERYTHING, *SLOW])
    assert code == 0, said
    return RunDirectory(root / "r")


def recording_attempt(run: RunDirectory) -> tuple[int, int] | None:
    """(chunk, attempt) of the attempt that has recorded episodes by now."""
    for path in run.staging.glob("*/episodes"):
        try:
            if path.stat().st_size > BEGUN_BYTES:
                chunk, attempt = path.parent.name.split("-")
                return int(chunk), int(attempt)
        except FileNotFoundError:  # committed just now
            continue
    return None


def test_an_undisturbed_run_records_every_episode_once(recorded: Path) -> None:
    run = RunDirectory(recorded / "r")
    state = state_of(run)
    assert state is not None
    assert state.chunk > 2
    assert numbers_of(run) == list(range(1, state.episodes + 1))
    assert state.episodes > 50


@pytest.mark.very_slow  # crash equivalence compares recordings too
def test_kills_while_recording_change_nothing(tmp_path: Path, undisturbed: RunDirectory) -> None:
    """The worker of every chunk is killed once, and the supervisor in two of them too."""
    run = RunDirectory(tmp_path / "r")
    command = start(tmp_path, [*TRAIN, *EVERYTHING, *SLOW])
    kills: Counter[int] = Counter()
    seen: set[tuple[int, int]] = set()
    while command.process.poll() is None:
        time.sleep(0.01)
        found = recording_attempt(run) if run.staging.is_dir() else None
        if found is None or found in seen:
            continue
        seen.add(found)
        kills[chunk := found[0]] += 1
        if kills[chunk] == 1:
            kill(workers_of(run)[0])
        elif kills[chunk] == 2 and chunk in (2, 4):
            command.process.kill()
            command.wait()
            wait_until(lambda: not workers_of(run))
            command = start(tmp_path, ["resume", "r"])
    assert command.wait() == 0, command.stderr
    assert set(kills) == set(range(1, CHUNKS + 1))
    assert len(seen) == 2 * CHUNKS + 2
    assert_same_recordings(run, undisturbed)


@pytest.mark.very_slow  # test_engine.py has failed attempts, whose files go
def test_an_attempt_that_fails_leaves_no_episode(tmp_path: Path, undisturbed: RunDirectory) -> None:
    run = RunDirectory(tmp_path / "r")
    command = start(tmp_path, [*TRAIN, *EVERYTHING, *SLOW, "--set", "engine.max_restarts=0"])
    wait_until(lambda: run.staging.is_dir() and recording_attempt(run) == (2, 1))
    kill(workers_of(run)[0])
    assert command.wait() == 1
    state = state_of(run)
    assert state is not None
    assert state.chunk == 1
    assert numbers_of(run) == list(range(1, state.episodes + 1))
    assert list(run.staging.iterdir()) == []
    code, said = call(tmp_path, ["resume", "r", "--set", "engine.max_restarts=3"])
    assert code == 0, said
    mine, theirs = recordings_of(run), recordings_of(undisturbed)
    assert [it.actions.tobytes() for it in mine] == [it.actions.tobytes() for it in theirs]


def test_a_metric_that_the_game_lacks_is_refused_before_there_is_a_run(tmp_path: Path) -> None:
    criterion = 'recording.criteria=[{name="first",metric="lines",threshold=1.0}]'
    code, said = call(tmp_path, [*TRAIN, "--set", criterion])
    assert code == 2
    assert said.splitlines() == [
        "arcade-rl: error: --set: recording.criteria: first: there is no metric 'lines'; "
        "it may be return, hits, streak"
    ]
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("longer", [[], ["--steps", "4096"]])
def test_resume_with_such_a_metric_changes_nothing(
    finished: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str], longer: list[str]
) -> None:
    run = finished.copy(tmp_path)
    before = run.config.read_bytes()
    criterion = 'recording.criteria=[{name="performance",metric="hist"}]'
    assert cli.run(["resume", str(run.path), *longer, "--set", criterion]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "arcade-rl: error: --set: recording.criteria: performance: there is no metric 'hist'; "
        "it may be return, hits, streak"
    ]
    assert run.config.read_bytes() == before
