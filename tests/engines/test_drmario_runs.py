"""Runs whose workers, and the emulators in them, are killed end in the same bytes: alone on the cartridge, and
in versus against earlier checkpoints of the run itself."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from recordings_of import assert_same_recordings, recordings_of
from supervised import assert_same, call, kill, notices, start, state_of, workers_of

from arcade_rl.runs.directory import RunDirectory

CHUNKS = 3
SETTINGS = {
    "on the cartridge": ["options.backend=emulator"],
    "against itself": [
        "options.mode=versus", "options.level=0", 'opponents.names=["pool", "greedy"]', "opponents.pool=3",
    ],
}  # fmt: skip
TRAIN = [
    "train", "drmario", "--run", "r", "--steps", str(CHUNKS * 128), "--set", "train.n_envs=4",
    "--set", "train.n_steps=32", "--set", "train.batch_size=64", "--set", "train.threads=1",
    "--set", "options.most_pills=25",
    "--set", "chunk.steps=128", "--set", 'checkpoint.milestones="33%"',
    "--set", 'recording.criteria=["all"]', "--set", "engine.backoff_s=0.05",
]  # fmt: skip

pytestmark = [pytest.mark.very_slow, pytest.mark.usefixtures("leave_nothing_running")]


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_worker_killed_in_every_chunk_changes_nothing(setting: str, tmp_path: Path) -> None:
    train = [*TRAIN, *(word for it in SETTINGS[setting] for word in ("--set", it))]
    (tmp_path / "whole").mkdir()
    code, said = call(tmp_path / "whole", train)
    assert code == 0, said
    undisturbed = RunDirectory(tmp_path / "whole" / "r")
    (tmp_path / "killed").mkdir()
    run = RunDirectory(tmp_path / "killed" / "r")
    command = start(tmp_path / "killed", train)
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
    if setting == "against itself":
        opponents = {it.metadata.opponent for it in recordings_of(run)}
        assert {"r@0%", "greedy"} < opponents
