"""The film of a run's milestones: what the agent was able to do at each stage of the training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from arcade_rl.config import Resolved
from arcade_rl.overlay.scene import Card
from arcade_rl.playback.milestones import Milestone, Origin, sources
from arcade_rl.playback.sources import RecordedSource, Source
from arcade_rl.runs.directory import START, RunDirectory
from arcade_rl.runs.episodes import find_episode
from arcade_rl.runs.standing import Standing, standing_at
from arcade_rl.video.clip import Clip
from arcade_rl.words import clock_duration


def clips_of(
    run: RunDirectory,
    resolved: Resolved,
    milestones: Sequence[Milestone],
    origin: Origin,
    folder: Path,
    suffix: str,
    with_policy: bool,
    deterministic: bool,
    limit: Fraction | None,
    opponent: str | Path | None = None,
) -> list[Clip]:
    """A title card and an episode, or its first `limit` seconds, for each milestone. `opponent`: see
    `PlayedSource`."""
    shown = list(sources(run, resolved, milestones, origin, with_policy, deterministic, opponent))
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
    if isinstance(source, RecordedSource):
        return recorded_card(
            run, milestone.label, source.number
        ), f"training episode {source.number}"
    card = card_of(milestone.label, standing_at(run, milestone.chunk))
    if milestone.episode is not None:
        met = f"first met by training episode {milestone.episode:,}"
        card = replace(card, lines=[met, *card.lines])
    return card, f"checkpoint {milestone.chunk}"


def card_of(label: str, standing: Standing) -> Card:
    """The title card of a checkpoint: how far the training was, and with which return."""
    lines = [
        f"{standing.steps:,} of {standing.total_steps:,} steps",
        f"{standing.episodes:,} episodes ended, trained for {clock_duration(standing.trained_s)}",
    ]
    if standing.mean_return is not None:
        lines.append(
            f"mean return {standing.mean_return:.1f} over the last {standing.window} episodes"
        )
    return Card("Before training" if label == START else label, lines)


def recorded_card(run: RunDirectory, label: str, number: int) -> Card:
    """The title card of a training episode: which episode is shown, and with which return."""
    row = find_episode(run, number)
    lines = [
        f"training episode {row.number:,}",
        f"ended after {row.step:,} steps of training",
        f"return {row.raw_return:g}",
    ]
    return Card("Before training" if label == START else label, lines)


def _file_name(label: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in label.replace("%", "_percent"))
