"""Engines behind the port: a run is the same bytes wherever its chunks run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from elsewhere import ElsewhereWorkers
from make_run import SMALL
from recordings_of import (
    assert_same_recordings,
    assert_same_recordings_however_cut,
    recordings_of,
)
from supervised import (
    assert_same,
    assert_same_however_cut,
    notices,
    processes_of,
    state_of,
)

from arcade_rl.config import Resolved, from_assignments, resolve
from arcade_rl.engines.launch import create_run, open_engine
from arcade_rl.engines.listener import Listener
from arcade_rl.engines.port import Workers
from arcade_rl.engines.supervisor import Outcome, Supervisor
from arcade_rl.registry import load_game
from arcade_rl.runs import checkpoints, control
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import Update

SETTINGS = {
    **SMALL,
    "chunk.steps": "1024",
    "recording.criteria": '["all"]',
    "engine.backoff_s": "0.05",
}
"""Eight updates in two chunks, besides chunk 0."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def resolved() -> Resolved:
    return resolve(
        [from_assignments([f"{key}={value}" for key, value in SETTINGS.items()])], load_game
    )


@pytest.fixture(scope="module")
def here(resolved: Resolved, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """The run, undisturbed, by the engine of this machine."""
    run = create_run(resolved, tmp_path_factory.mktemp("here"), "r", ["test"])
    assert supervise(run, resolved, open_engine(run)).state == "finished"
    return run


@pytest.fixture
def run(resolved: Resolved, tmp_path: Path) -> RunDirectory:
    return create_run(resolved, tmp_path, "r", ["test"])


@pytest.fixture
def elsewhere(
    run: RunDirectory, resolved: Resolved, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ElsewhereWorkers]:
    with closing(ElsewhereWorkers(run, resolved, tmp_path_factory.mktemp("elsewhere"))) as workers:
        yield workers


class Disturber(Listener):
    """Does something after some updates, once each."""

    def __init__(self, *updates: int, disturb: Callable[[], object]) -> None:
        self._updates, self._disturb = list(updates), disturb

    def updated(self, update: Update) -> None:
        if update.update in self._updates:
            self._updates.remove(update.update)
            self._disturb()


def supervise(
    run: RunDirectory, resolved: Resolved, workers: Workers, listener: Listener | None = None
) -> Outcome:
    return Supervisor(run, resolved, workers, listener or Listener()).supervise()


def assert_same_run(run: RunDirectory, other: RunDirectory) -> None:
    assert_same(run, other)
    assert_same_recordings(run, other)


def test_workers_that_share_no_folder_and_are_killed_give_the_same_bytes(
    here: RunDirectory, run: RunDirectory, resolved: Resolved, elsewhere: ElsewhereWorkers
) -> None:
    killer = Disturber(1, 6, disturb=lambda: elsewhere.training.process.kill())
    assert supervise(run, resolved, elsewhere, killer).state == "finished"
    assert notices(run).count("SIGKILL") == 2
    assert_same_run(run, here)
    assert len(list(run.tensorboard.iterdir())) == len(list(here.tensorboard.iterdir()))
    assert list(run.staging.iterdir()) == []
    assert all(worker.has_ended for worker in elsewhere.started)


@pytest.mark.usefixtures("duel")
@pytest.mark.very_slow  # opponents stay with duel runs, folders with the toy
def test_workers_that_share_no_folder_have_the_opponents_too(tmp_path: Path) -> None:
    """A pool of the run's own checkpoints, those that open episodes have, and one of another run."""
    usual = {
        **SETTINGS,
        "game": "duel",
        "checkpoint.milestones": '"25%"',
        "opponents.names": '["pool"]',
        "opponents.pool": "2",
    }
    against = {**usual, "opponents.names": '["pool", "first@25%"]'}
    runs = []
    for place, settings in (("here", usual), ("here", against), ("elsewhere", against)):
        lines = [f"{key}={value}" for key, value in settings.items()]
        resolved = resolve([from_assignments(lines)], load_game)
        root = tmp_path / place
        root.mkdir(exist_ok=True)
        if place == "elsewhere":
            shutil.copytree(runs[0].path, root / "first")
        run = create_run(resolved, root, "first" if not runs else "r", ["test"])
        folder = root / "workers"
        folder.mkdir(exist_ok=True)
        workers = open_engine(run) if place == "here" else ElsewhereWorkers(run, resolved, folder)
        with closing(workers):
            assert supervise(run, resolved, workers).state == "finished"
        runs.append(run)
    _, here, there = runs
    assert_same_run(there, here)
    found = {it.metadata.opponent for it in recordings_of(there)}
    assert {"r@0%", "r@25%", "r@50%", "first@25%"} <= found
    seated = [
        checkpoints.read_state(path).seated for _, path in checkpoints.stored(there.checkpoints)
    ]
    assert any(seated)


def test_a_stopped_run_goes_on_with_another_engine(
    here: RunDirectory, run: RunDirectory, resolved: Resolved, elsewhere: ElsewhereWorkers
) -> None:
    stopper = Disturber(3, disturb=lambda: control.send(run.control, "stop"))
    assert supervise(run, resolved, elsewhere, stopper).state == "stopped"
    state = state_of(run)
    assert state is not None
    assert 3 <= state.updates < 8
    assert supervise(run, resolved, open_engine(run)).state == "finished"
    assert_same_however_cut(run, here)
    assert_same_recordings_however_cut(run, here)
    assert processes_of(run) == []


def test_what_did_not_come_home_whole_is_refused_and_made_again(
    here: RunDirectory, run: RunDirectory, resolved: Resolved, elsewhere: ElsewhereWorkers
) -> None:
    tearer = Disturber(6, disturb=lambda: setattr(elsewhere, "torn", "checkpoint/model.zip"))
    assert supervise(run, resolved, elsewhere, tearer).state == "finished"
    assert "the attempt left something that does not verify" in notices(run)
    assert_same_run(run, here)
