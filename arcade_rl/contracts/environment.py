"""N environments of one game that step together, and what a step of them gives."""

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
    """Whether exactly these seeds must be played, as in a replay. If not, an environment may start
    a later episode from another seed where another is cheaper, and reports the seed that it really
    used."""

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Seeds for the next episode of each of the environments `indices`. (len(indices),), int64,
        in [0, 2**31)."""
        ...


@runtime_checkable
class NumberedSeeds(SeedSource, Protocol):
    """The seed source of a training: its seeds are a function of environment and episode number.

    A game in which starting from a seed is expensive can start from a seed only every so often.
    This protocol lets it do so, and still play the same episodes wherever the training is cut.
    """

    def anchor(
        self, indices: npt.NDArray[np.intp], every: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(seeds, ages) of the newest anchors. (len(indices),) each, int64.

        An environment's first episode is an anchor, and one in `every` after it. An age says how
        many episodes ago the anchor began: 0 if `next` was last asked for the anchor itself.
        """
        ...


@dataclass(slots=True)
class StepBatch:
    """What one step of all environments produced.

    Environments reset themselves in the same step: where an episode ended, `observations` is the
    first of the next episode, and everything else still belongs to the episode that ended.
    Arrays may be the environment's own buffers: they are valid until its next `step` or `reset`.
    """

    observations: Observations
    """What each environment shows after the step. (N, ...), the dtype of the observation space."""
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
    """Seed of the episode that this step belongs to. An environment that is reset with this seed
    plays the same episode. (N,), int64."""
    final_observations: Observations | None = None
    """Last observation of the episodes that ended; other rows are undefined. (N, ...), or None if
    no episode ended."""
    cut: Array | None = None
    """Training only: the learner must not look past this step although the game goes on, for
    example after a lost life. (N,), bool; None where this never happens."""
    states: Array | None = None
    """State of the simulator after the step, for `Declaration.replay` "states". Where an episode
    ended, this is still the state of that episode. (N, S), float32, float64 or uint8, the same
    dtype at every step; None for other games."""
    frames: Array | None = None
    """Native frames that the step lasted, for `Declaration.timed`. (N,), int64, 1 or more; None
    where all steps are alike."""
    replies: Replies | None = None
    """What opponents answered in the step. Answers from before an episode's first step belong to
    its first step. The core fills this field in, not the game; None for a game of one seat."""
    opponents: npt.NDArray[np.int64] | None = None
    """Which opponent plays in the episode that the step belongs to: an index into the list of
    opponents. (N,), int64. The core fills this field in too; None for a game of one seat."""


class VectorEnv(ABC):
    """N environments of one game that step together.

    A game overrides only the optional methods that belong to what it declares.
    """

    num_envs: int
    observation_space: spaces.Space[Any]
    """Space of one environment's observations."""
    action_space: spaces.Space[Any]
    """Space of one environment's action."""

    @abstractmethod
    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        """Start an episode in every environment, and take later seeds from `seeds` too.

        `rows` names, in rising order, the environments that alone start an episode; the others stay
        where they are. Only the observations of `rows` are returned, and `rows` may be empty. Every
        environment must have been reset before `rows` is used.
        """

    @abstractmethod
    def step(self, actions: Array) -> StepBatch:
        """Apply one action per environment: (N,) or (N, choices) integer, or (N, ...) float32, with
        the shape of the action space."""

    @abstractmethod
    def close(self) -> None:
        """Free what the environments hold."""

    def set_stage(self, stage: int) -> None:  # noqa: B027 - a game without a curriculum has nothing to do
        """Play episodes that start from now on in stage number `stage` of `Declaration.stages`."""

    def action_masks(self) -> Array | None:
        """Which actions are allowed now, for `Declaration.masks`. (N, actions), bool; None for a
        game that always allows all of them."""
        return None

    def set_opponents(self, opponents: Opponents) -> None:  # noqa: B027 - nor has a game of one seat
        """Ask these opponents from now on, in a game with more than one of `Declaration.seats`.
        Called before the first `reset` or `restore`, and between steps."""

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        """Everything that later steps depend on, for games that declare a `saved_state`.

        Called between two steps. Leaves out the stage of later episodes, their seeds and the
        opponents. Arrays of N rows by name, in host memory, of a plain dtype; later steps do not
        change them. Some of the rows can be restored in another process, among another number of
        environments.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be saved")

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        """Go on from what `save` gave, and take the seeds of later episodes from `seeds`. Returns
        what is observed now, (N, ...).

        These environments have the same options as the saved ones, and need not have been reset.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be restored")
