"""The screen, which shows one episode of an environment again, with pictures and sound."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts.arrays import Array, Frame


@dataclass(frozen=True, slots=True)
class ScreenStep:
    """What people see and hear of one step of one episode."""

    frames: Sequence[Frame]
    """Every emulator or physics frame of the step, oldest first. The screen must not draw into
    these frames again."""
    reward: float
    """Raw game reward of the step, equal to the reward that the vectorised environment gave."""
    ended: bool
    """Whether the episode ended, by the rules or by a limit."""
    sound: npt.NDArray[np.int16] | None = None
    """Sound of the step at `Declaration.sound_rate`; None if no sound was asked for. (samples,
    channels), int16."""


@dataclass(frozen=True, slots=True)
class Instruments:
    """What the instruments of a game show after one step."""

    tracks: npt.NDArray[np.bool_]
    """Whether each of `Declaration.tracks` is on. (tracks,), bool."""
    values: npt.NDArray[np.float32]
    """The value of each of `Declaration.gauges`, in the gauge's unit. (gauges,), float32."""
    targets: npt.NDArray[np.float32]
    """The target of each gauge, in the gauge's unit. (gauges,), float32."""


class Screen(ABC):
    """Plays one episode again.

    A game overrides only the optional methods that belong to what it declares.
    """

    @abstractmethod
    def reset(self, seed: int) -> Frame:
        """Start the episode with this seed and return its first frame. In a game that cannot be
        re-run exactly, the frame shows as much of the start as follows from the seed."""

    @abstractmethod
    def step(self, action: Array, replies: Array | None = None) -> ScreenStep:
        """Apply one action: an integer, (choices,) integer, or float32 in the shape of the action
        space. `replies` are what opponents answered in the step, in a game of more than one seat:
        (answers, ...), of the same kind."""

    @abstractmethod
    def close(self) -> None:
        """Free what the screen holds."""

    def set_stage(self, stage: int) -> None:  # noqa: B027 - a game without a curriculum has nothing to do
        """Play episodes that start from now on in stage number `stage` of `Declaration.stages`. An
        open episode stays in the stage that it started in."""

    def save(self) -> object:
        """The present moment of the episode, for `Declaration.keyframes`. Only this screen can
        `restore` the returned state."""
        raise NotImplementedError(f"{type(self).__name__} cannot be saved")

    def restore(self, state: object) -> None:
        """Go on from a state that `save` gave. A replay compares pictures afterwards, so a state
        that leaves something out is noticed and only costs time."""
        raise NotImplementedError(f"{type(self).__name__} cannot be restored")

    def start_state(self) -> Mapping[str, npt.NDArray[Any]]:
        """What an episode needs to begin from the present moment, for `Declaration.start_states`:
        the state of the emulator, without counts of steps and points. Arrays of plain numbers, by
        name, that another process can read."""
        raise NotImplementedError(f"{type(self).__name__} gives no start states")

    def show(self, state: npt.NDArray[Any]) -> Sequence[Frame]:
        """The frames of the step that led to this row of `StepBatch.states`, for
        `Declaration.replay` "states". They do not depend on what was shown before. The sequence may
        draw a frame only when the frame is looked at: a film of fewer frames a second leaves some
        out."""
        raise NotImplementedError(f"{type(self).__name__} shows no states")

    def view(self, camera: str | None, size: tuple[int, int] | None) -> None:
        """Draw from this one of `Declaration.cameras` from now on, in pictures of (width, height)
        pixels. None leaves the camera or the size as it was: at first as the options say, and as
        large as `Declaration.frame_size`."""
        raise NotImplementedError(f"{type(self).__name__} has no cameras")

    def instruments(self, state: npt.NDArray[Any], actions: npt.NDArray[np.generic]) -> Instruments:
        """What `Declaration.tracks` and `Declaration.gauges` show after the step that led to this
        row of `StepBatch.states`. `actions` are the episode's actions so far, the step's own action
        last: (1 or more, ...)."""
        raise NotImplementedError(f"{type(self).__name__} has no instruments")
