"""Runs and their recorded episodes, for notebooks and commands.

    from arcade_rl import Run

    best = Run("runs/x").episodes(min_return=20, sort="-return", limit=5)
    best[0].actions             # numpy, (T,)
    for moment in best[0].replay():
        show(moment.frames[-1], moment.value)

More in docs/episodes.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from arcade_rl.config import Config, cut
from arcade_rl.errors import MissingError, UsageError, VerificationError
from arcade_rl.playback import dataframes
from arcade_rl.playback.dataframes import TableName
from arcade_rl.playback.game import find_game, find_playable
from arcade_rl.playback.replay import Replay
from arcade_rl.playback.verify import Divergence, verify
from arcade_rl.recording.format import MAX_FRAME_BYTES, decode
from arcade_rl.recording.recording import Metadata, Recording
from arcade_rl.recording.segment import MAGIC, read_frame
from arcade_rl.recording.states import look_in
from arcade_rl.runs import evaluations
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory, find_run, runs_directory
from arcade_rl.runs.episodes import (
    Condition,
    EpisodeRow,
    Query,
    find_episode,
    find_episodes,
    numbered,
    parse_condition,
)
from arcade_rl.runs.evaluations import Evaluation
from arcade_rl.runs.events import Update
from arcade_rl.runs.lineage import LinePart, lineage
from arcade_rl.runs.queries import CurvePoint, update_of
from arcade_rl.runs.summary import StoredCheckpoint, stored_checkpoints


class Episode:
    """One recorded episode. What the index knows is here at once; the steps are read when they are
    asked for."""

    def __init__(
        self, where: str, load: Callable[[], tuple[bytes, Recording]], row: EpisodeRow | None
    ) -> None:
        """`where`: the name of the episode in messages. `load`: reads the bytes of the episode's
        file, and the recording that they hold. `row`: what the index knows, None for a file."""
        self.where = where
        self._load = load
        self._known = row

    @classmethod
    def read(cls, path: str | Path) -> Episode:
        """The episode of a stand-alone file, which is read when it is needed. MissingError if there
        is no such file."""
        if not os.path.isfile(path):
            raise MissingError(f"{cut(str(path))} is not there; expected the file of an episode")
        return cls(str(path), partial(_read_file, Path(path)), None)

    def __repr__(self) -> str:
        return f"<episode {self.where}: return {self.return_:g}, {self.length} steps>"

    @cached_property
    def _loaded(self) -> tuple[bytes, Recording]:
        frame, recording = self._load()
        for column in (getattr(recording, one.name) for one in fields(recording)):
            if isinstance(column, np.ndarray):
                column.flags.writeable = False  # all who ask share the array
        return frame, recording

    @property
    def frame(self) -> bytes:
        """The bytes of the episode's stand-alone file. VerificationError if they are not what was
        written."""
        return self._loaded[0]

    @property
    def recording(self) -> Recording:
        """The whole recording. VerificationError if the recording is damaged, or of a newer
        format."""
        return self._loaded[1]

    @property
    def metadata(self) -> Metadata:
        return self.recording.metadata

    @property
    def number(self) -> int:
        """Number of the episode in the run, from 1."""
        return self._facts.number

    @property
    def length(self) -> int:
        """Number of steps, T."""
        return self._facts.length

    @property
    def return_(self) -> float:
        """Sum of the game's own rewards; `return` everywhere else, which is a word of Python."""
        return self._facts.raw_return

    @property
    def shaped_return(self) -> float:
        """Sum of the weighted reward terms."""
        return self._facts.shaped_return

    @property
    def truncated(self) -> bool:
        """Whether a limit ended the episode, rather than the rules of the game."""
        return self._facts.truncated

    @property
    def step(self) -> int:
        """Steps of the run when the episode ended."""
        return self._known.step if self._known else self.metadata.step_end

    @property
    def seed(self) -> int:
        """Seed that the episode started from."""
        return self._known.seed if self._known else self.recording.start.seed

    @property
    def chunk(self) -> int:
        """Chunk that the episode ended in."""
        return self._facts.chunk

    @property
    def stage(self) -> int:
        """Number of the curriculum stage that the episode was played in."""
        return self._facts.stage

    @property
    def opponent(self) -> str:
        """Name of whoever sat opposite; "" in a game of one seat."""
        return self._facts.opponent

    @property
    def metrics(self) -> dict[str, float]:
        """Every metric, aggregated as the game declares."""
        return self._facts.metrics

    @property
    def terms(self) -> dict[str, float]:
        """Sum of every reward term, unweighted."""
        return self._facts.terms

    @property
    def reasons(self) -> list[str]:
        """Criteria that the episode was kept for."""
        return self._facts.reasons

    @property
    def actions(self) -> npt.NDArray[Any]:
        """The action of every step. (T,), int64, or (T, D), float32."""
        return self.recording.actions

    @property
    def rewards(self) -> npt.NDArray[np.float32]:
        """The game's own reward of every step. (T,), float32."""
        return self.recording.rewards

    @property
    def values(self) -> npt.NDArray[np.float16] | None:
        """The critic's estimate before every step. (T,), float16; None where estimates were not
        kept."""
        return self.recording.values

    @property
    def _facts(self) -> EpisodeRow | Metadata:
        return self._known or self.metadata

    def replay(
        self,
        sound: bool = False,
        camera: str | None = None,
        size: tuple[int, int] | None = None,
    ) -> Replay:
        """Play the episode again on a screen of its game, with sound if `sound` asks for it and the
        game has any. Close the replay after use.

        A game with cameras is seen from `camera` and at `size` (width, height) where they are
        named; UsageError for a game that has no such camera or size. MissingError if the game is
        not installed, or has another ROM; VerificationError if the game does not know the options
        or the actions.
        """
        played = find_playable(self.recording)
        screen = played.open_screen(self.metadata.purpose, sound, camera, size)
        with ExitStack() as failed:
            failed.callback(screen.close)
            replay = Replay(self.recording, screen, played.declaration)
            failed.pop_all()
        return replay

    def verify(self) -> Divergence | None:
        """Play the episode again in the environment that it was played in, and compare all that was
        recorded; None if everything is the same.

        MissingError and VerificationError as in `replay`; ValueError if the recording holds states
        and the game has no re-runs.
        """
        find_game(self.metadata)
        (found,) = verify([self.recording])
        if not found.was_played and not found.fault:
            raise ValueError(f"{self.where} holds states, and {self.metadata.game} has no re-runs")
        return found.divergence


class Run:
    """A run that is read, while it is trained or afterwards."""

    def __init__(self, reference: str | Path, runs_dir: str | Path | None = None) -> None:
        """`reference`: a name, a unique prefix, "@latest", or a path. A path that is given as text
        has a separator. MissingError if there is no such run."""
        root = None if runs_dir is None else str(runs_dir)
        if isinstance(reference, Path) and not reference.is_absolute():
            reference = f".{os.sep}{reference}"
        self.directory = find_run(str(reference), runs_directory(root))
        look_in(self.directory.states)

    def __repr__(self) -> str:
        return f"<run {self.directory.path}>"

    def episodes(self, *where: str, **wanted: Unpack[Wanted]) -> list[Episode]:
        """The recorded episodes that meet all conditions, such as "score>=100", and everything in
        `wanted`: stage, reason, opponent, min_return, max_return, since, until, sort and limit, as
        `Wanted` says."""
        return list(self.iterate(*where, **wanted))

    def iterate(self, *where: str, **wanted: Unpack[Wanted]) -> Iterator[Episode]:
        """The episodes that `episodes` gives, one after the other, so that no recording stays in
        memory."""
        return map(self._episode, list(find_episodes(self.directory, select(*where, **wanted))))

    def episode(self, number: int) -> Episode:
        """The recorded episode with this number. MissingError if there is none."""
        return self._episode(find_episode(self.directory, number))

    @property
    def config(self) -> Config:
        """The configuration of the run, with every value. ConfigError if its file cannot be
        read."""
        return self.directory.configuration()

    def updates(self) -> list[Update]:
        """Every update of the finished chunks, oldest first, with what the algorithm measured."""
        with Database.reading(self.directory.database) as database:
            return [update_of(row) for row in database.updates()]

    def to_pandas(self, table: TableName = "episodes") -> Any:
        """A table of the run as a `pandas.DataFrame`.

        "episodes" has a row for every episode that ended in training, recorded or not; "updates"
        one for every update; "evaluations" one for every episode of every stored evaluation.
        MissingError if pandas is not installed.
        """
        return dataframes.table(self.directory, table)

    def curve(self, name: str, points: int = 500, joined: bool = False) -> Curve:
        """The course of a number over the training, in at most `points` points: "return", "length"
        or a metric of the episodes that ended, or a measurement of the updates such as "train/loss"
        or "steps_per_s".

        With `joined`, the curve of a fork begins with those of the runs that it was forked from,
        each up to its fork and each in at most `points` points, and steps count from the beginning
        of the first. Chunks that are still running do not count yet. UsageError if nothing has this
        name.
        """
        line = lineage(self.directory) if joined else [LinePart(self.directory, 0, None)]
        found = [
            replace(point, step=part.before + point.step)
            for part in line
            for point in _curve(part, name, points)
        ]
        if not found and "/" in name:
            raise UsageError(f"no update of {self.directory.name} has a measurement {name!r}")
        return Curve(
            step=np.array([point.step for point in found], np.int64),
            mean=np.array([point.mean for point in found], np.float64),
            least=np.array([point.least for point in found], np.float64),
            most=np.array([point.most for point in found], np.float64),
            count=np.array([point.count for point in found], np.int64),
        )

    def checkpoints(self) -> list[StoredCheckpoint]:
        """The checkpoints on disk, oldest first, with the state of each. They are not verified,
        which takes time: whoever loads a checkpoint verifies it."""
        with Database.reading(self.directory.database) as database:
            kept = {row["chunk"]: str(row["kept"]) for row in database.checkpoints()}
        return stored_checkpoints(self.directory, kept)

    def evaluations(self) -> list[Evaluation]:
        """The stored evaluations of the run's checkpoints, oldest first. VerificationError if one
        of them is damaged."""
        read = map(evaluations.read, evaluations.stored(self.directory))
        return sorted(read, key=lambda evaluation: evaluation.created)

    def _episode(self, row: EpisodeRow) -> Episode:
        load = partial(_read, self.directory, row)
        return Episode(f"{self.directory.name}:{row.number}", load, row)


@dataclass(frozen=True, slots=True)
class Curve:
    """The course of a number over the training, in P points that stand for several values each."""

    step: npt.NDArray[np.int64]
    """Steps of the run at the last value of each point. (P,)"""
    mean: npt.NDArray[np.float64]
    """Mean of the values of each point. (P,)"""
    least: npt.NDArray[np.float64]
    """Smallest of the values of each point. (P,)"""
    most: npt.NDArray[np.float64]
    """Largest of the values of each point. (P,)"""
    count: npt.NDArray[np.int64]
    """Number of values that each point stands for. (P,)"""

    def __len__(self) -> int:
        return len(self.step)

    def to_pandas(self) -> Any:
        """The curve as a `pandas.DataFrame` with a row for each point. MissingError if pandas is
        not installed."""
        columns = [one.name for one in fields(self)]
        return dataframes.frame(
            columns, zip(*(getattr(self, name) for name in columns), strict=True)
        )


def _curve(part: LinePart, name: str, points: int) -> list[CurvePoint]:
    """The points of a part of a run, by the steps of that run."""
    with Database.reading(part.run.database) as database:
        if name == "steps_per_s" or "/" in name:
            return database.update_curve(name, points, part.until)
        return database.episode_curve(name, points, part.until)


class Wanted(TypedDict, total=False):
    """Which recorded episodes are wanted, and in which order."""

    stage: int | None
    """Episodes that were played in this stage of the curriculum."""
    reason: str | None
    """Episodes that were kept by this criterion."""
    opponent: str | None
    """Episodes that were played against this opponent, by the name that recordings have."""
    min_return: float | None
    max_return: float | None
    since: str | datetime | None
    """Episodes that ended then or later: ISO 8601, in local time where the text names no time
    zone."""
    until: str | datetime | None
    """Episodes that ended before then, in the same form as `since`."""
    sort: str
    """Order of the episodes: a metric or one of `runs.episodes.FIELDS`, such as "number", "return"
    or "length", or either with a "-" before it, from the largest to the smallest."""
    limit: int | None
    """Number of episodes at most."""


def select(
    *where: str,
    stage: int | None = None,
    reason: str | None = None,
    opponent: str | None = None,
    min_return: float | None = None,
    max_return: float | None = None,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    sort: str = "number",
    limit: int | None = None,
) -> Query:
    """The query for these conditions, such as "score>=100", and for what `Wanted` says. UsageError
    for a condition or a time that cannot be understood."""
    conditions = list(map(parse_condition, where))
    if stage is not None:
        conditions.append(Condition("stage", "=", stage))
    if min_return is not None:
        conditions.append(Condition("return", ">=", min_return))
    if max_return is not None:
        conditions.append(Condition("return", "<=", max_return))
    if since is not None:
        conditions.append(Condition("time", ">=", _seconds(since)))
    if until is not None:
        conditions.append(Condition("time", "<", _seconds(until)))
    return Query(tuple(conditions), reason, sort, limit, opponent)


class GoneError(MissingError):
    """An episode that was listed is gone: it was deleted to keep the run within
    `recording.max_bytes`."""


def _read(run: RunDirectory, row: EpisodeRow) -> tuple[bytes, Recording]:
    """The episode that the index knew as `row`. The episode may have moved since then, or may be
    gone."""
    while True:
        try:
            return _read_at(run, row)
        except (MissingError, VerificationError):
            now = next(find_episodes(run, numbered(row.number)), None)
            if now is None:
                raise GoneError(f"{run.name}:{row.number} went since it was listed") from None
            if now == row:
                raise
            row = now


def _read_at(run: RunDirectory, row: EpisodeRow) -> tuple[bytes, Recording]:
    path = run.segment(row.segment)
    try:
        frame = read_frame(path, row.offset, row.bytes)
        recording = decode(frame)
    except FileNotFoundError:
        raise MissingError(
            f"{run.name}:{row.number}: {path} is gone; `arcade-rl runs reindex {run.path}` forgets its episodes"
        ) from None
    except VerificationError as error:
        advice = f"`arcade-rl runs reindex {run.path}` keeps what is whole"
        raise VerificationError(f"{run.name}:{row.number}: {error}; {advice}") from error
    if recording.metadata.number != row.number:
        raise VerificationError(
            f"{run.name}:{row.number}: {path} has episode {recording.metadata.number} in its place; "
            f"`arcade-rl runs reindex {run.path}` finds it"
        )
    return frame, recording


def _read_file(path: Path) -> tuple[bytes, Recording]:
    with path.open("rb") as file:
        frame = file.read(MAX_FRAME_BYTES + 1)  # one byte more than `decode` accepts
    if frame.startswith(MAGIC):
        raise UsageError(
            f"{path} holds the episodes of a chunk; name one of them as RUN:EPISODE, or write it to a "
            "file with `arcade-rl episodes export`"
        )
    try:
        return frame, decode(frame)
    except VerificationError as error:
        raise VerificationError(
            f"{path} is not read as a recorded episode: {error}; expected a whole file of "
            "`arcade-rl episodes export`"
        ) from error


def _seconds(moment: str | datetime) -> float:
    """The moment in seconds since the epoch, in local time where a text names no time zone.
    UsageError for a text that is no time."""
    try:
        found = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
    except (ValueError, TypeError):
        raise UsageError(
            f"{moment!r} is not a time; expected ISO 8601 such as 2026-11-30 or 2026-11-30T14:00"
        ) from None
    return found.timestamp()
