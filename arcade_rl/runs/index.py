"""Making run.db again from the files that it is an index of: event logs, checkpoints and recorded
episodes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from arcade_rl.contracts import Better
from arcade_rl.errors import ArcadeError, MissingError, VerificationError
from arcade_rl.reading import listed
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import ChunkLog, Episodes, read_log
from arcade_rl.runs.files import fsync
from arcade_rl.runs.lock import RunLock
from arcade_rl.runs.queries import Status
from arcade_rl.runs.segments import salvage


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a new database holds, and what it lacks."""

    chunks: int
    updates: int
    episodes: int
    checkpoints: int
    """Checkpoints on disk that verify."""
    notices: int
    recordings: int
    """Recorded episodes whose bytes are whole."""
    faults: tuple[str, ...]
    """What could not be read or was left out, a line for each."""


@dataclass(frozen=True, slots=True)
class _Old:
    """What only the old database knows."""

    status: Status
    notices: list[tuple[str, str, int | None, int | None, float]]
    """Notices as (level, text, chunk, attempt, time)."""


@dataclass
class _Found:
    """What was found in the run's directory."""

    states: dict[int, CheckpointState] = field(default_factory=dict)
    """States of the checkpoints that verify, by chunk."""
    faults: list[str] = field(default_factory=list)
    gaps: dict[int, str] = field(default_factory=dict)
    """Chunks that happened and have no usable event log, with the reason. No file has their rows,
    except those of recorded episodes."""

    @property
    def newest(self) -> int:
        """The last chunk that happened, -1 for none. A chunk happened if its own checkpoint or a
        later one verifies."""
        return max(self.states, default=-1)


def rebuild(run: RunDirectory, best: tuple[str, Better] | None = None) -> Rebuilt:
    """Replace the run's database by one that is made from the run's files.

    Notices are kept if the old database is readable. `best`: the metric that names the best
    checkpoint, and which direction is better, where they are known. The new database is made beside
    the old one and renamed. LockedError while the run is supervised, MissingError if the run has no
    files to start from.
    """
    with RunLock(run.lock):
        found = _Found()
        _verify_checkpoints(run, found)
        old = _read_old(run, found)
        terms, metrics = _columns(run, found)
        new = run.database.with_name("run.db.new")
        _remove_with_journal(new)
        database = Database.create(new, terms, metrics)
        try:
            rebuilt = _fill(database, run, found, old, best)
        finally:
            database.close()
        if old is not None and found.gaps:
            rebuilt = replace(rebuilt, faults=(*rebuilt.faults, _keep(run.database)))
        _remove_journal(run.database)  # SQLite would replay the old journal into the new file
        os.replace(new, run.database)
        fsync(run.path)
        return rebuilt


def _keep(database: Path) -> str:
    """Put the old database aside, as it may have rows that are nowhere else. Returns a message that
    says so."""
    aside = database.with_name("run.db.before")
    aside.unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("vacuum into ?", (str(aside),))
    return f"the old run.db, which may have these rows, is kept as {aside}"


def _fill(
    database: Database,
    run: RunDirectory,
    found: _Found,
    old: _Old | None,
    best: tuple[str, Better] | None,
) -> Rebuilt:
    for level, text, chunk, attempt, at in old.notices if old else []:
        database.notify(level, text, chunk, attempt, at)
    for log in _logs(run, found):
        if all(map(database.has_columns_of, log.episodes)):
            database.replay_chunk(log)
        else:
            found.gaps[log.state.chunk] = "its event log has other terms or metrics"
            database.replay_chunk(replace(log, events=[]))
    _index_segments(database, run, found)
    database.set_kept(_kept(run, found, best))
    status = old.status if old else _guessed_status(found)
    database.set_status(status.state, status.reason, status.pid)
    counts = database.row_counts()
    return Rebuilt(
        chunks=len(database.attempts()),
        updates=counts.updates,
        episodes=counts.episodes,
        checkpoints=len(found.states),
        notices=counts.notices,
        recordings=database.recording_counts().stored,
        faults=tuple(found.faults),
    )


def _verify_checkpoints(run: RunDirectory, found: _Found) -> None:
    for chunk, path in checkpoints.stored(run.checkpoints):
        try:
            if checkpoints.verify(path) != chunk:
                raise VerificationError(f"{path} is the checkpoint of another chunk")
            found.states[chunk] = checkpoints.read_state(path)
        except VerificationError as error:
            found.faults.append(f"checkpoint {chunk} is damaged and left out: {error}")


def _read_old(run: RunDirectory, found: _Found) -> _Old | None:
    try:
        with Database.reading(run.database) as database:
            notices = [
                (row["level"], row["text"], row["chunk"], row["attempt"], row["time"])
                for row in database.notices()
            ]
            return _Old(database.status(), notices)
    except MissingError:
        found.faults.append("notices of supervisors are lost: there was no run.db")
    except VerificationError as error:
        why = error.__cause__ or error  # the cause does not advise to run `reindex`
        found.faults.append(f"notices of supervisors are lost: run.db was not readable ({why})")
    return None


def _columns(run: RunDirectory, found: _Found) -> tuple[list[str], list[str]]:
    """Names of terms and metrics, in the order of the declaration where a log has them."""
    for _, path in _log_files(run):
        try:
            log = read_log(path)
        except VerificationError:
            continue
        for event in log.events:
            if isinstance(event, Episodes):
                return list(event.terms), list(event.metrics)
    if not found.states:
        raise MissingError(
            f"{run.path} has neither an event log with episodes nor a checkpoint that verifies: "
            "there is nothing to make run.db from, and nothing to lose with `arcade-rl runs rm`"
        )
    recent = found.states[found.newest].recent
    return list(recent.terms), list(recent.metrics)


def _log_files(run: RunDirectory) -> list[tuple[int, Path]]:
    return sorted(
        (int(path.stem), path) for path in listed(run.events, "*.events") if path.stem.isdecimal()
    )


def _logs(run: RunDirectory, found: _Found) -> Iterator[ChunkLog]:
    """The log of every chunk that happened. A log that is lost is replaced by one without events,
    with the state of the chunk's checkpoint where that is whole."""
    files = dict(_log_files(run))
    late = [chunk for chunk in files if chunk > found.newest]
    if late:
        found.faults.append(
            f"{len(late)} event logs from chunk {min(late)} on are left out: no checkpoint "
            "of that age verifies"
        )
    for chunk in range(found.newest + 1):
        try:
            if chunk not in files:
                raise VerificationError("its event log is missing")
            log = read_log(files[chunk])
            if log.state.chunk != chunk:
                raise VerificationError(f"{files[chunk]} is the log of chunk {log.state.chunk}")
            if log.state != found.states.get(chunk, log.state):
                raise VerificationError(f"{files[chunk]} ends otherwise than checkpoint {chunk}")
            yield log
        except VerificationError as error:
            found.gaps[chunk] = str(error)
            if chunk in found.states:
                manifest = run.checkpoint(chunk) / checkpoints.MANIFEST
                yield ChunkLog([], 1, manifest.stat().st_mtime, found.states[chunk])


def _index_segments(database: Database, run: RunDirectory, found: _Found) -> None:
    segments = run.segments()
    # Chunks without a log get rows of their recorded episodes from the recordings; `made` counts
    # them.
    made = dict.fromkeys(found.gaps, 0)
    for chunk, path in segments.items():
        if chunk > found.newest:
            found.faults.append(f"{path.name} is left out: no checkpoint of that age verifies")
            continue
        salvaged = salvage(path, database.has_episode)
        database.set_recordings(chunk, salvaged.rows)
        if salvaged.damage:
            found.faults.append(salvaged.in_words(chunk))
        for ended_in, episode in salvaged.unknown:
            if ended_in in made and database.has_columns_of(episode):
                database.add_episode(ended_in, episode)
                made[ended_in] += 1
            else:
                found.faults.append(
                    f"episode {episode.first} of {path.name} is not listed: no event log knows it"
                )
    for chunk, reason in found.gaps.items():
        rows = (
            f"those of its {made[chunk]} recordings, without updates" if made[chunk] else "missing"
        )
        found.faults.append(f"rows of chunk {chunk} are {rows}: {reason}")
    if _has_budget(run):
        return  # a budget deletes segments: a missing one is no loss
    for chunk in sorted(database.attempts().keys() - segments.keys()):
        told = database.recorded(chunk)
        if told is not None and told.written:
            found.faults.append(
                f"{told.written} recorded episodes of chunk {chunk} are lost: "
                f"{run.segment(chunk)} is gone"
            )


def _has_budget(run: RunDirectory) -> bool:
    try:
        return run.configuration().recording.max_bytes > 0
    except ArcadeError:  # `_kept` reports the error
        return True


def _kept(
    run: RunDirectory, found: _Found, best: tuple[str, Better] | None
) -> dict[int, list[str]]:
    metric, better = best or ("", "none")
    reasons: dict[int, list[str]] = {}
    try:
        config = run.configuration()
    except ArcadeError as error:
        found.faults.append(f"why checkpoints are kept is not known: {error}")
    else:
        states, n_envs = list(found.states.values()), config.train.n_envs
        reasons = checkpoints.kept(states, config.checkpoint, metric, better, n_envs)
    return {chunk: reasons.get(chunk, ["on disk"]) for chunk in found.states}


def _guessed_status(found: _Found) -> Status:
    newest = found.states.get(found.newest)
    state = "finished" if newest and newest.progress >= 1.0 else "stopped"
    return Status(state, "as its files tell", None, 0.0)


def _remove_with_journal(path: Path) -> None:
    path.unlink(missing_ok=True)
    _remove_journal(path)


def _remove_journal(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
