"""Descriptions of a run from its files alone, without plugin or torch. Damage in one place hides
nothing of the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import TypeVar

from arcade_rl.config import Config
from arcade_rl.errors import ArcadeError, MissingError, VerificationError
from arcade_rl.runs import checkpoints, evaluations
from arcade_rl.runs.checkpoints import WINDOW, CheckpointState
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import Identity, RunDirectory, all_runs
from arcade_rl.runs.evaluations import Evaluation
from arcade_rl.runs.events import read_log
from arcade_rl.runs.fields import built_of_row
from arcade_rl.runs.films import MadeFilm, films_in
from arcade_rl.runs.making import FilmInMaking, films_in_making
from arcade_rl.runs.origins import Fork
from arcade_rl.runs.phases import total
from arcade_rl.runs.queries import ChunkSummary, RecordingCounts, Status
from arcade_rl.runs.segments import faults_of_segments
from arcade_rl.runs.state import state_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What people want to know of a run first. Fields that could not be read are empty, zero or
    None."""

    name: str
    path: Path
    game: str
    seed: int | None
    created: float
    """When the run was made, in seconds since the epoch."""
    state: str
    """State of the run, as in `runs.state.RunState`."""
    reason: str
    pid: int | None
    """Process id of the living supervisor; None if there is none."""
    steps: int
    """Steps of the finished chunks."""
    total_steps: int | None
    """Length of the run in steps, rounded to whole rollouts."""
    episodes: int
    """Episodes that ended in the finished chunks."""
    open_episodes: int
    """Episodes that are open at the end of the newest finished chunk; no mean contains them."""
    open_steps: int
    """Steps that were played in the open episodes."""
    dropped_steps: int
    """Steps of episodes that were dropped while they were open: as the user wished, or by an
    earlier version, which dropped them at every cut."""
    metric: str
    """The metric that names the best checkpoint, or the game's main one."""
    forked: Fork | None
    """The checkpoint of another run that the run began with."""
    metrics: dict[str, float | None]
    """Mean of every metric over the last 100 episodes that ended; None before the first has
    ended."""
    faults: tuple[str, ...]
    """What is damaged, and what to do about it."""

    @property
    def progress(self) -> float | None:
        """Fraction of the run that is done, 0 to 1."""
        return self.steps / self.total_steps if self.total_steps else None

    @property
    def mean(self) -> float | None:
        """Recent mean of `metric`."""
        return self.metrics.get(self.metric)


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """One checkpoint on disk."""

    chunk: int
    state: CheckpointState | None
    """State of the checkpoint; None if it cannot be read, or was to be verified and is damaged."""
    kept: str
    """Why the checkpoint is still there."""
    fault: str
    """What is wrong with the checkpoint; "" if nothing is."""


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """Something that a person should know."""

    time: float
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class RunDetail:
    """Everything that `runs show` shows."""

    summary: RunSummary
    identity: Identity | None
    chunks: list[ChunkSummary]
    checkpoints: list[StoredCheckpoint]
    notices: list[StoredNotice]
    recordings: RecordingCounts | None
    """Counts of recorded episodes; None where there is no index."""
    recording_bytes: int
    """Size of all segments of recorded episodes on disk, in bytes."""
    evaluations: list[tuple[Path, Evaluation]]
    films: list[MadeFilm]
    making: list[FilmInMaking]

    @property
    def phases(self) -> dict[str, float]:
        """Wall time in each phase over the finished chunks, seconds."""
        return total(chunk.phases for chunk in self.chunks)


@dataclass
class _Faults:
    """Calls functions that read, and keeps the error of each that fails as a line."""

    lines: list[str] = field(default_factory=list)

    def attempt(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except (ArcadeError, OSError) as error:
            self.lines.append(str(error))
            return None


@dataclass(frozen=True, slots=True)
class _Index:
    """Numbers from the database, or from the newest checkpoint where there is no database."""

    status: Status | None
    steps: int
    episodes: int
    ended_steps: int | None
    """Steps of the episodes that ended; None where there is no database."""
    metrics: dict[str, float | None]


def summarize(run: RunDirectory) -> RunSummary:
    """The run at a glance. A damaged run raises no error: `faults` says what is damaged."""
    faults = _Faults()
    return _summarize(run, faults.attempt(run.identity), faults)


def summaries(root: Path) -> list[RunSummary]:
    """Every run below `root` at a glance, oldest first, without those that are deleted
    meanwhile."""
    return [summary for summary in map(summarize, all_runs(root)) if summary.path.is_dir()]


def describe(run: RunDirectory, last_notices: int = 10, verify: bool = False) -> RunDetail:
    """The run in full. A damaged run raises no error: the summary's `faults` say what is damaged.

    `verify`: whether every file of every checkpoint and every recorded episode is hashed to find
    damage, rather than reading the states of checkpoints only.
    """
    faults = _Faults()
    identity = faults.attempt(run.identity)
    rows = faults.attempt(partial(_rows, run, last_notices))
    chunks, committed, notices, recordings = rows or ([], [], [], None)
    kept = {row["chunk"]: str(row["kept"]) for row in committed}
    stored = faults.attempt(partial(stored_checkpoints, run, kept, verify)) or []
    faults.lines += [checkpoint.fault for checkpoint in stored if checkpoint.fault]
    faults.lines += _unlike_rows(run, stored, committed)
    if verify:
        for checkpoint in stored:
            faults.lines += faults.attempt(partial(_unlike_log, run, checkpoint)) or []
    read = [
        (path, faults.attempt(partial(evaluations.read, path)))
        for path in faults.attempt(partial(evaluations.stored, run)) or []
    ]
    recording_bytes = faults.attempt(run.segment_bytes) or 0
    if verify:
        faults.attempt(lambda: faults.lines.extend(faults_of_segments(run, is_whole=True)))
    return RunDetail(
        summary=_summarize(run, identity, faults),
        identity=identity,
        chunks=chunks,
        checkpoints=stored,
        notices=notices,
        recordings=recordings,
        recording_bytes=recording_bytes,
        evaluations=[(path, evaluation) for path, evaluation in read if evaluation is not None],
        films=faults.attempt(partial(films_in, run.videos)) or [],
        making=faults.attempt(partial(films_in_making, run.videos)) or [],
    )


def stored_checkpoints(
    run: RunDirectory, kept: Mapping[int, str], verify: bool = False
) -> list[StoredCheckpoint]:
    """Every checkpoint on disk, oldest first, with its state. `kept`: why each checkpoint is there,
    by chunk; `verify`: as in `describe`. OSError where the folder cannot be read."""
    looked = (
        _checkpoint(chunk, path, kept, verify)
        for chunk, path in checkpoints.stored(run.checkpoints)
    )
    return [checkpoint for checkpoint in looked if checkpoint is not None]


def _summarize(run: RunDirectory, identity: Identity | None, faults: _Faults) -> RunSummary:
    config = faults.attempt(run.configuration)
    index = faults.attempt(partial(_from_database, run))
    index = index or faults.attempt(partial(_from_checkpoint, run)) or _Index(None, 0, 0, 0, {})
    now = state_of(run, index.status)
    faults.lines += [now.fault] if now.fault else []
    newest = _Faults().attempt(partial(checkpoints.newest, run.checkpoints))
    open_steps = newest.open_steps if newest else 0
    ended_steps = index.steps - open_steps if index.ended_steps is None else index.ended_steps
    return RunSummary(
        name=run.name,
        path=run.path,
        game=identity.game if identity else config.game if config else "",
        seed=identity.seed if identity else config.seed if config else None,
        created=identity.created if identity else faults.attempt(partial(_changed, run)) or 0.0,
        state=now.state,
        reason=now.reason,
        pid=now.pid,
        steps=index.steps,
        total_steps=config.train.run_steps if config else None,
        episodes=index.episodes,
        open_episodes=newest.open_episodes if newest else 0,
        open_steps=open_steps,
        dropped_steps=max(index.steps - open_steps - ended_steps, 0),
        metric=_metric(config, identity, index),
        forked=identity.forked if identity else None,
        metrics=index.metrics,
        faults=tuple(dict.fromkeys(faults.lines)),  # a file that is read twice is reported once
    )


def _changed(run: RunDirectory) -> float:
    return run.path.stat().st_mtime


def _metric(config: Config | None, identity: Identity | None, index: _Index) -> str:
    wanted = (
        config.checkpoint.best if config else "",
        identity.main_metric if identity else "",
        *index.metrics,
    )
    return next((name for name in wanted if name), "")


def _from_database(run: RunDirectory) -> _Index:
    with Database.reading(run.database) as database:
        steps, episodes = database.counts()
        means = {name: database.recent_mean(name, WINDOW) for name in database.metric_names()}
        return _Index(database.status(), steps, episodes, database.ended_steps(), means)


def _from_checkpoint(run: RunDirectory) -> _Index:
    """What the newest checkpoint that verifies knows of the run."""
    for _, path in reversed(checkpoints.stored(run.checkpoints)):
        state = _Faults().attempt(partial(_verified, path))
        if state is not None:
            means = {name: state.mean(name) for name in state.recent.metrics}
            return _Index(None, state.steps, state.episodes, None, means)
    return _Index(None, 0, 0, 0, {})


def _verified(path: Path) -> CheckpointState:
    checkpoints.verify(path)
    return checkpoints.read_state(path)


def _checkpoint(
    chunk: int, path: Path, kept: Mapping[int, str], verify: bool
) -> StoredCheckpoint | None:
    """A checkpoint with its state; None if the training has deleted it meanwhile."""
    state, fault = None, ""
    try:
        with checkpoints.unless_gone(path):
            state = _verified(path) if verify else checkpoints.read_state(path)
    except MissingError:
        return None
    except VerificationError as error:
        advice = "`arcade-rl resume` puts it aside and goes on from the one before"
        fault = f"checkpoint {chunk} is damaged: {error}; {advice}"
    except OSError as error:
        fault = f"checkpoint {chunk} cannot be read: {error}"
    return StoredCheckpoint(chunk, state, kept.get(chunk, ""), fault)


def _rows(
    run: RunDirectory, last_notices: int
) -> tuple[list[ChunkSummary], list[sqlite3.Row], list[StoredNotice], RecordingCounts]:
    with Database.reading(run.database) as database:
        committed = database.checkpoints()
        notices = [stored_notice(row) for row in database.notices()[-last_notices:]]
        return database.chunks(), committed, notices, database.recording_counts()


def _unlike_rows(
    run: RunDirectory, stored: list[StoredCheckpoint], committed: list[sqlite3.Row]
) -> Iterator[str]:
    """Where the state of a checkpoint is not the one that was committed, as far as run.db has it."""
    states = {checkpoint.chunk: checkpoint.state for checkpoint in stored}
    for row in committed:
        state = states.get(row["chunk"])
        for name in ("updates", "steps", "episodes", "weights_sha256") if state else ():
            if (value := getattr(state, name)) != row[name]:
                yield (
                    f"checkpoint {row['chunk']} has {name} {value}, and run.db has {row[name]}: one of the "
                    f"two was changed; `arcade-rl runs reindex {run.name}` makes run.db again from the files"
                )


def stored_notice(row: sqlite3.Row) -> StoredNotice:
    """The notice in a row of run.db. VerificationError if the row has impossible values."""
    return built_of_row(StoredNotice, {name: row[name] for name in ("time", "level", "text")})


def _unlike_log(run: RunDirectory, checkpoint: StoredCheckpoint) -> list[str]:
    """The fields in which the state of a checkpoint is not the one that its chunk's log ends with.
    VerificationError for a damaged log; what was trained elsewhere has no log."""
    path, state = run.event_log(checkpoint.chunk), checkpoint.state
    if state is None or not path.exists():
        return []
    logged, names = read_log(path).state, [each.name for each in fields(state)]
    unlike = [name for name in names if getattr(state, name) != getattr(logged, name)]
    where = f"checkpoint {checkpoint.chunk} and {path} differ in {', '.join(unlike)}"
    return [f"{where}: one of the two was changed"] if unlike else []
