"""Make whole runs of the toy in this process, without a supervisor."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from arcade_rl.config import Resolved, from_assignments, resolve
from arcade_rl.engines.commit import commit, prune
from arcade_rl.engines.launch import create_run
from arcade_rl.registry import load_game
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import Event, FeedFrame, LogWriter
from arcade_rl.runs.feed import FeedWriter
from arcade_rl.runs.plan import STAGED_EVENTS, Plan, plan_run
from arcade_rl.training.chunk import Chunk, Turn
from arcade_rl.training.learner import open_learner

SMALL = {
    "game": "toy",
    "train.total_steps": "2048",
    "train.n_envs": "4",
    "train.n_steps": "64",
    "train.batch_size": "64",
    "train.n_epochs": "2",
    "train.device": "cpu",
    "train.threads": "1",
    "chunk.steps": "512",
    "checkpoint.milestones": "'50%'",
    "checkpoint.keep": "2",
}
"""Eight updates in four chunks."""
UNSET = "unset"
"""Value of an assignment that takes a value of `SMALL` away."""


@dataclass(frozen=True)
class Made:
    """A run, and what it was made with."""

    run: RunDirectory
    resolved: Resolved

    @property
    def newest(self) -> Path:
        return checkpoints.stored(self.run.checkpoints)[-1][1]

    def copy(self, root: Path) -> RunDirectory:
        """A copy to damage."""
        return RunDirectory(Path(shutil.copytree(self.run.path, root / self.run.name)))


def make_run(root: Path, *assignments: str, name: str = "r", chunks: int | None = None) -> Made:
    """A run of the toy with its first `chunks` chunks, or with all of them."""
    given = dict(assignment.split("=", maxsplit=1) for assignment in assignments)
    values = {key: value for key, value in {**SMALL, **given}.items() if value != UNSET}
    lines = [f"{key}={value}" for key, value in values.items()]
    resolved = resolve([from_assignments(lines)], load_game)
    run = create_run(resolved, root, name, ["make_run"])
    return go_on(run, resolved, chunks)


def go_on(run: RunDirectory, resolved: Resolved, chunks: int | None = None) -> Made:
    """Train a run up to chunk `chunks`, or to its end."""
    plan = plan_run(resolved.config)
    with closing(Database.open(run.database)) as database:
        database.set_status("running")
        state = checkpoints.newest(run.checkpoints)
        while state is None or state.updates < plan.total_updates:
            if chunks is not None and state is not None and state.chunk == chunks:
                break
            state = _chunk(run, resolved, database, plan, state)
            prune(run, database, resolved, database.notify)
        database.set_status("finished" if state.updates == plan.total_updates else "stopped")
    return Made(run, resolved)


def _chunk(
    run: RunDirectory,
    resolved: Resolved,
    database: Database,
    plan: Plan,
    start: CheckpointState | None,
) -> CheckpointState:
    spec = plan.spec(run.name, start)
    staging = run.staged(spec.chunk, spec.attempt)
    staging.mkdir()
    turn = Turn(spec, run.checkpoint(start.chunk) if start else None, staging)
    log = LogWriter(staging / STAGED_EVENTS)
    database.begin_attempt(spec.chunk, spec.attempt, spec.first_update, spec.last_update)

    feed = FeedWriter(run.feed)

    def take_in(event: Event) -> None:
        if isinstance(event, FeedFrame):
            feed.write(event)
            return
        log.write(event)
        database.record(spec.chunk, spec.attempt, event)

    learner = open_learner(resolved)
    try:
        Chunk(learner, turn, take_in).run(lambda: False)
        return commit(run, database, log, staging, spec.attempt)
    finally:
        learner.close()
        log.close()
        feed.close()
