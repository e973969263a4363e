"""Breakout trained undisturbed, and under SIGKILLs, ends in the same bytes and the same rows, and has
the same episodes recorded."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from recorded import assert_equal
from recordings_of import assert_same_recordings, assert_same_recordings_however_cut
from supervised import (
    assert_same,
    assert_same_however_cut,
    call,
    kill,
    notices,
    start,
    state_of,
    wait_until,
    workers_of,
)
from toy_runs import updates_recorded
from watcher import Watcher, watched_of

from arcade_rl.playback.verify import verify
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

CHUNKS, CHUNK_UPDATES = 3, 3
PIXELS = ["train.n_envs=4", "train.n_steps=32", "train.batch_size=64", "train.n_epochs=1"]
SETTINGS = {
    "features": (
        "configs/breakout/quick.toml",
        ["train.n_envs=8", "train.n_steps=128", "train.batch_size=256"],
        8 * 128,
    ),
    "pixels, exact": (
        "configs/breakout/pixels.toml",
        [*PIXELS, "train.precision=exact"],
        4 * 32,
    ),
    "pixels, fast": (
        "configs/breakout/pixels.toml",
        [*PIXELS, "train.precision=fast", "train.threads=1", "train.env_processes=0"],
        4 * 32,
    ),
}
"""Configuration, assignments, and steps of an update. The exact ones learn on all
cores, whose threads wait for each other where tests run beside them."""

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("leave_nothing_running")]


VERY_SLOW = pytest.mark.very_slow
"""Kills change nothing in the toy's runs either, by test_engine.py and test_duel_runs.py, and without
kills these trainings are cut in test_breakout_cuts.py."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(kind, marks=VERY_SLOW)
        for kind in ("features", "pixels, fast", "pixels, exact")
    ],
)
def observation(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def arguments(observation: str) -> list[str]:
    config, assignments, update_steps = SETTINGS[observation]
    chunk_steps = CHUNK_UPDATES * update_steps
    options = [word for assignment in assignments for word in ("--set", assignment)]
    return [
        "train", config, "--run", "r", "--steps", str(CHUNKS * chunk_steps), *options,
        "--set", f"chunk.steps={chunk_steps}", "--set", 'checkpoint.milestones="100%"',
        "--set", "engine.backoff_s=0.05",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(observation: str, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    root = tmp_path_factory.mktemp("undisturbed")
    code, said = call(root, arguments(observation))
    assert code == 0, said
    run = RunDirectory(root / "r")
    state = state_of(run)
    assert state is not None
    assert state.chunk == CHUNKS
    assert state.episodes > 0
    return run


@pytest.fixture(scope="module")
def update_s(undisturbed: RunDirectory) -> float:
    """How long an update takes on this machine, in seconds."""
    with Database.reading(undisturbed.database) as database:
        times = [float(row["time"]) for row in database.updates()]
    return (times[CHUNK_UPDATES - 1] - times[0]) / (CHUNK_UPDATES - 1)


def chunk_of(run: RunDirectory) -> int:
    """The chunk that runs now."""
    state = state_of(run) if run.checkpoints.is_dir() else None
    return state.chunk + 1 if state else 0


def test_a_worker_killed_at_a_random_moment_of_every_chunk_changes_nothing(
    observation: str, undisturbed: RunDirectory, update_s: float, tmp_path: Path
) -> None:
    """The kill comes in any update but the last of the chunk, after which the chunk may be over."""
    run = RunDirectory(tmp_path / "r")
    rng = random.Random(observation)
    command = start(tmp_path, arguments(observation))
    killed: list[int] = []
    watcher = Watcher(run)
    full_updates = rng.randrange(CHUNK_UPDATES - 1)
    while command.process.poll() is None:
        chunk = chunk_of(run) if run.path.is_dir() else -1
        is_due = updates_recorded(run) >= (chunk - 1) * CHUNK_UPDATES + full_updates
        if chunk not in killed and chunk <= CHUNKS and is_due and (workers := workers_of(run)):
            if chunk:  # the one that makes the first checkpoint is over at once
                time.sleep(rng.uniform(0.0, update_s))
            if chunk_of(run) == chunk:
                kill(workers[0])
                killed.append(chunk)
                full_updates = rng.randrange(CHUNK_UPDATES - 1)
        watcher.look()
        time.sleep(0.02)
    assert command.wait() == 0, command.stderr
    assert set(killed) >= set(range(1, CHUNKS + 1))  # chunk 0 may be over before it is seen
    assert notices(run).count("SIGKILL") >= CHUNKS
    assert_same(run, undisturbed)
    assert_same_recordings(run, undisturbed)
    assert_watched(watcher, run)


def assert_watched(watcher: Watcher, run: RunDirectory) -> None:
    """Who watched saw what is recorded, and what the fingerprints say, as often as it counts."""
    watcher.look()
    watcher.following.close()
    seen, kept = watcher.ended, {it.metadata.number: it for it in watched_of(run)}
    assert seen
    assert len({it.metadata.number for it in seen}) == len(seen)
    for it in seen:
        assert_equal(it, kept.get(it.metadata.number, it))
    assert [it for it in verify(seen) if it.divergence or it.fault] == []


@pytest.mark.very_slow  # test_breakout_cuts.py cuts the same training without an engine
def test_in_one_chunk_it_is_the_same_run(
    observation: str, undisturbed: RunDirectory, tmp_path: Path
) -> None:
    words = [*arguments(observation), "--set", "chunk.steps=1000000000"]
    code, said = call(tmp_path, words)
    assert code == 0, said
    run = RunDirectory(tmp_path / "r")
    state = state_of(run)
    assert state is not None
    assert state.chunk == 1
    assert_same_however_cut(run, undisturbed)
    assert_same_recordings_however_cut(run, undisturbed)


@pytest.mark.parametrize("observation", SETTINGS, indirect=True, scope="module")
@pytest.mark.very_slow  # the toy's supervisors are killed in test_engine.py
def test_a_supervisor_killed_twice_changes_nothing(
    observation: str, undisturbed: RunDirectory, update_s: float, tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path / "r")
    rng = random.Random(observation)
    command_line = arguments(observation)
    for chunk in (1, 2):
        command = start(tmp_path, command_line)
        wait_until(lambda chunk=chunk: run.path.is_dir() and chunk_of(run) >= chunk)  # type: ignore[misc]
        time.sleep(rng.uniform(0.0, CHUNK_UPDATES * update_s))
        command.process.kill()
        command.wait()
        command_line = ["resume", "r"]
    code, said = call(tmp_path, command_line)
    assert code == 0, said
    assert_same(run, undisturbed)
    assert_same_recordings(run, undisturbed)
