"""The opponents, who sit on the seats that are not the learner's, and what they are asked.

N is the number of all environments, R the number of environments that ask.
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

    A `StepBatch` has one count per environment, and its answers are grouped by environment. A
    recording has one count per step, and its answers are grouped by step.
    """

    counts: npt.NDArray[np.int64]
    """How many answers each environment or step has, 0 or more. (N,) or (T,), int64."""
    actions: npt.NDArray[Any]
    """The answers. (sum of counts, ...), int64 or float32, in the shape of the action space."""


class Opponents(Protocol):
    """What answers for all seats but the learner's. An environment calls these methods inside
    `step` and `reset`, as often as the game wants."""

    def begin(self, rows: npt.NDArray[np.intp], seeds: npt.NDArray[np.int64]) -> None:
        """Say that episodes with these seeds begin in the environments `rows`. Called before
        anything is asked in them. Both are (R,); the seeds are those that the environment
        reports."""
        ...

    def choose(
        self,
        rows: npt.NDArray[np.intp],
        observations: Observations,
        masks: npt.NDArray[np.bool_] | None,
    ) -> npt.NDArray[Any]:
        """One action for each of the environments `rows`. (R, ...), int64 or float32.

        `rows` is in rising order. `observations` show the game as the opponent sees it, (R, ...),
        in host memory. `masks` say which actions the opponent may choose, (R, actions); None if
        all.
        """
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What one opponent is asked for at one moment, in R environments."""

    rows: npt.NDArray[np.intp]
    """Indices of the environments, in rising order. (R,), intp."""
    seeds: npt.NDArray[np.int64]
    """Seed of the episode in each of these environments. (R,), int64."""
    turns: npt.NDArray[np.int64]
    """How many answers each of these episodes had before. (R,), int64."""
    observations: Observations
    """What the opponent sees. (R, ...), in host memory."""
    masks: Array | None
    """Which actions the opponent may choose. (R, actions), bool; None if all."""


class Opponent(ABC):
    """A policy that sits on another seat than the learner's."""

    @abstractmethod
    def choose(self, asked: Asked) -> npt.NDArray[Any]:
        """One action for each row. (R, ...), int64 or float32.

        Random choices must follow from seeds and turns alone, so that an episode does not depend on
        the episodes that are played beside it.
        """

    def rate(self, asked: Asked) -> npt.NDArray[np.float32] | None:
        """What each discrete action is worth to this policy, minus infinity where that is not known, for
        pictures. (R, actions), float32; None for a policy that values nothing."""
        return None
