"""Who sits on the seats that the learner has not, and what they are asked.

R is the number of environments that ask, of N in all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts.arrays import Array, Observations


@dataclass(frozen=True, slots=True)
class Replies:
    """What opponents answered, in the order in which they were asked.

    A `StepBatch` has a count for every environment, and the answers of environment after environment.
    A recording has a count for every step, and the answers of step after step.
    """

    counts: npt.NDArray[np.int64]
    """Answers of each environment or step, 0 or more. (N,) or (T,), int64."""
    actions: npt.NDArray[Any]
    """(sum of counts,) int64, or (sum of counts, dimensions) float32."""


class Opponents(Protocol):
    """Answers for all seats but the learner's. An environment calls it inside `step` and `reset`, as
    often as the game wants."""

    def begin(self, rows: npt.NDArray[np.intp], seeds: npt.NDArray[np.int64]) -> None:
        """Say that episodes with these seeds begin in the environments `rows`, before anything is asked
        in them. (R,) both; the seeds are those that the environment reports."""
        ...

    def choose(
        self,
        rows: npt.NDArray[np.intp],
        observations: Observations,
        masks: npt.NDArray[np.bool_] | None,
    ) -> npt.NDArray[Any]:
        """One action for each of the environments `rows`, which rise. Observations are in host memory, as
        the opponent sees the game, (R, ...); masks say what it may do, (R, actions), None where it may do
        all. (R,) int64 or (R, dimensions) float32."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What one opponent is asked for at one moment, in R environments."""

    rows: npt.NDArray[np.intp]
    """Environments, rising. (R,)"""
    seeds: npt.NDArray[np.int64]
    """Seeds of their episodes. (R,), int64."""
    turns: npt.NDArray[np.int64]
    """How many answers each of the episodes had before. (R,), int64."""
    observations: Observations
    """What the opponent sees. (R, ...), in host memory."""
    masks: Array | None
    """What it may do. (R, actions), bool; None where it may do all."""


class Opponent(ABC):
    """A policy that sits on another seat than the learner's."""

    @abstractmethod
    def choose(self, asked: Asked) -> npt.NDArray[Any]:
        """One action a row: (R,) int64 or (R, dimensions) float32. Whatever is random follows from the
        seeds and turns alone, so that an episode is the same whoever plays beside it."""
