"""The milestones of a training, and the episodes that stand for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from arcade_rl.config import Resolved
from arcade_rl.errors import MissingError
from arcade_rl.playback.captions import labels_of
from arcade_rl.playback.references import episode_seeds
from arcade_rl.playback.sources import PlayedSource, RecordedSource, Source
from arcade_rl.runs import checkpoints
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import START, RunDirectory, find_checkpoint
from arcade_rl.runs.episodes import find_episode, first_episode, parse_condition
from arcade_rl.runs.kept import Kept
from arcade_rl.runs.standing import standing_at

Origin = Literal["checkpoints", "recordings"]
"""What stands for a milestone: an episode that its checkpoint plays now, or training's own episode
nearest to it."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A point of training that is shown."""

    label: str
    """Name of the milestone, such as "30%" or "score>=100"."""
    chunk: int
    """Chunk that ended on the percentage, or in which the episode ended."""
    episode: int | None = None
    """The episode that first passed a threshold; None for a percentage."""
    words: str = ""
    """How far the training was, for an audience, such as "after 4 minutes"."""


def percentages(
    run: RunDirectory, resolved: Resolved, every: Fraction | None, origin: Origin
) -> list[Milestone]:
    """The start of training and every milestone that the run has reached: its own milestones, or
    all multiples of `every`.

    MissingError if a milestone is none of the run's, or if a checkpoint is to play and is not
    there.
    """
    newest = checkpoints.newest(run.checkpoints)
    if newest is None:
        raise MissingError(f"{run.path} has no checkpoint yet")
    fractions = resolved.config.checkpoint.milestone_fractions()
    if every is not None:
        fractions = sorted({every * k for k in range(1, int(1 / every) + 1)} | {Fraction(1)})
    total = resolved.config.train.run_steps
    labels = [checkpoints.milestone_label(f) for f in fractions if f * total <= newest.steps]
    if origin == "recordings":
        return _worded(run, _ended(run, [START, *labels]))
    best = resolved.declaration.metric(resolved.best_metric)
    paths = [find_checkpoint(run, label, best.name, best.better) for label in (START, *labels)]
    found = [
        Milestone(label, int(path.name))
        for label, path in zip((START, *labels), paths, strict=True)
    ]
    return _worded(run, found)


def _worded(run: RunDirectory, milestones: Sequence[Milestone]) -> list[Milestone]:
    words = labels_of([standing_at(run, one.chunk) for one in milestones])
    return [replace(one, words=said) for one, said in zip(milestones, words, strict=True)]


def _ended(run: RunDirectory, labels: Sequence[str]) -> list[Milestone]:
    """The milestones with these labels, whether their checkpoints are kept or not. MissingError if
    the run has none of that label."""
    with Database.reading(run.database) as database:
        rows = database.checkpoints()
    chunks = {label: row["chunk"] for row in rows for label in row["milestones"].split(", ")}
    lost = [label for label in labels if label not in chunks]
    if lost:
        has = ", ".join(label for label in chunks if label)
        raise MissingError(f"{run.name} has no milestone {lost[0]}; it has {has}")
    return [Milestone(label, chunks[label]) for label in labels]


def passing(run: RunDirectory, condition: str, origin: Origin) -> Milestone:
    """The milestone at which an episode of training first met a condition such as "score>=100".

    MissingError if no episode did, or if its recording or the checkpoint of its chunk, whichever is
    to be shown, is not there.
    """
    wanted = parse_condition(condition)
    found = first_episode(run, wanted)
    if found is None:
        raise MissingError(f"no episode of {run.name} had {condition} yet")
    number, chunk = found
    if origin == "recordings":
        find_episode(run, number)
    elif chunk not in dict(checkpoints.stored(run.checkpoints)):
        raise MissingError(
            f"episode {number} of {run.name} first had {condition}, in chunk {chunk}, whose "
            "checkpoint is not kept; use --from recordings, or train with checkpoint.every = 1"
        )
    return Milestone(condition, chunk, number, f"first {wanted}")


def spread(milestones: Sequence[Milestone], count: int) -> list[Milestone]:
    """`count` of the milestones: the first, the last, and others evenly between. MissingError if
    there are fewer."""
    if len(milestones) < count:
        raise MissingError(
            f"the run has {len(milestones)} milestones yet; {count} panes were asked for"
        )
    last = len(milestones) - 1
    return [milestones[round(k * last / (count - 1))] for k in range(count)]


def sources(
    run: RunDirectory,
    resolved: Resolved,
    milestones: Sequence[Milestone],
    origin: Origin,
    with_policy: bool,
    deterministic: bool,
    opponent: str | Path | None = None,
) -> Iterator[Source]:
    """The source that shows each milestone. `with_policy`: whether only recordings count whose
    policy is kept; `opponent`: see `PlayedSource`."""
    if origin == "checkpoints":
        (seed,) = episode_seeds(resolved.config.evaluation.seed, 1)
        for milestone in milestones:
            yield PlayedSource(run.path, milestone.chunk, seed, deterministic, opponent)
        return
    kept = Kept(run, with_policy)
    for milestone in milestones:
        steps = standing_at(run, milestone.chunk).steps
        yield RecordedSource(run.path, kept.nearest(steps).number)
