"""The film of a run's milestones: what the agent could do when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from arcade_rl.config import Resolved
from arcade_rl.errors import MissingError
from arcade_rl.overlay.scene import Card
from arcade_rl.overlay.training import duration
from arcade_rl.playback.player import episode_seeds
from arcade_rl.runs import checkpoints
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import START, RunDirectory, find_checkpoint
from arcade_rl.runs.episodes import find_episode, first_episode, parse_condition
from arcade_rl.runs.kept import Kept
from arcade_rl.runs.standing import Standing, standing_at
from arcade_rl.video.clip import Clip
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


def percentages(
    run: RunDirectory, resolved: Resolved, every: Fraction | None, origin: Origin
) -> list[Milestone]:
    """The start of training and every milestone that the run has reached: its own, or one `every`
    so often. MissingError if one is no milestone of the run, or if a checkpoint is to play and is not
    there."""
    newest = checkpoints.newest(run.checkpoints)
    if newest is None:
        raise MissingError(f"{run.path} has no checkpoint yet")
    fractions = resolved.config.checkpoint.milestone_fractions()
    if every is not None:
        fractions = sorted({every * k for k in range(1, int(1 / every) + 1)} | {Fraction(1)})
    total = resolved.config.train.run_steps
    labels = [checkpoints.milestone_label(f) for f in fractions if f * total <= newest.steps]
    if origin == "recordings":
        return _ended(run, [START, *labels])
    best = resolved.declaration.metric(resolved.best_metric)
    paths = [find_checkpoint(run, label, best.name, best.better) for label in (START, *labels)]
    return [
        Milestone(label, int(path.name))
        for label, path in zip((START, *labels), paths, strict=True)
    ]


def _ended(run: RunDirectory, labels: Sequence[str]) -> list[Milestone]:
    """The chunks that ended with these milestones, whether their checkpoints are kept or not."""
    with Database.reading(run.database) as database:
        rows = database.checkpoints()
    chunks = {label: row["chunk"] for row in rows for label in row["milestones"].split(", ")}
    lost = [label for label in labels if label not in chunks]
    if lost:
        has = ", ".join(label for label in chunks if label)
        raise MissingError(f"{run.name} has no milestone {lost[0]}; it has {has}")
    return [Milestone(label, chunks[label]) for label in labels]


def passing(run: RunDirectory, condition: str, origin: Origin) -> Milestone:
    """When an episode of training first met a condition such as "score>=100". MissingError if none
    did, or if what shall be shown of it, its recording or the checkpoint of its chunk, is not there."""
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
    return Milestone(condition, chunk, number)


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
    shown = list(sources(run, resolved, milestones, origin, with_policy, deterministic))
    total, digits = len(milestones), len(str(len(milestones)))
    found = []
    for k, (milestone, source) in enumerate(zip(milestones, shown, strict=True), 1):
        card, detail = _said(run, milestone, source)
        name = f"{k:0{max(digits, 2)}d}_{_file_name(milestone.label)}{suffix}"
        found.append(
            Clip(
                path=folder / name, source=source, title=milestone.label, card=card, episode=k,
                episodes=total, banner=milestone.label, detail=detail, limit=limit,
            )
        )  # fmt: skip
    return found


def _said(run: RunDirectory, milestone: Milestone, source: Source) -> tuple[Card, str]:
    """The title card of a milestone, and the smaller line of its banner."""
    if isinstance(source, Recorded):
        return recorded_card(
            run, milestone.label, source.number
        ), f"training episode {source.number}"
    card = card_of(milestone.label, standing_at(run, milestone.chunk))
    if milestone.episode is not None:
        met = f"first met by training episode {milestone.episode:,}"
        card = replace(card, lines=[met, *card.lines])
    return card, f"checkpoint {milestone.chunk}"


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
        steps = standing_at(run, milestone.chunk).steps
        yield Recorded(run.path, milestone.episode or kept.nearest(steps).number)


def card_of(label: str, standing: Standing) -> Card:
    """What was reached when."""
    lines = [
        f"{standing.steps:,} of {standing.total_steps:,} steps",
        f"{standing.episodes:,} episodes ended, trained for {duration(standing.trained_s)}",
    ]
    if standing.mean_return is not None:
        lines.append(
            f"mean return {standing.mean_return:.1f} over the last {standing.window} episodes"
        )
    return Card("Before training" if label == START else label, lines)


def recorded_card(run: RunDirectory, label: str, number: int) -> Card:
    """Which episode is shown."""
    row = find_episode(run, number)
    lines = [
        f"training episode {row.number:,}",
        f"ended after {row.step:,} steps of training",
        f"return {row.raw_return:g}",
    ]
    return Card("Before training" if label == START else label, lines)


def _file_name(label: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in label.replace("%", "_percent"))
