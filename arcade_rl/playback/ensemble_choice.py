"""Which episodes are shown together with one that is on show: those of the same time, or those of
the same start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from arcade_rl.errors import MissingError
from arcade_rl.playback.ensemble import MOST_GHOSTS, MOST_ON_WALL, EnsembleEntry
from arcade_rl.playback.session import Session
from arcade_rl.playback.sources import (
    BuiltInSource,
    FiledSource,
    PlayedSource,
    RecordedSource,
    Source,
)
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import Condition, Query, find_episodes
from arcade_rl.runs.experiment import experiment_of
from arcade_rl.runs.kept import Kept

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Lineup:
    """The episodes that are shown together."""

    entries: tuple[EnsembleEntry, ...]
    what: str
    """What they have in common, as people read it."""


def lineup_on_wall(source: Source, session: Session) -> Lineup:
    """Recorded episodes of the run that ended at about the same time of training, in the order of
    their numbers. MissingError where none is recorded, and for a file without its run."""
    run = _run_of(source)
    rows = Kept(run, with_policy=False).around(session.recording.metadata.step_end, MOST_ON_WALL)
    numbers = sorted(row.number for row in rows)
    entries = tuple(_recorded(run.path, number) for number in numbers)
    return Lineup(entries, f"recorded episodes {numbers[0]} to {numbers[-1]}")


def ghosts_of(source: Source, session: Session) -> Lineup:
    """Recorded episodes of the run with the start of this one, or else what checkpoints of the run
    play from that start. MissingError where there are fewer than two of both, and for a file
    without its run."""
    run, it = _run_of(source), session.recording
    seed = it.start.seed
    if isinstance(source, RecordedSource):
        same = (Condition("seed", "=", seed), Condition("stage", "=", it.metadata.stage))
        rows = list(find_episodes(run, Query(same, limit=MOST_GHOSTS)))
        if len(rows) > 1:
            entries = tuple(_recorded(run.path, row.number) for row in rows)
            return Lineup(entries, f"recorded episodes that start from seed {seed}")
    chunks = [chunk for chunk, _ in checkpoints.stored(run.checkpoints)]
    if len(chunks) < 2:
        raise MissingError(
            f"{run.name} has {len(chunks)} checkpoint here and no other recorded episode of this start; "
            "ghosts need two"
        )
    entries = tuple(
        EnsembleEntry(f"checkpoint {chunk}", _played(source, run, chunk, seed))
        for chunk in spread(chunks, MOST_GHOSTS)
    )
    return Lineup(entries, f"checkpoints play seed {seed} by the rules of evaluations")


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of the items, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(k * (len(items) - 1) / (most - 1))] for k in range(most)]


def _run_of(source: Source) -> RunDirectory:
    if isinstance(source, FiledSource):
        raise MissingError(
            f"{source.path.name} holds one episode without its run; name it as RUN:EPISODE to see "
            "others with it"
        )
    if isinstance(source, BuiltInSource):
        raise MissingError(
            f"{source.policy} of {source.game} plays here without a run; name a run's episode or "
            "checkpoint to see others with it"
        )
    return RunDirectory(source.run)


def _recorded(run: Path, number: int) -> EnsembleEntry:
    return EnsembleEntry(f"episode {number}", RecordedSource(run, number))


def _played(source: Source, run: RunDirectory, chunk: int, seed: int) -> PlayedSource:
    if isinstance(source, PlayedSource):
        return PlayedSource(run.path, chunk, seed, source.deterministic, source.opponent)
    chosen = experiment_of(run).config.evaluation.deterministic
    return PlayedSource(run.path, chunk, seed, chosen)
