"""A small run from end to end: chunks that are killed, recordings that play again, and a film of them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import CommandLineProcess
from recordings_of import assert_same_recordings, assert_same_recordings_however_cut
from supervised import (
    assert_same,
    assert_same_however_cut,
    call,
    kill,
    notices,
    start,
    state_of,
    workers_of,
)

from arcade_rl.runs.directory import RunDirectory

CHUNKS = 3
CHUNK_STEPS = 32 * 24 * 2
LIMIT_S = 500.0
"""A run may have to compile the simulator's kernels first."""

TRAIN = [
    "train", "configs/go2/walk.toml", "--run", "r", "--steps", str(CHUNKS * CHUNK_STEPS),
    "--set", "train.n_envs=32", "--set", "train.batch_size=192", "--set", "options.device=cpu",
    "--set", "options.episode_s=0.6", "--set", "options.randomize.push_m_s=0.3",
    "--set", f"chunk.steps={CHUNK_STEPS}", "--set", 'checkpoint.milestones=["33%", "100%"]',
    "--set", 'recording.criteria=["all"]', "--set", "engine.backoff_s=0.05",
]  # fmt: skip

MILESTONES = 'checkpoint.milestones="100%"'

pytestmark = [pytest.mark.very_slow, pytest.mark.usefixtures("leave_nothing_running")]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    root = tmp_path_factory.mktemp("undisturbed")
    code, said = call(root, TRAIN)
    assert code == 0, said
    run = RunDirectory(root / "r")
    state = state_of(run)
    assert state is not None
    assert (state.chunk, state.steps) == (CHUNKS, CHUNKS * CHUNK_STEPS)
    return run


def test_a_worker_killed_in_every_chunk_changes_nothing(
    undisturbed: RunDirectory, tmp_path: Path
) -> None:
    """Some die while they build the simulator, which the fork server has imported: weights, optimizer,
    episodes and recordings are the same."""
    run = RunDirectory(tmp_path / "r")
    command = start(tmp_path, TRAIN)
    killed: list[int] = []
    while command.process.poll() is None:
        state = state_of(run) if run.checkpoints.is_dir() else None
        chunk = state.chunk + 1 if state else 0
        if 0 < chunk <= CHUNKS and chunk not in killed and (workers := workers_of(run)):
            server = workers[0].parent()
            assert server is not None
            assert any("quadrants" in each.path for each in server.memory_maps())
            if chunk > 1:  # the first is killed while it builds the simulator
                time.sleep(0.5)
            kill(workers[0])
            killed.append(chunk)
        time.sleep(0.02)
    assert command.wait(LIMIT_S) == 0, command.stderr
    assert killed == list(range(1, CHUNKS + 1))
    assert notices(run).count("SIGKILL") >= CHUNKS
    assert_same(run, undisturbed)
    assert_same_recordings(run, undisturbed)


def test_in_one_chunk_it_is_the_same_run(undisturbed: RunDirectory, tmp_path: Path) -> None:
    """Robots in the middle of episodes are saved and restored to the last bit."""
    code, said = call(tmp_path, [*TRAIN, "--set", "chunk.steps=1000000", "--set", MILESTONES])
    assert code == 0, said
    run = RunDirectory(tmp_path / "r")
    assert_same_however_cut(run, undisturbed)
    assert_same_recordings_however_cut(run, undisturbed)


def test_recorded_episodes_play_again_bit_for_bit(
    undisturbed: RunDirectory, arcade_rl_process: CommandLineProcess
) -> None:
    runs = str(undisturbed.path.parent)
    done = arcade_rl_process("episodes", "verify", "r", "--json", "--runs-dir", runs)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["rerun"] > 50
    assert told["otherwise"] == []


def test_a_film_of_two_checkpoints_side_by_side(undisturbed: RunDirectory, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    words = ["--panes", "2", "--fps", "30", "--preset", "debug-720p", "--overlay", "none"]
    words += ["--camera", "above"]
    words += ["--out", str(film)]
    code, said = call(undisturbed.path.parent, ["export", "progression", "r", *words])
    assert code == 0, said
    with av.open(film) as opened:
        stream = opened.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in opened.decode(stream)]
    assert (stream.width, stream.height) == (1280, 720)
    assert stream.average_rate == 30
    assert len(frames) >= 18
    left, right = (
        np.stack([f[:, part] for f in frames[:18]]) for part in (slice(0, 640), slice(640, 1280))
    )
    for pane in (left, right):
        moved = np.abs(pane[1:].astype(int) - pane[:-1]).max(axis=3) > 30
        assert moved.any(axis=(1, 2)).sum() > 9
