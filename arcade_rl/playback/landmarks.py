"""The moments of an episode that a timeline marks: rewards, and events that the game declares, such
as lost lives and new levels."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from arcade_rl.contracts import Declaration
from arcade_rl.playback.tables import RunningMetrics
from arcade_rl.recording.recording import Recording

DENSE = 0.5
"""Part of an episode's steps with a reward from which on rewards mark nothing: they would mark
everything."""


@dataclass(frozen=True, slots=True, order=True)
class Landmark:
    """A step at which something worth looking at happened."""

    step: int
    """Number of the step, from 1: the picture after this step shows what happened."""
    kind: Literal["gain", "loss", "event"]
    """A reward above 0, a reward below 0, or a change of a metric with `Metric.is_event`."""
    label: str
    """What happened, as people read it, such as "reward 4" or "Lives lost: 2"."""


def landmarks_of(recording: Recording, declaration: Declaration) -> tuple[Landmark, ...]:
    """The landmarks of an episode, as far as it is played, in the order of their steps."""
    return tuple(sorted([*_rewards(recording), *_events(recording, declaration)]))


def next_landmark(landmarks: Sequence[Landmark], position: int) -> Landmark | None:
    """The first landmark after the moment at which `position` steps are done; None if there is
    none."""
    place = bisect_right(landmarks, position, key=_step)
    return landmarks[place] if place < len(landmarks) else None


def previous_landmark(landmarks: Sequence[Landmark], position: int) -> Landmark | None:
    """The last landmark before the moment at which `position` steps are done; None if there is
    none."""
    place = bisect_left(landmarks, position, key=_step)
    return landmarks[place - 1] if place else None


def _step(landmark: Landmark) -> int:
    return landmark.step


def _rewards(recording: Recording) -> list[Landmark]:
    rewards = recording.rewards
    steps = np.flatnonzero(rewards)
    if len(steps) > DENSE * len(rewards):
        return []
    kinds: tuple[Literal["loss"], Literal["gain"]] = ("loss", "gain")
    return [
        Landmark(int(k) + 1, kinds[int(rewards[k] > 0)], f"reward {rewards[k]:g}") for k in steps
    ]


def _events(recording: Recording, declaration: Declaration) -> list[Landmark]:
    declared = [metric for metric in declaration.metrics if metric.is_event]
    if not len(recording) or not declared:
        return []
    table = RunningMetrics(recording.metadata, declaration).columns(recording)
    found = []
    for metric in declared:
        column = table[metric.name]
        for k in np.flatnonzero(np.diff(column, prepend=0.0)):
            label = f"{metric.label}: {metric.render(float(column[k]))}"
            found.append(Landmark(int(k) + 1, "event", label))
    return found
