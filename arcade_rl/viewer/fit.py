"""Where the picture goes in a window of any size."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.overlay.layout import (
    SMALLEST,
    SMALLEST_SQUARE,
    SMALLEST_TALL,
    SMALLEST_WIDE,
    Detail,
    Rect,
    has_room,
)

WIDEST, SQUAREST, TALLEST = 3.0, 1.25, 1 / 1.5
"""Widths over heights that a picture with panels may have: from `SQUAREST` to `WIDEST` with panels
beside the game, up to `TALLEST` with panels below, and between these limits where it is large."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture is put into a room."""

    drawn: tuple[int, int]
    """(width, height) that the picture is drawn at, pixel."""
    box: Rect
    """Where the picture is shown; smaller than `drawn` in a room that is too small for the picture."""


def fit(room: Rect, detail: Detail) -> Fit:
    """The largest picture of this detail in a room, with bars at the sides or above and below where
    the room has a shape that the picture cannot have."""
    size = (room.width, room.height)
    if has_room(size, detail):
        return Fit(size, room)
    drawn = _nearest(size, detail)
    part = min(room.width / drawn[0], room.height / drawn[1], 1.0)
    shown = max(1, int(drawn[0] * part)), max(1, int(drawn[1] * part))
    return Fit(drawn, room.centred(*shown))


def put(picture: Frame, where: Fit, into: Frame) -> None:
    """Copy a picture that was drawn at `where.drawn` to its place."""
    target = into[where.box.region]
    if target.shape == picture.shape:
        np.copyto(target, picture)
    else:
        size = (where.box.width, where.box.height)
        target[:] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _nearest(size: tuple[int, int], detail: Detail) -> tuple[int, int]:
    """A size that this detail can be drawn at: inside the room if the room is large enough."""
    if detail != "full":
        return max(size[0], SMALLEST[0]), max(size[1], SMALLEST[1])
    wide = _shaped(size, SQUAREST, WIDEST, SMALLEST_WIDE)
    tall = _shaped(size, 0.3, TALLEST, SMALLEST_TALL)
    square = _shaped(size, TALLEST, SQUAREST, (SMALLEST_SQUARE, SMALLEST_SQUARE))
    return max((wide, tall, square), key=lambda drawn: _shown_area(drawn, size))


def _shaped(
    size: tuple[int, int], least: float, most: float, smallest: tuple[int, int]
) -> tuple[int, int]:
    """The size with the room's shape, as far as its width over height may be so, that fills the room,
    or is larger where the room is too small for the least picture, which is `smallest`."""
    width, height = min(size[0], int(size[1] * most)), min(size[1], int(size[0] / least))
    times = max(smallest[0] / width, smallest[1] / height, 1.0)
    found = ceil(width * times), ceil(height * times)
    return found if has_room(found, "full") else smallest


def _shown_area(drawn: tuple[int, int], room: tuple[int, int]) -> float:
    part = min(room[0] / drawn[0], room[1] / drawn[1], 1.0)
    return drawn[0] * drawn[1] * part * part
