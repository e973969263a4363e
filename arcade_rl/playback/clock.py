"""Which frames of a game are due: in real time, or in a film with another frame rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Generic, TypeVar

T = TypeVar("T")


class Clock(Generic[T]):
    """Lets frames become due as time passes, at some speed. The clock stands still until `play`."""

    def __init__(self, frame_rate: Fraction, advance: Callable[[], Sequence[T]]) -> None:
        """`frame_rate`: the game's frames per second. `advance`: a function that goes on by a step
        and returns the frames of that step, none at the end."""
        self.is_playing = False
        self.speed = 1.0
        """Seconds of the game that pass in a second of real time."""
        self._frame_rate = float(frame_rate)
        self._advance = advance
        self._due = 0.0
        """Number of frames that are due and not given yet; a fraction where less than a whole one
        is due."""
        self._waiting: list[T] = []
        """Frames of the step that was begun last which are not due yet."""

    @property
    def wait(self) -> float:
        """Seconds until the next frame is due, if time passes at the present speed; 0 or less where
        one is due already."""
        return (1 - self._due) / (self.speed * self._frame_rate)

    @property
    def lag(self) -> float:
        """Seconds since the frame that was given last became due."""
        return self._due / (self.speed * self._frame_rate)

    def play(self, speed: float = 1.0) -> None:
        """Let time pass, at this speed. ValueError if `speed` is not above 0."""
        if not speed > 0:
            raise ValueError(f"speed is {speed}; expected a number above 0")
        self.is_playing, self.speed = True, speed

    def pause(self) -> None:
        """Let no time pass."""
        self.is_playing = False

    def forget(self) -> None:
        """Drop the frames that wait, because somebody went to another step."""
        self._waiting.clear()

    def tick(self, seconds: float) -> list[T]:
        """The frames that become due in this many seconds; none while paused. The clock pauses at
        the end of the episode, and where `advance` raises an error."""
        if not self.is_playing:
            return []
        self._due += seconds * self.speed * self._frame_rate
        fallen: list[T] = []
        while self._due >= 1 and self._has_frame():
            fallen.append(self._waiting.pop(0))
            self._due -= 1
        return fallen

    def _has_frame(self) -> bool:
        """Whether a frame waits. Where none does, the next step is begun first."""
        if not self._waiting:
            self.is_playing = False
            # The clock is paused meanwhile, and stays so if `advance` raises an error.
            self._waiting = list(self._advance())
            self.is_playing = bool(self._waiting)
        if not self._waiting:
            self._due = 0.0
        return bool(self._waiting)


class Timing:
    """Which frames of a game a film shows: all, some, or some more than once."""

    def __init__(self, native: Fraction, rate: Fraction | None, speed: Fraction) -> None:
        """`native`: the game's frames per second. `rate`: the film's frames per second, None for
        those of the game. `speed`: seconds of the game in a second of the film."""
        self.rate = rate or native
        """Frames per second of the film."""
        self._shown = self.rate / (native * speed)

    def count(self, frame: int) -> int:
        """How many frames of the film show the game's frame number `frame`, from 0."""
        return math.ceil((frame + 1) * self._shown) - math.ceil(frame * self._shown)

    def frames(self, seconds: Fraction) -> int:
        """Number of frames of the film that last this many seconds."""
        return round(seconds * self.rate)
