"""Runs on the emulated cartridge whose workers, and the emulators in them, are killed end in the same bytes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from recordings_of import assert_same_recordings
from supervised import assert_same, call, kill, notices, start, state_of, workers_of

from arcade_rl.runs.directory import RunDirectory

CHUNKS = 3
TRAIN = [
    "train", "drmario", "--run", "r", "--steps", str(CHUNKS * 128), "--set", "train.n_envs=4",
    "--set", "train.n_steps=32", "--set", "train.batch_size=64", "--set", "train.threads=1",
    "--set", "options.backend=emulator", "--set", "options.most_pills=25",
    "--set", "chunk.steps=128", "--set", 'checkpoint.milestones="100%"',
    "--set", 'recording.criteria=["all"]', "--set", "engine.backoff_s=0.05",
]  # fmt: skip

pytestmark = [pytest.mark.very_slow, pytest.mark.usefixtures("leave_nothing_running")]


def test_a_worker_killed_in_every_chunk_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    code, said = call(tmp_path / "whole", TRAIN)
    assert code == 0, said
    undisturbed = RunDirectory(tmp_path / "whole" / "r")
    (tmp_path / "killed").mkdir()
    run = RunDirectory(tmp_path / "killed" / "r")
    command = start(tmp_path / "killed", TRAIN)
    killed: set[int] = set()
    while command.process.poll() is None:
        state = state_of(run) if run.checkpoints.is_dir() else None
        chunk = state.chunk + 1 if state else 0
        if 0 < chunk <= CHUNKS and chunk not in killed and (workers := workers_of(run)):
            time.sleep(0.4)  # games are being played
            kill(workers[0])
            killed.add(chunk)
        time.sleep(0.02)
    assert command.wait(300) == 0, command.stderr
    assert len(killed) == CHUNKS
    assert notices(run).count("SIGKILL") >= CHUNKS
    assert_same(run, undisturbed)
    assert_same_recordings(run, undisturbed)
