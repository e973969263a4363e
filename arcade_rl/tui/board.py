"""The runs of a folder, read again and again: one row for each, and nothing is read twice that has
not changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from arcade_rl.config import Config
from arcade_rl.errors import ArcadeError
from arcade_rl.runs import looks
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory, all_runs
from arcade_rl.runs.lock import holder_of
from arcade_rl.runs.origins import Fork
from arcade_rl.runs.plan import Plan, plan_run
from arcade_rl.runs.remaining import Mark, seconds_left
from arcade_rl.runs.state import state_of

RETRY_S = 10.0
"""Time until a run that could not be read is read again although its files have not changed,
seconds."""
TREND_POINTS = 24
"""Number of points of a small curve."""
MARKS = 60
"""Number of the newest updates from which the remaining time is estimated."""
WORDS = {
    "running": "training", "finished": "done", "interrupted": "stale", "created": "waiting",
    "unknown": "damaged",
}  # fmt: skip
"""What the cockpit calls the states of a run; other states keep their names."""
RETURN = "rollout/ep_rew_mean"
"""SB3's name of the mean return among the values of an update."""


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One run at a glance. What is not known is None, zero or empty."""

    name: str
    path: Path
    state: str = ""
    """"training", "starting", "silent", "paused", "waiting", "done", "stopped", "failed", "stale",
    "copied", "elsewhere" or "damaged"; "" before the run was read."""
    reason: str = ""
    pid: int | None = None
    """Process id of the living supervisor; None if there is none."""
    game: str = ""
    seed: int | None = None
    created: float = 0.0
    forked: Fork | None = None
    """The checkpoint of another run that the run began with."""
    chunk: int = 0
    """Number of finished chunks that trained."""
    chunks: int = 0
    steps: int = 0
    """Steps up to the newest update, those of the running chunk included."""
    total_steps: int = 0
    steps_per_s: float | None = None
    """Steps per second of the newest update; None where nobody trains."""
    left_s: float | None = None
    """Seconds until the end of the run; None where that is not known."""
    episodes: int = 0
    mean_return: float | None = None
    """Mean return of the last 100 episodes that ended, those of the running chunk included."""
    trend: tuple[float, ...] = ()
    """The mean return over the training, oldest first."""
    metric: str = ""
    """The metric that names the best checkpoint, or the game's main one."""
    mean: float | None = None
    """Mean of `metric` over the same episodes as `mean_return`."""
    best: float | None = None
    """Largest return of an episode."""
    heard: float = 0.0
    """When the run last gave a sign of life, in seconds since the epoch."""
    fault: str = ""
    """What could not be read, and what to do about it."""

    @property
    def progress(self) -> float | None:
        """Fraction of the run that is done, 0 to 1."""
        return min(self.steps / self.total_steps, 1.0) if self.total_steps else None

    @property
    def is_live(self) -> bool:
        """Whether a supervisor holds the run now."""
        return self.pid is not None

    @property
    def run(self) -> RunDirectory:
        return RunDirectory(self.path)


@dataclass
class _Known:
    """What is known of one run from earlier looks."""

    row: BoardRow
    files: tuple[str, ...]
    """What changes with the row, and the lock last. Making paths of names takes as long as looking."""
    seen: tuple[object, ...] = ()
    """Sizes and times of the files when the row was read."""
    config_seen: object = None
    config: Config | None = None
    plan: Plan | None = None
    read_at: float = 0.0
    best_until: int = -1
    """Chunk up to which `best` is the best of all episodes."""
    best: float | None = None


@dataclass
class RunBoard:
    """The runs below a folder. A look reads what has changed since the look before."""

    root: Path
    _known: dict[Path, _Known] = field(default_factory=dict)
    _paths: tuple[Path, ...] = ()
    _root_seen: object = None

    def rows(self) -> list[BoardRow]:
        """The rows as they were at the last look, oldest run first."""
        return [self._known[path].row for path in self._paths if path in self._known]

    def find(self) -> list[BoardRow]:
        """Find the runs, and give a row for each, which has only a name where the run was not read
        yet."""
        seen = seen_of(self.root)
        if seen != self._root_seen or seen is None:
            self._paths = tuple(run.path for run in all_runs(self.root))
            self._root_seen = seen
        for path in self._paths:
            if path not in self._known:
                self._known[path] = _known(RunDirectory(path))
        for path in set(self._known) - set(self._paths):
            del self._known[path]
        return self.rows()

    def look(self) -> Iterator[BoardRow]:
        """Read every run that has changed, and give its new row. Call `find` before."""
        for path in self._paths:
            known = self._known.get(path)
            if known is None:
                continue
            row = self._look_at(known)
            if row is not None:
                yield row

    def _look_at(self, known: _Known) -> BoardRow | None:
        now, (*files, lock) = time.time(), known.files
        seen = (*map(seen_of, files), _holder_pid(lock))
        is_due = now - known.read_at > RETRY_S and bool(known.row.fault or known.row.is_live)
        if seen == known.seen and not is_due:
            return None
        known.seen, known.read_at = seen, now
        row = _read(known.row.run, known, now)
        if row == known.row:
            return None
        known.row = row
        return row


def glance(run: RunDirectory) -> BoardRow:
    """One run as it is now."""
    return _read(run, _known(run), time.time())


def _known(run: RunDirectory) -> _Known:
    """What is known of a run before the first look."""
    files = (*run.database_files, run.config, run.identity_file, run.lock)
    return _Known(BoardRow(run.name, run.path), tuple(map(str, files)))


def seen_of(path: Path | str) -> tuple[int, int] | None:
    """Time and size of a file; None where there is none, or none that may be looked at."""
    try:
        found = os.stat(path)
    except OSError:  # reading the run reports the error
        return None
    return found.st_mtime_ns, found.st_size


def _holder_pid(lock: str) -> int | str | None:
    """The process that supervises the run; None where nobody does. A lock that was given back is
    empty, and need not be asked."""
    try:
        if not os.stat(lock).st_size:
            return None
        holder = holder_of(Path(lock))
    except FileNotFoundError:
        return None
    except (ArcadeError, OSError) as error:
        return str(error)
    return holder.pid if holder else -1


def _read(run: RunDirectory, known: _Known, now: float) -> BoardRow:
    """The row of a run, as far as the run can be read."""
    row, faults = BoardRow(run.name, run.path, "damaged"), []
    try:
        identity = run.identity()
        row = replace(
            row, game=identity.game, seed=identity.seed, created=identity.created,
            metric=identity.main_metric, forked=identity.forked,
        )  # fmt: skip
    except (ArcadeError, OSError) as error:
        faults.append(str(error))
    try:
        config = _configuration(run, known)
        row = replace(
            row, game=row.game or config.game, metric=config.checkpoint.best or row.metric,
            total_steps=known.plan.total_steps if known.plan else 0,
            chunks=len(known.plan.boundaries) if known.plan else 0,
        )  # fmt: skip
    except (ArcadeError, OSError) as error:
        faults.append(str(error))
    try:
        with looks.looking(run.database) as database:
            row = _with_rows(row, run, known, now, database)
    except (ArcadeError, OSError) as error:
        state = state_of(run, None)
        row = replace(row, state=_word(state.state), reason=state.reason, pid=state.pid)
        faults.append(str(error))
    return replace(row, fault="; ".join(dict.fromkeys(faults)))


def _configuration(run: RunDirectory, known: _Known) -> Config:
    seen = seen_of(run.config)
    if known.config is None or seen != known.config_seen:
        known.config, known.config_seen = run.configuration(), seen
        known.plan = plan_run(known.config)
    return known.config


def _with_rows(
    row: BoardRow, run: RunDirectory, known: _Known, now: float, database: Database
) -> BoardRow:
    """The row with everything that run.db has."""
    status = database.status()
    steps, episodes = database.counts()
    running = database.running_attempt()
    newest = looks.newest_update(database)
    metrics = database.metric_names()
    metric = row.metric if row.metric in metrics else next(iter(metrics), "")
    mean_return, mean = looks.recent_means(database, metric)
    trend = looks.course(database, RETURN, TREND_POINTS)
    best = _best(database, known)
    ended = database.newest_episode()
    done = looks.trained_chunks(database)
    state = state_of(run, status)
    since = _since(run) if state.pid is not None else 0.0
    marks = looks.recent_marks(database, since, MARKS) if state.state == "running" else []
    started = float(running["started"]) if running else 0.0
    heard = max(started, float(newest["time"]) if newest else 0.0, since, status.time)
    if newest is not None:
        steps = max(steps, int(newest["steps"])) if running else steps
    word = _word(state.state)
    if state.state == "running" and state.pid is not None:
        limit_s = known.config.engine.hang_timeout_s if known.config else float("inf")
        has_trained = newest is not None and float(newest["time"]) >= since
        word = "silent" if now - heard > limit_s else word if has_trained else "starting"
    is_moving = word == "training" and newest is not None
    return replace(
        row, state=word, reason=state.reason, pid=state.pid, chunk=done, steps=steps,
        steps_per_s=float(newest["steps_per_s"]) if is_moving and newest else None,
        left_s=_left(marks, known.plan, int(newest["number"]) if newest else 0), heard=heard,
        episodes=max(episodes, ended), mean_return=mean_return,
        trend=trend, metric=metric, mean=mean, best=best,
    )  # fmt: skip


def _word(state: str) -> str:
    return WORDS.get(state, state)


def _since(run: RunDirectory) -> float:
    """When the supervisor that lives took the run."""
    try:
        holder = holder_of(run.lock)
    except (ArcadeError, OSError):  # the state of the run reports the error
        return 0.0
    return holder.since if holder else 0.0


def _best(database: Database, known: _Known) -> float | None:
    """Largest return of an episode. Chunks that are finished are asked only once."""
    until = looks.settled(database).until
    if until < known.best_until:  # the run went back to an earlier checkpoint
        known.best_until, known.best = -1, None
    known.best = _larger(known.best, looks.best_return(database, known.best_until, until))
    known.best_until = until
    return _larger(known.best, looks.best_return(database, until))


def _larger(one: float | None, two: float | None) -> float | None:
    return max((value for value in (one, two) if value is not None), default=None)


def _left(marks: list[Mark], plan: Plan | None, update: int) -> float | None:
    if plan is None or not marks:
        return None
    begins = max(sum(update < boundary for boundary in plan.boundaries) - 1, 0)
    return seconds_left(marks, plan.total_steps, begins)
