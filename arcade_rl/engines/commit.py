"""How an attempt becomes part of its run, and how a run is put in order after a crash.

The files are the truth: a chunk happened if its checkpoint is in place and verifies. The chunk's
event log is moved into place before the checkpoint, and the database is updated after it, so that
whatever a crash leaves out can be made again from files.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arcade_rl.config import Resolved
from arcade_rl.contracts import Declaration
from arcade_rl.errors import ConfigError, UsageError, VerificationError
from arcade_rl.reading import listed
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.database import Database, RecordingRow
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import LogWriter, read_log
from arcade_rl.runs.files import fsync, remove_tree
from arcade_rl.runs.plan import (
    STAGED_CHECKPOINT,
    STAGED_EPISODES,
    STAGED_EVENTS,
    STAGED_TENSORBOARD,
)
from arcade_rl.runs.segments import Notify, index_segments, rows_of_segment

CHUNK_DIGITS = "[0-9]" * 6
"""Pattern for the number of a chunk in the name of a file."""


def commit(
    run: RunDirectory, database: Database, log: LogWriter, staging: Path, attempt: int
) -> CheckpointState:
    """Verify what an attempt staged and make it part of the run."""
    run.restore_folders()
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
    # From this rename on the chunk has happened.
    checkpoints.commit(staged, run.checkpoint(chunk))
    database.finish_chunk(state, ended, recordings)
    shutil.rmtree(staging)
    return state


def prune(run: RunDirectory, database: Database, resolved: Resolved, notify: Notify) -> None:
    """Delete the checkpoints that no rule keeps. A checkpoint whose state is damaged is put
    aside."""
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
        remove_tree(trash)
    database.set_kept(kept)


def discard(database: Database, staging: Path, chunk: int) -> None:
    """Forget an attempt: its rows and its staged files."""
    database.discard_from(chunk)
    if staging.exists():  # somebody may have tidied up folders that looked empty
        shutil.rmtree(staging)


def refuse_other_columns(run: RunDirectory, database: Database, declaration: Declaration) -> None:
    """Raise ConfigError if the game has other terms or metrics than when the run was made, or
    declares them in another order: new rows would not fit those of the run, nor what its
    checkpoints remember of episodes."""
    pairs = (
        ("term", database.term_names(), [term.name for term in declaration.terms]),
        ("metric", database.metric_names(), [metric.name for metric in declaration.metrics]),
    )
    for what, then, now in pairs:
        new, gone = sorted(set(now) - set(then)), sorted(set(then) - set(now))
        if then != now:
            told = [f"{what} {', '.join(new)} is new"] * bool(new)
            told += [f"{what} {', '.join(gone)} is gone"] * bool(gone)
            told = told or [f"its {what}s stand in another order"]
            raise ConfigError(
                f"the game of {run.name} measures otherwise than when it was made: "
                f"{'; '.join(told)}. Go on with the plugin's version that "
                f"{run.identity_file} names, or start a new run"
            )


@dataclass(frozen=True, slots=True)
class RunStart:
    """The checkpoint from which a run goes on."""

    chunk: int
    """Chunk of the newest checkpoint that verifies; -1 for none."""
    damaged: dict[int, str]
    """What is wrong with each checkpoint that does not verify, by chunk."""
    is_lost: bool
    """Whether the run was trained and no trained checkpoint is left, so that it begins again, as
    the user asked."""


def find_start(run: RunDirectory, database: Database, from_scratch: bool = False) -> RunStart:
    """Find the checkpoint from which a run goes on. Changes nothing, and verifies every checkpoint.

    VerificationError if the run was trained and no trained checkpoint is left, unless
    `from_scratch`. UsageError if `from_scratch` is given in any other case. OSError if the system
    does not let something be read.
    """
    sound, damaged = _examine(run)
    start = max(sound, default=-1)
    is_lost = not any(state.updates for state in sound.values()) and (
        bool(damaged) or database.counts()[0] > 0 or _newest_file(run) > start + 1
    )
    if is_lost and not from_scratch:
        raise VerificationError(_nothing_left(run, damaged))
    if from_scratch and not is_lost:
        raise UsageError(
            f"{run.name} can go on from checkpoint {start}, and --from-scratch is for a run that has "
            "no trained checkpoint left; resume it without, or start a new run"
        )
    return RunStart(start, damaged, is_lost)


def recover(
    run: RunDirectory, database: Database, notify: Notify, from_scratch: bool = False
) -> None:
    """Put a run in order before it goes on; every loss becomes a notice. Errors are those of
    `find_start`, raised before any file is moved or deleted."""
    run.restore_folders()
    start = find_start(run, database, from_scratch)
    remove_tree(run.staging)
    run.staging.mkdir()
    for chunk, fault in start.damaged.items():
        _put_aside(run, chunk, f"checkpoint {chunk} is damaged and refused: {fault}", notify)
    if start.is_lost:
        notify(
            "warning",
            "no trained checkpoint is left: the run begins again from untrained networks, as asked; "
            "what was recorded is now in rejected/",
        )
    _discard_after(run, database, start.chunk, bool(start.damaged) or start.is_lost)
    for path in listed(run.events, f"{CHUNK_DIGITS}.events"):
        if not database.chunk_is_done(int(path.stem)):
            try:
                log = read_log(path)
                if not all(map(database.has_columns_of, log.episodes)):
                    raise VerificationError(f"{path} has other terms or metrics than its run")
                database.replay_chunk(log)
            except VerificationError as error:
                notify("warning", f"{error}: rows of chunk {int(path.stem)} are missing")
    index_segments(run, database, notify)


def reject(run: RunDirectory, database: Database, chunk: int, reason: str, notify: Notify) -> None:
    """Put the newest checkpoint aside, so that the run goes on from the one before."""
    _put_aside(run, chunk, reason, notify)
    _discard_after(run, database, chunk - 1, are_kept=False)


def _examine(run: RunDirectory) -> tuple[dict[int, CheckpointState], dict[int, str]]:
    """States of the checkpoints that verify, and what is wrong with the others, by chunk."""
    sound, damaged = dict[int, CheckpointState](), dict[int, str]()
    for chunk, path in checkpoints.stored(run.checkpoints):
        try:
            if checkpoints.verify(path) != chunk:
                raise VerificationError(f"{path} is the checkpoint of another chunk")
            sound[chunk] = checkpoints.read_state(path)
        except VerificationError as error:
            damaged[chunk] = str(error)
    return sound, damaged


def _nothing_left(run: RunDirectory, damaged: dict[int, str]) -> str:
    reasons = "".join(f"; checkpoint {chunk}: {fault}" for chunk, fault in damaged.items())
    return (
        f"{run.path} has no trained checkpoint left{reasons}. Bring its checkpoints back from a copy, "
        "or begin the training again with `arcade-rl resume --from-scratch`, which keeps what was "
        "recorded in rejected/"
    )


def _put_aside(run: RunDirectory, chunk: int, reason: str, notify: Notify) -> None:
    run.rejected.mkdir(exist_ok=True)
    aside = run.rejected / f"{chunk:06d}-{time.time_ns()}"
    os.rename(run.checkpoint(chunk), aside)
    notify("warning", f"{reason}; it was moved to {aside.relative_to(run.path)}")


def _discard_after(run: RunDirectory, database: Database, chunk: int, are_kept: bool) -> None:
    """Delete the rows of all chunks after `chunk`, which will be trained again. Their files are put
    aside, except those of the very next chunk unless `are_kept`: these are deleted, as a crash
    interrupted their commit, or their checkpoint is stepped over."""
    database.discard_from(chunk + 1)
    for number, path in _files_of_chunks(run):
        if number > chunk + 1 or (number > chunk and are_kept):
            run.rejected.mkdir(exist_ok=True)
            os.rename(path, run.rejected / f"{path.name}-{time.time_ns()}")
        elif number > chunk:
            path.unlink()


def _files_of_chunks(run: RunDirectory) -> Iterator[tuple[int, Path]]:
    """Chunk and path of every file that a commit moved into place besides its checkpoint."""
    for directory, pattern in (
        (run.events, f"{CHUNK_DIGITS}.events"),
        (run.episodes, f"{CHUNK_DIGITS}.episodes"),
        (run.tensorboard, f"events.out.tfevents.{CHUNK_DIGITS}.chunk"),
    ):
        for path in listed(directory, pattern):
            yield int(path.name.split(".")[-2]), path


def _newest_file(run: RunDirectory) -> int:
    """The last chunk that such a file belongs to; -1 without files."""
    return max((chunk for chunk, _ in _files_of_chunks(run)), default=-1)


def _staged_recordings(database: Database, staging: Path, chunk: int) -> list[RecordingRow]:
    """Rows of the episodes that the attempt recorded. VerificationError if there are not as many as
    the worker said that it has written."""
    told = database.recorded(chunk)
    if told is None or not told.written:
        return []
    rows = rows_of_segment(staging / STAGED_EPISODES)
    if len(rows) != told.written:
        raise VerificationError(f"{len(rows)} episodes are recorded; expected {told.written}")
    return rows


def _move_segment(run: RunDirectory, staging: Path, chunk: int) -> None:
    os.replace(staging / STAGED_EPISODES, run.segment(chunk))
    fsync(run.episodes)


def _move_tensorboard(run: RunDirectory, staging: Path, chunk: int) -> None:
    """Move the files for TensorBoard, named by chunk: TensorBoard reads the files of a folder in
    the order of their names."""
    for path in (staging / STAGED_TENSORBOARD).glob("events.out.tfevents.*"):
        os.replace(path, run.tensorboard / f"events.out.tfevents.{chunk:06d}.chunk")
