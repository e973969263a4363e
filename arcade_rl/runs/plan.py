"""Where a run is cut: whole rollouts, ends on milestones, pieces of equal length."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from arcade_rl.config import Config
from arcade_rl.runs.checkpoints import milestone_label

STAGED_CHECKPOINT = "checkpoint"
STAGED_TENSORBOARD = "tensorboard"
STAGED_EVENTS = "events"
STAGED_EPISODES = "episodes"
"""What lies in the staging directory of an attempt."""


@dataclass(frozen=True, slots=True)
class ChunkSpec:
    """What one attempt at a chunk does. Plain values, because it crosses a pipe."""

    run: str
    """Name of the run."""
    chunk: int
    """Index of the chunk, which is the index of the checkpoint at its end. Chunk 0 only builds the
    untrained networks."""
    attempt: int
    checkpoint: str
    """Directory of the verified checkpoint to start from; empty for chunk 0."""
    parent: int
    """Chunk of that checkpoint; -1 for chunk 0."""
    first_update: int
    """Number of its first update in the run, from 1."""
    last_update: int
    """Update to end on; below `first_update` for chunk 0, which trains nothing."""
    total_updates: int
    milestones: list[str]
    """Milestones that end with it."""
    staging: str
    """Empty directory for what the attempt makes."""
    pool: list[str] = field(default_factory=list)
    """Directories of the verified checkpoints of the run that sit opposite in episodes that begin in the
    chunk."""
    seated: list[str] = field(default_factory=list)
    """Directories of those that sit opposite in the episodes that are open."""
    rivals: list[str] = field(default_factory=list)
    """Directories of the checkpoints of other runs that sit opposite, in the order of the configuration."""
    drops_open: bool = False
    """Begin new episodes and give the open ones of the checkpoint up."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole run in rollouts."""

    rollout_steps: int
    total_updates: int
    boundaries: tuple[int, ...]
    """Updates that end a chunk, increasing; the last is `total_updates`."""
    milestones: tuple[tuple[int, str], ...]
    """(update, label) of every milestone, increasing."""

    @property
    def total_steps(self) -> int:
        return self.rollout_steps * self.total_updates

    def next_boundary(self, updates: int) -> int:
        """Update that ends the chunk which starts after `updates` updates."""
        return next(boundary for boundary in self.boundaries if boundary > updates)

    def milestones_at(self, update: int) -> list[str]:
        """Labels of the milestones that end at `update`."""
        return [label for at, label in self.milestones if at == update]


def plan_run(config: Config) -> Plan:
    """The plan of a configuration. Depends on nothing else, so that every resume makes the same."""
    rollout_steps = config.train.rollout_steps
    total = config.train.run_steps // rollout_steps
    longest = math.ceil(config.chunk.steps / rollout_steps)
    fractions = config.checkpoint.milestone_fractions()
    milestones = tuple((_update_of(f, total), milestone_label(f)) for f in fractions)
    boundaries: list[int] = []
    start = 0
    for end in sorted({update for update, _ in milestones}):
        pieces = math.ceil((end - start) / longest)
        boundaries += [start + round((end - start) * k / pieces) for k in range(1, pieces + 1)]
        start = end
    return Plan(rollout_steps, total, tuple(boundaries), milestones)


def _update_of(fraction: Fraction, total: int) -> int:
    return max(1, math.ceil(fraction * total))
