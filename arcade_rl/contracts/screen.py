"""What shows one episode of the vectorised environment again, with pictures and sound."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts.arrays import Array, Frame


@dataclass(frozen=True, slots=True)
class ScreenStep:
    """What people see and hear of one step of one episode."""

    frames: Sequence[Frame]
    """Every emulator or physics frame of the step, oldest first. They stay as they are: a screen does
    not draw into them again."""
    reward: float
    """Raw game reward of the step; equals the one that the vectorised environment gave."""
    ended: bool
    """Whether the episode ended, by the rules or by a limit."""
    sound: npt.NDArray[np.int16] | None = None
    """Sound of the step at `Declaration.sound_rate`, where it was asked for. (samples, channels)."""


@dataclass(frozen=True, slots=True)
class Instruments:
    """What the instruments of a game show after one step."""

    tracks: npt.NDArray[np.bool_]
    """For each of `Declaration.tracks`. (tracks,)"""
    values: npt.NDArray[np.float32]
    """For each of `Declaration.gauges`, in its unit. (gauges,)"""
    targets: npt.NDArray[np.float32]
    """What each is set to. (gauges,)"""


class Screen(ABC):
    """Plays one episode again. What a game does not declare keeps its default here."""

    @abstractmethod
    def reset(self, seed: int) -> Frame:
        """Start the episode with this seed and return its first frame. The screen of a game that cannot
        be re-run exactly shows as much of the start as the seed tells."""

    @abstractmethod
    def step(self, action: Array, replies: Array | None = None) -> ScreenStep:
        """Apply one action: an integer, or (dimensions,) float32. `replies`: what opponents answered in
        the step, in a game of more than one seat. (R,) integer, or (R, dimensions) float32."""

    @abstractmethod
    def close(self) -> None:
        """Free what the screen holds."""

    def set_stage(self, stage: int) -> None:  # noqa: B027 - a game without a curriculum has nothing to do
        """Play episodes that start from now on in stage number `stage` of `Declaration.stages`: an episode
        is played in the stage that it started in."""

    def save(self) -> object:
        """Where the episode is now, for `Declaration.keyframes`. It stays with this screen."""
        raise NotImplementedError(f"{type(self).__name__} cannot be saved")

    def restore(self, state: object) -> None:
        """Go on from there. What a state leaves out is found by comparing pictures, and costs time."""
        raise NotImplementedError(f"{type(self).__name__} cannot be restored")

    def show(self, state: npt.NDArray[Any]) -> Sequence[Frame]:
        """The frames of a step that led to this row of `StepBatch.states`, whatever was shown before, for
        `Declaration.replay` "states". A sequence may draw each when it is looked at: a film of fewer
        frames a second leaves some out."""
        raise NotImplementedError(f"{type(self).__name__} shows no states")

    def view(self, camera: str | None, size: tuple[int, int] | None) -> None:
        """Draw from this one of `Declaration.cameras` from now on, in pictures of (width, height) pixels.
        None: as before, which at first is as the options say, and as large as `Declaration.frame_size`."""
        raise NotImplementedError(f"{type(self).__name__} has no cameras")

    def instruments(self, state: npt.NDArray[Any], actions: npt.NDArray[np.generic]) -> Instruments:
        """What `Declaration.tracks` and `Declaration.gauges` show after the step that led to this row of
        `StepBatch.states`. `actions` are those of the episode up to this step, the step's own last.
        (1 or more, dimensions)"""
        raise NotImplementedError(f"{type(self).__name__} has no instruments")
