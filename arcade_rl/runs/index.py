"""Make run.db again from what it is an index of: event logs, checkpoints and recorded episodes."""

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
from arcade_rl.runs.database import Database, Status
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import ChunkLog, Episodes, read_log
from arcade_rl.runs.files import fsync
from arcade_rl.runs.lock import RunLock
from arcade_rl.runs.segments import salvage


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a new database holds."""

    chunks: int
    updates: int
    episodes: int
    checkpoints: int
    """Checkpoints on disk that verify."""
    notices: int
    recordings: int
    """Recorded episodes in segments that are whole."""
    faults: tuple[str, ...]
    """What could not be taken in."""


@dataclass(frozen=True, slots=True)
class _Old:
    """What only the old database knew."""

    status: Status
    notices: list[tuple[str, str, int | None, int | None, float]]
    """Level, text, chunk, attempt, time."""


@dataclass
class _Found:
    """What lies in the run's directory."""

    states: dict[int, CheckpointState] = field(default_factory=dict)
    """Of the checkpoints that verify, by chunk."""
    faults: list[str] = field(default_factory=list)
    gaps: dict[int, str] = field(default_factory=dict)
    """Why there is no log of a chunk that happened, by chunk: its rows are in no file, but for those of
    recorded episodes."""

    @property
    def newest(self) -> int:
        """A chunk happened if a checkpoint at its end, or at a later one's, verifies."""
        return max(self.states, default=-1)


def rebuild(run: RunDirectory, best: tuple[str, Better] | None = None) -> Rebuilt:
    """Replace the run's database by one that is made from its files.

    Notices are kept if the old database is readable. `best` is the metric that names the best
    checkpoint, and which way is better, where that is known. The new database is made beside the
    old one and renamed. LockedError while the run is supervised, MissingError if it has no files
    to start from.
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
        _remove_journal(run.database)  # it would be replayed into the new file
        os.replace(new, run.database)
        fsync(run.path)
        return rebuilt


def _keep(database: Path) -> str:
    """Put the old database aside: it may have rows that are nowhere else. What was done, in words."""
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
    return Rebuilt(
        chunks=len(database.attempts()),
        updates=len(database.updates()),
        episodes=len(database.episodes()),
        checkpoints=len(found.states),
        notices=len(database.notices()),
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
        why = error.__cause__ or error  # without the advice to do what is being done
        found.faults.append(f"notices of supervisors are lost: run.db was not readable ({why})")
    return None


def _columns(run: RunDirectory, found: _Found) -> tuple[list[str], list[str]]:
    """Names of terms and metrics, in the order of the declaration where a log knows it."""
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
    """The log of every chunk that happened; for one that is lost, what its checkpoint tells."""
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
        return  # it takes segments away
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
    except ArcadeError:  # `_kept` tells of it
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
