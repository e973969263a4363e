"""The game's frame at its own aspect ratio, with sharp pixels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from arcade_rl.contracts import Frame

TOLERANCE = Fraction(3, 100)
"""How far the aspect ratio may be off for the sake of whole numbers."""
RENDERED = 300
"""Lines from which on a frame has no pixels to keep: it is scaled smoothly to fill its room."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """How a frame becomes a picture."""

    size: tuple[int, int]
    """(width, height) of the picture, pixel."""
    across: int
    """Columns that a frame's pixel is repeated to; the picture's width is then shrunk by area where
    that is not a whole number. 0 for a frame that is scaled smoothly."""
    down: int
    """Lines that a frame's pixel is repeated to."""


def scaling(frame: tuple[int, int], pixel_aspect: Fraction, room: tuple[int, int]) -> Scaling:
    """The largest scaling of a frame that fits into the room, both (width, height). A frame that
    does not fit as it is, or that has at least `RENDERED` lines, is scaled smoothly."""
    width, height = frame
    for down in range(room[1] // height, 0, -1):
        across, wide = _columns(width, pixel_aspect * down)
        if wide <= room[0] and height < RENDERED:
            return Scaling((wide, height * down), across, down)
    part = min(Fraction(room[0]) / (width * pixel_aspect), Fraction(room[1], height))
    wide, high = int(width * pixel_aspect * part), int(height * part)
    return Scaling((max(wide, 1), max(high, 1)), 0, 0)


def _columns(width: int, exact: Fraction) -> tuple[int, int]:
    """Repetitions of a column, and the width of the picture."""
    whole = max(1, round(exact))
    if abs(whole / exact - 1) <= TOLERANCE:
        return whole, width * whole
    return -(-exact.numerator // exact.denominator), round(width * exact)


def scale(frame: Frame, how: Scaling, into: Frame) -> None:
    """Draw the frame into a part of a canvas that is as large as the scaling's size."""
    if not how.across:
        shrinks = frame.shape[0] > into.shape[0]
        cv2.resize(frame, how.size, into, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)  # fmt: skip
        return
    if frame.shape[1] * how.across != how.size[0]:
        wide = np.repeat(frame, how.across, axis=1)
        frame = cv2.resize(wide, (how.size[0], frame.shape[0]), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    lines = cv2.resize(frame, (how.size[0], frame.shape[0]), interpolation=cv2.INTER_NEAREST)
    for line in range(how.down):
        into[line :: how.down] = lines
