"""How a film looks, and which of a game's frames it shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from arcade_rl.overlay.overlay import Detail


@dataclass(frozen=True, slots=True)
class Look:
    """What all clips of a film share."""

    size: tuple[int, int]
    """(width, height), pixel."""
    suffix: str
    """Of the file: ".mp4", ".gif" or ".webp"."""
    crf: int
    """Constant rate factor of x264: lower is better and larger."""
    encoding: str
    """Speed preset of x264."""
    detail: Detail
    theme: str
    signs: str
    """Colours of positive and negative numbers."""
    rate: Fraction | None
    """Frames per second of the film; None for the game's own."""
    speed: Fraction
    """Seconds of the game in a second of the film."""

    def has_sound(self) -> bool:
        """Whether the game's sound fits: only at its own speed, and where the file can hold it."""
        return self.speed == 1 and self.suffix == ".mp4"


class Timing:
    """Which frames of a game a film shows: all, some, or some more than once."""

    def __init__(self, native: Fraction, look: Look) -> None:
        """`native`: the game's frames per second."""
        self.rate = look.rate or native
        """Frames per second of the film."""
        self._shown = self.rate / (native * look.speed)

    def count(self, frame: int) -> int:
        """How many frames of the film show the game's frame number `frame`, from 0."""
        return math.ceil((frame + 1) * self._shown) - math.ceil(frame * self._shown)

    def frame_at(self, shown: int) -> int:
        """The game's frame, from 0, that the film's frame number `shown` shows."""
        return math.floor(shown / self._shown)

    def frames(self, seconds: Fraction) -> int:
        """Frames of the film that last so long."""
        return round(seconds * self.rate)


Pace = Literal["step", "own"]
"""Of several panes: in step, decision by decision, or each at its game's own rate."""
