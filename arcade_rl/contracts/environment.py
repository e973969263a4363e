"""N environments of one game stepped together, and what they give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts.arrays import Array, Observations
from arcade_rl.contracts.opponents import Opponents, Replies

if TYPE_CHECKING:
    from gymnasium import spaces

Purpose: TypeAlias = Literal["training", "evaluation"]
"""Training may end episodes at a lost life and the like; evaluation plays the game's own rules."""


class SeedSource(Protocol):
    """Hands out the seed of every episode of every environment."""

    exact: bool
    """Whether these very seeds must be played, as in a replay. Where not, an environment may start a
    later episode from another seed if that is cheaper; it reports the one that it really used."""

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Seeds for the next episode of the environments `indices`. (len(indices),), int64 in [0, 2**31)."""
        ...


@runtime_checkable
class NumberedSeeds(SeedSource, Protocol):
    """What the seed source of a training is besides: a function of environment and episode number. A
    game in which starting from a seed is expensive starts from one only every so often, and what
    episodes it plays still does not depend on where the training is cut."""

    def anchor(
        self, indices: npt.NDArray[np.intp], every: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(seeds, ages). Among the episodes of each environment the first, and then one in `every`, is
        an anchor: the seeds of the newest anchors, and how many episodes ago they began, 0 where the
        episode that `next` was last asked for is one. (len(indices),) each, int64."""
        ...


@dataclass(slots=True)
class StepBatch:
    """What one step of all environments produced.

    Environments reset themselves in the same step: where an episode ended, `observations` is the
    first of the next episode, and everything else still belongs to the one that ended.
    Arrays may be the environment's own buffers: they are valid until its next `step` or `reset`.
    """

    observations: Observations
    """(N, ...), the dtype of the observation space."""
    rewards: Array
    """Raw game reward, unshaped and unclipped. (N,), float32."""
    terms: Array
    """Every reward term, unweighted. (N, K), float32."""
    terminated: Array
    """The episode ended by the game's rules. (N,), bool."""
    truncated: Array
    """The episode was cut by a limit. (N,), bool."""
    metrics: Array
    """Every metric at this step. (N, M), float32."""
    episode_seeds: Array
    """Seed of the episode that this step belongs to: an environment that is reset with it plays the
    same episode. (N,), int64."""
    final_observations: Observations | None = None
    """Last observation of the episodes that ended; other rows are undefined. (N, ...), or None if none ended."""
    cut: Array | None = None
    """Training only: the learner must not look past this step although the game goes on, such as
    after a lost life. (N,), bool, or None."""
    states: Array | None = None
    """State of the simulator after the step, for `Declaration.replay` "states"; where an episode
    ended, still of that episode. (N, S), float32, float64 or uint8, the same at every step; or None."""
    frames: Array | None = None
    """Native frames that the step lasted, for `Declaration.timed`. (N,), int64, 1 or more; or None."""
    replies: Replies | None = None
    """What opponents answered in the step; what they were asked for before an episode's first step
    belongs to that step. Whoever opened the environment fills this in, not the game; None for a game
    of one seat."""
    opponents: npt.NDArray[np.int64] | None = None
    """Who sits opposite in the episode that the step belongs to, as a place in the names of whoever sits
    there. (N,), int64; filled in as `replies`."""


class VectorEnv(ABC):
    """N environments of one game stepped together. What a game does not declare keeps its default here."""

    num_envs: int
    observation_space: spaces.Space[Any]
    """Space of one environment's observation."""
    action_space: spaces.Space[Any]
    """Space of one environment's action."""

    @abstractmethod
    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        """Start an episode in every environment, and take the seeds of later ones from `seeds` too.

        With `rows`, which are increasing: in these environments alone, while the others stay where they
        are; the observations are those of `rows`, of which there may be none. All environments were
        reset before.
        """

    @abstractmethod
    def step(self, actions: Array) -> StepBatch:
        """Apply one action per environment. (N,) integer, or (N, dimensions) float32."""

    @abstractmethod
    def close(self) -> None:
        """Free what the environments hold."""

    def set_stage(self, stage: int) -> None:  # noqa: B027 - a game without a curriculum has nothing to do
        """Play episodes that start from now on in stage number `stage` of `Declaration.stages`."""

    def action_masks(self) -> Array | None:
        """Which actions are allowed now, for `Declaration.masks`. (N, actions), bool; None where all
        always are."""
        return None

    def set_opponents(self, opponents: Opponents) -> None:  # noqa: B027 - nor has a game of one seat
        """Ask these from now on, for a game of more than one of `Declaration.seats`; called before the
        first `reset` or `restore`, and between steps."""

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        """Everything that later steps depend on, between two steps, for `Declaration.saved_state` "exact"
        or "approximate"; without the stage of later episodes, their seeds and the opponents. Arrays of N
        rows by name, in host memory, of a plain dtype; they stay as they are. Another number of
        environments, and another process, can take some of the rows."""
        raise NotImplementedError(f"{type(self).__name__} cannot be saved")

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        """Go on from what `save` gave, in environments of the same options that need not have been
        reset; take the seeds of later episodes from `seeds`. What is observed now. (N, ...)"""
        raise NotImplementedError(f"{type(self).__name__} cannot be restored")
