"""Runs against a pool of their own checkpoints, trained undisturbed, under SIGKILLs, and in fewer chunks, are
the same runs; and checkpoints are evaluated against named opponents."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
from conftest import CommandLine
from recordings_of import assert_same_recordings, assert_same_recordings_however_cut, recordings_of
from supervised import (
    TOY,
    assert_same,
    assert_same_however_cut,
    call,
    kill,
    notices,
    start,
    state_of,
    workers_of,
)

from arcade_rl.playback.verify import verify
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("leave_nothing_running", "duel")]

DUEL = TOY / "duel"
CHUNKS = 4
TRAIN = [
    *("train", "duel", "--run", "r", "--steps", "2048", "--set", "chunk.steps=512"),
    *("--set", 'opponents.names=["pool", "random"]', "--set", "opponents.pool=2"),
    *("--set", 'recording.criteria=["all"]', "--set", "engine.backoff_s=0.05"),
    *("--set", 'checkpoint.milestones="50%"', "--set", "checkpoint.keep=2"),
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    root = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DUEL))
        code, said = call(root, TRAIN, modules=DUEL)
    assert code == 0, said
    return RunDirectory(root / "r")


def test_checkpoints_of_the_run_sit_opposite(
    undisturbed: RunDirectory,
) -> None:
    kept = recordings_of(undisturbed)
    assert {it.metadata.opponent for it in kept} == {"random", "r@0%", "r@50%"}
    assert all(found.divergence is None for found in verify(kept))
    with Database.reading(undisturbed.database) as database:
        rows = {row["number"]: row["opponent"] for row in database.episodes()}
    assert {it.metadata.number: it.metadata.opponent for it in kept} == rows


def test_a_worker_killed_in_every_chunk_changes_nothing(
    undisturbed: RunDirectory, tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path / "r")
    command = start(tmp_path, TRAIN, modules=DUEL)
    killed: list[int] = []
    while command.process.poll() is None:
        state = state_of(run) if run.checkpoints.is_dir() else None
        chunk = state.chunk + 1 if state else 0
        if chunk not in killed and run.path.is_dir() and (workers := workers_of(run)):
            kill(workers[0])
            killed.append(chunk)
        time.sleep(0.02)
    assert command.wait() == 0, command.stderr
    assert killed == list(range(CHUNKS + 1))
    assert notices(run).count("SIGKILL") >= CHUNKS
    assert_same(run, undisturbed)
    assert_same_recordings(run, undisturbed)


def test_in_one_chunk_a_milestone_it_is_the_same_run(
    undisturbed: RunDirectory, tmp_path: Path
) -> None:
    code, said = call(tmp_path, [*TRAIN, "--set", "chunk.steps=1000000"], modules=DUEL)
    assert code == 0, said
    run = RunDirectory(tmp_path / "r")
    state = state_of(run)
    assert state is not None
    assert state.chunk == 2
    assert_same_however_cut(run, undisturbed)
    assert_same_recordings_however_cut(run, undisturbed)


def test_a_checkpoint_of_another_run_sits_opposite_and_is_copied(
    undisturbed: RunDirectory, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    shutil.copytree(undisturbed.path.parent, root)
    words = [
        "train",
        "duel",
        "--run",
        "next",
        "--steps",
        "1024",
        "--set",
        'opponents.names=["r@50%"]',
    ]
    code, said = call(root, [*words, "--set", 'recording.criteria=["all"]'], modules=DUEL)
    assert code == 0, said
    kept = recordings_of(RunDirectory(root / "next"))
    assert {it.metadata.opponent for it in kept} == {"r@50%"}
    shutil.rmtree(root / "r")
    code, said = call(root, ["resume", "next", "--set", "train.total_steps=1536"], modules=DUEL)
    assert code == 0, said
    code, said = call(root, [*words[:2], "--run", "gone", *words[4:]], modules=DUEL)
    assert code == 3
    assert "r" in said


@pytest.mark.parametrize("opponent", ["random", "perfect", "r@50%"])
def test_a_checkpoint_is_evaluated_against_a_named_opponent(
    undisturbed: RunDirectory, arcade_rl: CommandLine, opponent: str
) -> None:
    runs = str(undisturbed.path.parent)
    said = arcade_rl(
        *("evaluate", "r", "--runs-dir", runs, "--episodes", "6", "--opponent", opponent, "--json")
    )
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["opponent"] == ("r@2" if "@" in opponent else opponent)
    assert len(found["episodes"]["seed"]) == 6


def test_an_opponent_that_is_not_there_is_refused_in_one_line(
    undisturbed: RunDirectory, arcade_rl: CommandLine
) -> None:
    runs = str(undisturbed.path.parent)
    said = arcade_rl("evaluate", "r", "--runs-dir", runs, "--opponent", "robot")
    assert said.returncode == 2
    assert "duel has no opponent 'robot'; expected one of random, perfect" in said.stderr
