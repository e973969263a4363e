"""One machine that plays one episode after another, as an author writes it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Frame, Observations, Purpose
from arcade_rl.errors import ContractError

if TYPE_CHECKING:
    from gymnasium import spaces

Ask: TypeAlias = Callable[[Observations, npt.NDArray[np.bool_] | None], Any]
"""Gives the action of the other seat, from what that seat sees and which actions it may choose; None
allows all."""


@dataclass(frozen=True, slots=True)
class Use:
    """What an episode is opened for."""

    purpose: Purpose
    """Whose rules are played. Only training looks at `Step.cut`."""
    draws: bool = False
    """Whether `frames` is asked for, which only a screen does."""
    sounds: bool = False
    """Whether `sound` is asked for."""


class Step(NamedTuple):
    """What one step brought."""

    observation: Observations
    """What the agent sees after the step: an array in the shape of the observation space, or a dict of
    such. Its numbers are cast to the dtype of the space."""
    reward: float = 0.0
    """The game's own reward, unshaped and unclipped."""
    terms: Mapping[str, float] = MappingProxyType({})
    """The value of each of `Declaration.terms` in this step, by name."""
    metrics: Mapping[str, float] = MappingProxyType({})
    """The value of each of `Declaration.metrics` now, by name."""
    terminated: bool = False
    """Whether the episode ended by the game's rules."""
    truncated: bool = False
    """Whether a limit ended the episode."""
    cut: bool = False
    """Whether the learner must not look past this step although the game goes on, as after a lost life.
    Evaluation does not look at this field."""


class Episode(ABC):
    """A machine that plays one episode after another. It never begins an episode by itself."""

    observation_space: spaces.Space[Any]
    """Space of one observation; where `Declaration.frame_stack` is above 1, of one frame."""
    action_space: spaces.Space[Any]
    stage: int = 0
    """Number of the stage that the next episode is played in. The core sets this field before `begin`."""
    company: Ask | None = None
    """Whoever answers on the other seat. The core sets this field in a game of two seats."""

    @abstractmethod
    def begin(self, seed: int) -> Observations:
        """Begin the episode of this seed, from which everything random follows, whatever was played
        before. Returns the first observation."""

    @abstractmethod
    def play(self, action: Any) -> Step:
        """Play one step. A `Discrete` action is an int, any other an array in the shape of its space."""

    @abstractmethod
    def frames(self) -> Sequence[Frame]:
        """The pictures of the last `play`, oldest first; after `begin`, the first picture. They must not
        be drawn into again."""

    def sound(self) -> npt.NDArray[np.int16]:
        """The sound of the last `play`, for a game with `Declaration.sound_rate`. (samples, channels)."""
        raise NotImplementedError(f"{type(self).__name__} has no sound")

    def masks(self) -> npt.NDArray[np.bool_]:
        """Which actions are allowed now, for `Declaration.masks`. (actions,), bool."""
        raise NotImplementedError(f"{type(self).__name__} has no masks")

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        """Everything that later steps depend on, for `Declaration.saved_state` and `keyframes`: arrays by
        name, of the same shapes and dtypes at every moment."""
        raise NotImplementedError(f"{type(self).__name__} cannot be saved")

    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from what `save` gave."""
        raise NotImplementedError(f"{type(self).__name__} cannot be restored")

    def close(self) -> None:  # noqa: B027 - most machines hold nothing
        """Free what the machine holds."""

    def ask(self, observation: Observations, masks: npt.NDArray[np.bool_] | None = None) -> Any:
        """The action of the other seat, from what that seat sees, in a game of two seats. To be called
        in `play`, as often as the game wants."""
        if self.company is None:
            raise ContractError(
                f"{type(self).__name__} asks an opponent, and has one seat; expected two in Declaration.seats"
            )
        return self.company(observation, masks)
