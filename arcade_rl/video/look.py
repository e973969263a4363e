"""How a film looks, and which of a game's frames it shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeAlias

from arcade_rl.contracts import Declaration
from arcade_rl.overlay.layout import Detail
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.theme import theme
from arcade_rl.video.film import open_film
from arcade_rl.video.formats import FilmFormat
from arcade_rl.video.writer import FilmWriter

Pace: TypeAlias = Literal["step", "own"]
"""Of several panes: decision by decision, or each at its game's own rate."""


@dataclass(frozen=True, slots=True)
class Look:
    """What all clips of a film share."""

    size: tuple[int, int]
    """(width, height), pixel."""
    format: FilmFormat
    crf: int | None
    """Constant rate factor of x264: lower is better and larger. None where the format has none."""
    x264_preset: str | None
    detail: Detail
    theme: str
    signs: str
    """Colours of positive and negative numbers."""
    rate: Fraction | None
    """Frames per second of the film; None for the game's own."""
    speed: Fraction
    """Seconds of the game in a second of the film."""
    camera: str | None = None
    """That the game is seen from; None for its usual one, or where it has none."""
    threads: int = 0
    """Of the encoder; 0 for as many as there are cores."""

    @property
    def needs_policy(self) -> bool:
        """Whether it draws what a policy does."""
        return self.detail == "full"

    @property
    def has_sound(self) -> bool:
        """Whether the game's sound fits: only at its own speed, and where a file can hold it."""
        return self.speed == 1 and self.format.has_sound

    def overlay(self, size: tuple[int, int] | None = None) -> Overlay:
        """What draws it, in another size than the film's where one is given."""
        return Overlay(size or self.size, theme(self.theme, self.signs), self.detail)

    def open(self, path: Path, native: Fraction, declaration: Declaration | None) -> FilmWriter:
        """Open a film of a game of so many frames per second; with the sound of `declaration` where
        it is given and has any."""
        has_sound = declaration is not None and self.has_sound and declaration.sound_rate > 0
        return open_film(
            path,
            self.size,
            self.rate or native,
            crf=self.crf,
            x264_preset=self.x264_preset,
            sound_rate=declaration.sound_rate if declaration and has_sound else 0,
            channels=declaration.sound_channels if declaration and has_sound else 0,
            threads=self.threads,
        )


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

    def frames(self, seconds: Fraction) -> int:
        """Frames of the film that last so long."""
        return round(seconds * self.rate)
