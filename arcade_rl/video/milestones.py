"""The film of a run's milestones: what the agent could do when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from arcade_rl.config import Resolved
from arcade_rl.errors import MissingError
from arcade_rl.overlay.scene import Card
from arcade_rl.playback.player import episode_seeds
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import START, RunDirectory, find_checkpoint
from arcade_rl.runs.episodes import Query, find_episodes, parse_condition
from arcade_rl.runs.standing import Standing, standing_at
from arcade_rl.video.clip import Clip
from arcade_rl.video.kept import Kept
from arcade_rl.video.sources import Played, Recorded, Source

Origin = Literal["checkpoints", "recordings"]
"""Whether the checkpoint of a milestone plays, or training's own episode nearest to it is shown."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A point of training that is shown."""

    label: str
    """Such as "30%" or "score>=100"."""
    chunk: int
    """Chunk that ended with it."""
    episode: int | None = None
    """The episode that first passed a threshold; None for a percentage."""


def percentages(run: RunDirectory, resolved: Resolved, every: Fraction | None) -> list[Milestone]:
    """The start of training and every milestone that the run has reached: its own, or one `every`
    so often. MissingError if the checkpoint of one is not there."""
    newest = checkpoints.newest(run.checkpoints)
    if newest is None:
        raise MissingError(f"{run.path} has no checkpoint yet")
    fractions = resolved.config.checkpoint.milestone_fractions()
    if every is not None:
        fractions = sorted({every * k for k in range(1, int(1 / every) + 1)} | {Fraction(1)})
    labels = [checkpoints.milestone_label(f) for f in fractions if f <= newest.progress]
    return [_milestone(run, resolved, label) for label in (START, *labels)]


def _milestone(run: RunDirectory, resolved: Resolved, label: str) -> Milestone:
    best = resolved.declaration.metric(resolved.best_metric)
    path = find_checkpoint(run, label, best.name, best.better)
    return Milestone(label, int(path.name))


def passing(run: RunDirectory, condition: str, origin: Origin) -> Milestone:
    """When an episode of training first met a condition such as "score>=100". MissingError if none
    did, or if a checkpoint is wanted and that of its chunk is not there."""
    query = Query((parse_condition(condition),), limit=1)
    row = next(find_episodes(run, query), None)
    if row is None:
        raise MissingError(f"{run.name} has no recorded episode with {condition}")
    if origin == "checkpoints" and row.chunk not in dict(checkpoints.stored(run.checkpoints)):
        raise MissingError(
            f"episode {row.number} of {run.name} first had {condition}, in chunk {row.chunk}, whose "
            "checkpoint is not kept; use --from recordings, or train with checkpoint.every = 1"
        )
    return Milestone(condition, row.chunk, row.number)


def clips(
    run: RunDirectory,
    resolved: Resolved,
    milestones: Sequence[Milestone],
    origin: Origin,
    folder: Path,
    suffix: str,
    with_policy: bool,
    deterministic: bool,
    limit: Fraction | None,
) -> list[Clip]:
    """A title card and an episode, or its first `limit` seconds, for each milestone."""
    shown = sources(run, resolved, milestones, origin, with_policy, deterministic)
    total = len(milestones)
    return [
        Clip(
            path=folder / f"{k:02d}_{_file_name(milestone.label)}{suffix}",
            source=source,
            title=milestone.label,
            card=card_of(milestone.label, standing_at(run, milestone.chunk)),
            episode=k,
            episodes=total,
            banner=milestone.label,
            detail=f"checkpoint {milestone.chunk}",
            limit=limit,
        )
        for k, (milestone, source) in enumerate(zip(milestones, shown, strict=True), 1)
    ]


def spread(milestones: Sequence[Milestone], count: int) -> list[Milestone]:
    """So many of them, the first and the last and others evenly between. MissingError if there are
    fewer."""
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
) -> Iterator[Source]:
    """What shows each of them. `with_policy`: only recordings whose policy is kept."""
    if origin == "checkpoints":
        (seed,) = episode_seeds(resolved.config.evaluation.seed, 1)
        for milestone in milestones:
            yield Played(run.path, milestone.chunk, seed, deterministic)
        return
    kept = Kept(run, with_policy)
    for milestone in milestones:
        number = milestone.episode or kept.nearest(standing_at(run, milestone.chunk).steps).number
        yield Recorded(run.path, number)


def card_of(label: str, standing: Standing) -> Card:
    """What was reached when."""
    lines = [
        f"{standing.steps:,} of {standing.total_steps:,} steps",
        f"{standing.episodes:,} episodes, trained for {clock(standing.trained_s)}",
    ]
    if standing.mean_return is not None:
        lines.append(
            f"mean return {standing.mean_return:.1f} over the last {standing.window} episodes"
        )
    return Card("Before training" if label == START else label, lines)


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _file_name(label: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in label.replace("%", "_percent"))
