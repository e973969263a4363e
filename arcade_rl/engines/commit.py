"""How an attempt becomes part of its run, and how a run is put in order after a crash.

The files are the truth: a chunk happened when its checkpoint is in place and verifies. Its event
log is moved before, and the database is told after, so whatever a crash leaves out in between can be
made up from files.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from arcade_rl.config import Resolved
from arcade_rl.engines.segments import Notify, index_segments, rows_of_segment
from arcade_rl.errors import VerificationError
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.database import Database, RecordingRow
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import LogWriter, read_log
from arcade_rl.runs.files import fsync
from arcade_rl.training.plan import (
    STAGED_CHECKPOINT,
    STAGED_EPISODES,
    STAGED_EVENTS,
    STAGED_TENSORBOARD,
)

CHUNK_DIGITS = "[0-9]" * 6
"""Pattern of a chunk in a file's name."""


def commit(
    run: RunDirectory, database: Database, log: LogWriter, staging: Path, attempt: int
) -> CheckpointState:
    """Verify what an attempt staged and make it part of the run."""
    staged = staging / STAGED_CHECKPOINT
    chunk = checkpoints.verify(staged)
    state = checkpoints.read_state(staged)
    recordings = _staged_recordings(database, staging, chunk)
    ended = time.time()
    log.finish(attempt, ended, state)
    os.replace(staging / STAGED_EVENTS, run.event_log(chunk))
    fsync(run.events)
    if recordings:
        _move_segment(run, staging, chunk)
    _move_tensorboard(run, staging, chunk)
    checkpoints.commit(staged, run.checkpoint(chunk))
    database.finish_chunk(state, ended, recordings)
    shutil.rmtree(staging)
    return state


def prune(run: RunDirectory, database: Database, resolved: Resolved, notify: Notify) -> None:
    """Delete the checkpoints that no rule keeps; one whose state is damaged is put aside."""
    states = []
    for chunk, path in checkpoints.stored(run.checkpoints):
        try:
            states.append(checkpoints.read_state(path))
        except VerificationError as error:
            _put_aside(run, chunk, f"checkpoint {chunk} is damaged and refused: {error}", notify)
    better = resolved.declaration.metric(resolved.best_metric).better
    config = resolved.config
    kept = checkpoints.kept(
        states, config.checkpoint, resolved.best_metric, better, config.train.n_envs
    )
    for chunk in {state.chunk for state in states} - kept.keys():
        trash = run.staging / f"pruned-{chunk:06d}"
        os.rename(run.checkpoint(chunk), trash)  # a crash leaves no half-deleted checkpoint
        shutil.rmtree(trash)
    database.set_kept(kept)


def discard(database: Database, staging: Path, chunk: int) -> None:
    """Forget an attempt: its rows and its staged files."""
    database.discard_from(chunk)
    shutil.rmtree(staging)


def recover(run: RunDirectory, database: Database, notify: Notify) -> None:
    """Put a run in order before it goes on; every loss becomes a notice."""
    if run.staging.exists():
        shutil.rmtree(run.staging)
    run.staging.mkdir()
    _put_damaged_aside(run, notify)
    stored = checkpoints.stored(run.checkpoints)
    if not stored and database.counts()[0]:
        notify("warning", "no checkpoint is left: the run begins again from untrained networks")
    _discard_after(run, database, stored[-1][0] if stored else -1)
    for path in sorted(run.events.glob(f"{CHUNK_DIGITS}.events")):
        if not database.chunk_is_done(int(path.stem)):
            try:
                database.replay_chunk(read_log(path))
            except VerificationError as error:
                notify("warning", f"{error}: rows of chunk {int(path.stem)} are missing")
    index_segments(run, database, notify)


def reject(run: RunDirectory, database: Database, chunk: int, reason: str, notify: Notify) -> None:
    """Step over the newest checkpoint: the run goes on from the one before."""
    _put_aside(run, chunk, reason, notify)
    _discard_after(run, database, chunk - 1)


def _put_damaged_aside(run: RunDirectory, notify: Notify) -> None:
    for chunk, path in checkpoints.stored(run.checkpoints):
        try:
            if checkpoints.verify(path) != chunk:
                raise VerificationError(f"{path} is the checkpoint of another chunk")
            checkpoints.read_state(path)
        except VerificationError as error:
            _put_aside(run, chunk, f"checkpoint {chunk} is damaged and refused: {error}", notify)


def _put_aside(run: RunDirectory, chunk: int, reason: str, notify: Notify) -> None:
    run.rejected.mkdir(exist_ok=True)
    aside = run.rejected / f"{chunk:06d}-{time.time_ns()}"
    os.rename(run.checkpoint(chunk), aside)
    notify("warning", f"{reason}; it was moved to {aside.relative_to(run.path)}")


def _discard_after(run: RunDirectory, database: Database, chunk: int) -> None:
    """Forget what was measured after `chunk`: it will be made again, the same."""
    database.discard_from(chunk + 1)
    for directory, pattern in (
        (run.events, f"{CHUNK_DIGITS}.events"),
        (run.episodes, f"{CHUNK_DIGITS}.episodes"),
        (run.tensorboard, f"events.out.tfevents.{CHUNK_DIGITS}.chunk"),
    ):
        for path in directory.glob(pattern):
            if int(path.name.split(".")[-2]) > chunk:
                path.unlink()


def _staged_recordings(database: Database, staging: Path, chunk: int) -> list[RecordingRow]:
    """The episodes that the attempt recorded. VerificationError if they are not those that the
    worker told of; what it could not write it has told too."""
    told = database.recorded(chunk)
    if told is None or not told.written:
        return []
    rows = rows_of_segment(staging / STAGED_EPISODES)
    if len(rows) != told.written:
        raise VerificationError(f"{len(rows)} episodes are recorded; expected {told.written}")
    return rows


def _move_segment(run: RunDirectory, staging: Path, chunk: int) -> None:
    run.episodes.mkdir(exist_ok=True)  # runs of earlier versions have none
    os.replace(staging / STAGED_EPISODES, run.segment(chunk))
    fsync(run.episodes)


def _move_tensorboard(run: RunDirectory, staging: Path, chunk: int) -> None:
    """TensorBoard reads the files of a directory in the order of their names."""
    for path in (staging / STAGED_TENSORBOARD).glob("events.out.tfevents.*"):
        os.replace(path, run.tensorboard / f"events.out.tfevents.{chunk:06d}.chunk")
