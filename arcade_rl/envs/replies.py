"""What opponents answered in a rollout, environment by environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Replies, StepBatch


@dataclass(frozen=True, slots=True)
class EnvReplies:
    """What opponents answered in T steps of N environments."""

    counts: npt.NDArray[np.int64]
    """How many answers each step has. (T, N), int64."""
    actions: tuple[npt.NDArray[Any], ...]
    """The answers in each environment, oldest first. N arrays: (answers, ...), int64 or
    float32."""


def join_replies(parts: Sequence[EnvReplies | None]) -> EnvReplies | None:
    """The replies of several parts of the environments, in their order; None if no part has any."""
    there = [part for part in parts if part is not None]
    if not there:
        return None
    counts = np.concatenate([part.counts for part in there], axis=1)
    return EnvReplies(counts, tuple(own for part in there for own in part.actions))


def by_environment(steps: Sequence[Replies]) -> EnvReplies | None:
    """The replies of T steps, environment by environment; None if no step has any."""
    if not steps:
        return None
    counts = np.stack([step.counts for step in steps])  # (T, N)
    actions = np.concatenate([step.actions for step in steps])
    envs = np.concatenate([np.repeat(np.arange(counts.shape[1]), step.counts) for step in steps])
    in_order = actions[np.argsort(envs, kind="stable")]
    ends = np.cumsum(counts.sum(axis=0))
    return EnvReplies(counts, tuple(np.split(in_order, ends[:-1])))


def replies_of(batch: StepBatch, index: int) -> npt.NDArray[Any] | None:
    """What opponents answered in one environment; None in a game of one seat."""
    if batch.replies is None:
        return None
    start = int(batch.replies.counts[:index].sum())
    return batch.replies.actions[start : start + int(batch.replies.counts[index])]
