"""The plan of a run: chunks of whole rollouts and about equal length that end on milestones."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from arcade_rl.config import Config
from arcade_rl.runs.checkpoints import CheckpointState, milestone_label
from arcade_rl.runs.directory import START

STAGED_CHECKPOINT = "checkpoint"
STAGED_TENSORBOARD = "tensorboard"
STAGED_EVENTS = "events"
STAGED_EPISODES = "episodes"
"""Names of the files and folders that an attempt leaves in its staging directory."""


@dataclass(frozen=True, slots=True)
class ChunkSpec:
    """What one attempt at a chunk does: plain values and no path, so that a specification can be
    sent anywhere."""

    run: str
    """Name of the run."""
    chunk: int
    """Index of the chunk, and of the checkpoint at its end. Chunk 0 only builds the untrained
    networks."""
    attempt: int
    parent: int
    """Chunk of the verified checkpoint to start from; -1 for chunk 0."""
    first_update: int
    """Number of the chunk's first update in the run, from 1."""
    last_update: int
    """Number of the update to end on; below `first_update` for chunk 0, which trains nothing."""
    total_updates: int
    milestones: list[str]
    """Milestones that the chunk ends on."""
    pool: list[int] = field(default_factory=list)
    """Chunks of the run's verified checkpoints that sit opposite in episodes that begin in this
    chunk."""
    seated: list[int] = field(default_factory=list)
    """Chunks of the run's verified checkpoints that sit opposite in the episodes that are already
    open."""
    rivals: list[str] = field(default_factory=list)
    """Checkpoints of other runs that sit opposite, as RUN@CHUNK, in the order of the
    configuration."""
    drops_open: bool = False
    """Whether the open episodes of the checkpoint are dropped and new ones begin."""


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

    def spec(
        self, run: str, start: CheckpointState | None, attempt: int = 1, drops_open: bool = False
    ) -> ChunkSpec:
        """The specification of an attempt at the next chunk of `run`: the chunk that starts from
        the checkpoint `start`, or chunk 0 where `start` is None."""
        last = self.next_boundary(start.updates) if start else 0
        return ChunkSpec(
            run=run,
            chunk=start.chunk + 1 if start else 0,
            attempt=attempt,
            parent=start.chunk if start else -1,
            first_update=start.updates + 1 if start else 1,
            last_update=last,
            total_updates=self.total_updates,
            milestones=self.milestones_at(last) if start else [START],
            drops_open=drops_open,
        )

    def milestones_at(self, update: int) -> list[str]:
        """Labels of the milestones that end at `update`."""
        return [label for at, label in self.milestones if at == update]


def plan_run(config: Config) -> Plan:
    """The plan of a configuration. A plan depends on nothing else, so that every resume makes an
    equal one."""
    rollout_steps = config.train.rollout_steps
    total = config.train.run_steps // rollout_steps
    longest = math.ceil(config.chunk.steps / rollout_steps)
    fractions = config.checkpoint.milestone_fractions()
    milestones = tuple((_update_of(f, total), milestone_label(f)) for f in fractions)
    boundaries: list[int] = []
    start = 0
    # The way to each milestone is cut into the fewest equal pieces that are no longer than
    # `longest`.
    for end in sorted({update for update, _ in milestones}):
        pieces = math.ceil((end - start) / longest)
        boundaries += [start + round((end - start) * k / pieces) for k in range(1, pieces + 1)]
        start = end
    return Plan(rollout_steps, total, tuple(boundaries), milestones)


def _update_of(fraction: Fraction, total: int) -> int:
    return max(1, math.ceil(fraction * total))
