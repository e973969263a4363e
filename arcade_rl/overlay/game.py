"""The game's frame at its own aspect ratio, with sharp pixels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from arcade_rl.contracts import Frame

TOLERANCE = Fraction(3, 100)
"""Largest error of the aspect ratio that is accepted so that columns repeat a whole number of
times."""
FILLED = Fraction(2, 3)
"""Least part of the possible height that a picture with whole repetitions of lines must reach."""
LARGE = Fraction(9, 10)
"""Such a part for pictures in which games are rather large than exact."""
RENDERED = 300
"""Number of lines from which on a frame counts as rendered: there are no pixels to keep sharp, and
the frame is scaled smoothly to fill its room."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """How a frame becomes a picture."""

    size: tuple[int, int]
    """(width, height) of the picture, pixel."""
    across: int
    """Columns that each pixel of a frame is repeated to, before the picture is shrunk by area to
    `size`. 0 for a frame that is scaled smoothly."""
    down: int
    """Lines that each pixel of a frame is repeated to, before the picture is shrunk by area to
    `size`. 0 for a frame that is scaled smoothly."""


def scaling(
    frame: tuple[int, int],
    pixel_aspect: Fraction,
    room: tuple[int, int],
    filled: Fraction = FILLED,
) -> Scaling:
    """The largest scaling of a frame that fits into the room, both (width, height), and repeats the
    frame's lines a whole number of times.

    Where the picture would then be lower than the part `filled` of the possible height, it fills the
    room instead. A frame that is larger than the room, or that has at least `RENDERED` lines, is
    scaled smoothly.
    """
    width, height = frame
    part = min(Fraction(room[0]) / (width * pixel_aspect), Fraction(room[1], height))
    wide, high = max(int(width * pixel_aspect * part), 1), max(int(height * part), 1)
    if part < 1 or height >= RENDERED:
        return Scaling((wide, high), 0, 0)
    for down in range(room[1] // height, 0, -1):
        across, whole = _columns(width, pixel_aspect * down)
        if whole <= room[0] and height * down >= filled * high:
            return Scaling((whole, height * down), across, down)
    return Scaling((wide, high), -(-wide // width), -(-high // height))


def _columns(width: int, exact: Fraction) -> tuple[int, int]:
    """(repetitions of a column, width of the picture) for columns that are `exact` pixels wide."""
    whole = max(1, round(exact))
    if abs(whole / exact - 1) <= TOLERANCE:
        return whole, width * whole
    return -(-exact.numerator // exact.denominator), round(width * exact)


def scale(frame: Frame, how: Scaling, into: Frame) -> None:
    """Draw the frame into `into`, a part of a canvas that is as large as the scaling's size."""
    if not how.across:
        shrinks = frame.shape[0] > into.shape[0]
        cv2.resize(frame, how.size, into, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)  # fmt: skip
        return
    if frame.shape[0] * how.down != how.size[1]:
        large = np.repeat(np.repeat(frame, how.across, axis=1), how.down, axis=0)
        cv2.resize(large, how.size, into, interpolation=cv2.INTER_AREA)
        return
    if frame.shape[1] * how.across != how.size[0]:
        wide = np.repeat(frame, how.across, axis=1)
        frame = cv2.resize(wide, (how.size[0], frame.shape[0]), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    lines = cv2.resize(frame, (how.size[0], frame.shape[0]), interpolation=cv2.INTER_NEAREST)
    for line in range(how.down):
        into[line :: how.down] = lines
