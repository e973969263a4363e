"""The episodes that come after one that was shown."""

from __future__ import annotations

from dataclasses import replace

from arcade_rl.playback.references import episode_seeds
from arcade_rl.playback.sources import PlayedSource, RecordedSource, Source
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.experiment import experiment_of
from arcade_rl.runs.kept import Kept

MOST = 200
"""Largest number of episodes that come after one."""


def following(source: Source, with_policy: bool, seed: int | None = None) -> tuple[Source, ...]:
    """The sources of the episodes after this one, in order: what the same checkpoint plays with the
    next seeds of an evaluation, or the next recorded episodes of the run. A file has none.

    `with_policy`: whether only recordings count whose policy is kept; `seed`: the seed of the
    evaluation, None for that of the run's [evaluation].
    """
    match source:
        case PlayedSource():
            settings = experiment_of(RunDirectory(source.run)).config.evaluation
            seeds = episode_seeds(settings.seed if seed is None else seed, MOST)
            first = seeds.index(source.seed) + 1 if source.seed in seeds else 0
            return tuple(replace(source, seed=one) for one in seeds[first:])
        case RecordedSource():
            rows = Kept(RunDirectory(source.run), with_policy)
            numbers = sorted(row.number for row in rows if row.number > source.number)
            return tuple(replace(source, number=number) for number in numbers[:MOST])
        case _:
            return ()
