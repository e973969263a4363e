"""The film of a run's milestones: what the agent was able to do at each stage of the training."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from arcade_rl.contracts import Metric
from arcade_rl.overlay.scene import Card
from arcade_rl.playback.milestones import Milestone
from arcade_rl.playback.moments import Excerpt
from arcade_rl.playback.picking import Picked
from arcade_rl.playback.sources import RecordedSource
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import find_episode
from arcade_rl.runs.standing import Standing, standing_at
from arcade_rl.video.clip import Clip
from arcade_rl.words import clock_duration, percent

MOST_SCORES = 8
"""Largest number of scores that a title card lists; of more it gives the range."""
KINDS = {"median": "typical", "best": "best", "first": "first"}
"""What an episode is called that was picked in one of these ways."""


def clips_of(
    run: RunDirectory,
    milestones: Sequence[Milestone],
    picked: Sequence[Picked],
    metric: Metric,
    folder: Path,
    suffix: str,
    limit: Fraction | None,
) -> list[Clip]:
    """A title card and an episode for each milestone, or the part of the episode of at most `limit`
    seconds in which most happens. `metric`: what the episodes were picked by."""
    total, digits = len(milestones), max(len(str(len(milestones))), 2)
    return [
        Clip(
            path=folder / f"{k:0{digits}d}_{_file_name(milestone.label)}{suffix}",
            source=one.source, title=milestone.label, card=card_of(run, milestone, one, metric),
            episode=k, episodes=total, banner=_sentence(milestone.words),
            excerpt=Excerpt(limit=limit), picked=one,
        )
        for k, (milestone, one) in enumerate(zip(milestones, picked, strict=True), 1)
    ]  # fmt: skip


def card_of(run: RunDirectory, milestone: Milestone, picked: Picked, metric: Metric) -> Card:
    """The title card of a milestone: how far the training was, and what its episode was picked
    from."""
    lines = []
    if len(picked.scores) > 1:
        count, scores = len(picked.scores), spread_of(picked.scores, metric)
        lines.append(f"{KINDS[picked.pick]} of {count} games: {scores}")
    if milestone.episode is not None:
        lines.append(f"first met by training episode {milestone.episode:,}")
    if isinstance(picked.source, RecordedSource):
        row = find_episode(run, picked.source.number)
        lines.append(f"training episode {row.number:,}, ended after {row.step:,} steps")
    else:
        lines += _standing_lines(standing_at(run, milestone.chunk))
    return Card(_sentence(milestone.words), lines)


def _standing_lines(standing: Standing) -> list[str]:
    done = percent(standing.progress)
    lines = [f"{standing.steps:,} of {standing.total_steps:,} steps, {done}"]
    if standing.steps:
        trained = clock_duration(standing.trained_s)
        lines.append(f"{standing.episodes:,} episodes ended, trained for {trained}")
    return lines


def spread_of(scores: Sequence[float], metric: Metric) -> str:
    """The scores from the lowest to the highest, or their range where they are many."""
    texts = [f"{score:{metric.format}}" for score in sorted(scores)]
    return ", ".join(texts) if len(texts) <= MOST_SCORES else f"{texts[0]} to {texts[-1]}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _file_name(label: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in label.replace("%", "_percent"))
