"""Says in a corner of the picture what the colours are."""

from __future__ import annotations

import cv2
import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl_go2.marks import COMMAND_COLOUR, CONTACT_COLOUR, VELOCITY_COLOUR, Colour

FACE = cv2.FontFace("sans")
ENTRIES: tuple[tuple[str, Colour], ...] = (
    ("command", COMMAND_COLOUR),
    ("velocity", VELOCITY_COLOUR),
    ("foot on the ground", CONTACT_COLOUR),
)
SIZE = 0.026
"""Size of the text, part of the picture's height."""
SMALLEST = 10
"""Smallest size of the text, pixel."""
INK, PLATE, OPACITY = (244, 246, 248), (24, 30, 38), 0.42


class Legend:
    """Made once for pictures of one height."""

    def __init__(self, height: int) -> None:
        size = max(round(height * SIZE), SMALLEST)
        self._margin, gap = round(size * 1.1), round(size * 0.6)
        spans = [int(cv2.getTextSize((0, 0), text, (0, 0), FACE, size)[2]) for text, _ in ENTRIES]
        width = sum(spans) + len(ENTRIES) * (size + gap) + (len(ENTRIES) + 1) * gap
        plate = np.full((size * 2, width, 3), PLATE, np.uint8)
        across, middle = gap, size
        for (text, colour), span in zip(ENTRIES, spans, strict=True):
            shade = tuple(round(255 * part) for part in colour)
            centre = across + size // 2, middle
            cv2.circle(plate, centre, round(size * 0.38), shade, -1, cv2.LINE_AA)
            across += size + gap // 2
            cv2.putText(plate, text, (across, middle + round(size * 0.34)), INK, FACE, size)
            across += span + gap + gap // 2
        is_plate = (plate == PLATE).all(axis=2, keepdims=True)
        part = np.where(is_plate, OPACITY, 1.0)
        self._added, self._left = plate * part, 1 - part

    def draw(self, frame: Frame) -> None:
        """Into the lower left corner, where the picture has room."""
        height, width = self._added.shape[:2]
        bottom, left = frame.shape[0] - self._margin, self._margin
        if bottom >= height and left + width <= frame.shape[1]:
            corner = frame[bottom - height : bottom, left : left + width]
            corner[:] = np.round(corner * self._left + self._added)
