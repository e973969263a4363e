"""What a feed says: what the first environments of a training play, rollout by rollout.

An `Opening` says who plays and which episodes are open at that moment; `PlayedRollout`s follow. So
a reader can begin at any opening. `frames` packs both into bytes. T is the number of steps of a
rollout, n the number of watched environments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from arcade_rl.recording.recording import Fingerprints, Metadata
from arcade_rl.recording.tape import HostRollout, Span

WATCHED = 16
"""Number of environments that a feed shows at most: the first ones."""


@dataclass(frozen=True, slots=True)
class Role:
    """How an open episode began."""

    seed: int
    """Seed that the episode is played from; -1 while no step of it was played."""
    stage: int
    """Curriculum stage that the episode is played in."""
    opponent: str
    """Name of who sits opposite; "" where that is not known, and in a game of one seat."""


@dataclass(frozen=True, slots=True)
class OpenPart:
    """An episode that is open in a watched environment when a reader may begin."""

    role: Role
    step_start: int
    """Steps of the run when the episode began."""
    started: float
    """When the episode began, seconds since the epoch."""
    span: Span | None
    """The steps so far; None where not all of them are known, or where they are too many."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Who plays from now on, and the episodes that are open."""

    attempt: int
    """Number of the attempt at the chunk, from 1."""
    updates: int
    """Updates of the run so far."""
    last_update: int
    """Number of the update that ends the chunk."""
    steps: int
    """Steps of the run so far."""
    total_steps: int
    """Length of the run in steps."""
    num_envs: int
    """Number of environments that train; the watched ones are the first of them."""
    stages: tuple[str, ...]
    """Names of the curriculum's stages; none in a game without a curriculum."""
    episode: Metadata
    """What all episodes share: run, chunk, checkpoint, game and versions. The other fields mean
    nothing."""
    parts: tuple[OpenPart, ...]
    """The open episode of each watched environment."""


@dataclass(frozen=True, slots=True)
class EpisodeEnd:
    """An episode that a rollout ended."""

    step: int
    """Step of the rollout that ended the episode, from 0."""
    env: int
    number: int
    """Number of the episode in the run, from 1."""
    seed: int
    stage: int
    opponent: str
    truncated: bool
    sums: tuple[float, ...]
    """Raw and shaped return, then every term, unweighted, and every metric, in the order of
    `Opening.episode`."""


@dataclass(frozen=True, slots=True)
class PlayedRollout:
    """A rollout of the watched environments."""

    updates: int
    """Updates of the run before the rollout's own."""
    steps: int
    """Steps of the run after the rollout."""
    began: float
    """When the rollout began, seconds since the epoch."""
    ended: float
    rollout: HostRollout
    """The steps, without what the policy said."""
    roles: Mapping[int, Role]
    """How the episodes began that are open after the rollout, by environment, where that was not
    said before."""
    ends: tuple[EpisodeEnd, ...]
    """The episodes that ended, in the order of their end."""


FeedItem: TypeAlias = Opening | PlayedRollout


def watched(rollout: HostRollout, count: int) -> HostRollout:
    """The first `count` environments of a rollout, without what the policy said."""
    columns: dict[str, Any] = {
        name: None if (column := getattr(rollout, name)) is None else column[:, :count]
        for name in ("actions", "rewards", "metrics", "states", "frames", "reply_counts", "prints")
    }
    answers = rollout.reply_actions
    return HostRollout(
        **columns,
        values=None,
        distributions=None,
        reply_actions=None if answers is None else answers[:count],
        print_steps=rollout.print_steps,
        final_prints={at: v for at, v in rollout.final_prints.items() if at[1] < count},
    )


def no_steps(metrics: int, prints: Fingerprints | None = None) -> Span:
    """The span of an episode of which no step was played, in a game with this many metrics."""
    none = Fingerprints(np.zeros(0, np.int64), np.zeros(0, np.uint32))
    return Span(
        actions=np.zeros(0, np.int64),
        rewards=np.zeros(0, np.float32),
        metrics=np.zeros((0, metrics), np.float32),
        values=None,
        distributions=None,
        states=None,
        frames=None,
        reply_counts=None,
        reply_actions=None,
        fingerprints=prints or none,
    )
