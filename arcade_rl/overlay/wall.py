"""Several episodes beside each other: a grid of small pictures, each with its name and score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, Label, Style, fill
from arcade_rl.overlay.game import scale, scaling
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import Theme

LINE = 20
"""Height of the line of words below a tile's picture, pixel."""
GAP = 8
"""Gap around a tile, pixel."""
EDGE = 3
"""Width of the frame around the chosen tile, pixel."""


@dataclass(frozen=True, slots=True)
class WallTile:
    """One of the episodes as it is drawn."""

    name: str
    remark: str
    """The score, or why there is no picture."""
    frame: Frame | None
    """The frame on show, (height, width, 3), uint8, RGB; None where there is none."""
    pixel_aspect: Fraction
    """Width of the frame's pixels over their height."""
    is_over: bool
    """Whether the episode is over."""
    short: str = ""
    """The remark where there is little room, such as a score without the metric's name; "" for the same
    remark."""

    @property
    def names(self) -> tuple[str, ...]:
        """The name, and what stands for it where there is little room: its last word, a number."""
        return self.name, self.name.rpartition(" ")[2]

    @property
    def sayings(self) -> tuple[str, ...]:
        """The remark, and whether the episode is over, in fewer and fewer words."""
        over = ", over" if self.is_over and self.frame is not None else ""
        short = self.short or self.remark
        return self.remark + over, short + over, short

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of the frame; None where there is none."""
        return None if self.frame is None else self.frame.shape


class WallPicture:
    """Draws walls of one size, with a number of tiles."""

    def __init__(self, size: tuple[int, int], theme: Theme, tiles: Sequence[WallTile]) -> None:
        self._theme = theme
        self._canvas = canvas = Canvas(size, Style(theme, 1.0))
        self.boxes = _boxes(size, tiles)
        """Where each tile is, its words included."""
        font = canvas.style.font(15)
        self._names, self._remarks = [], []
        for box in self.boxes:
            words = box.below(_height_above(box))
            half = words.width // 2
            self._names.append(Label(canvas, words.left(half), font, theme.text))
            self._remarks.append(Label(canvas, words.beside(half), font, theme.dim, "right"))
        canvas.begin()

    def draw(self, tiles: Sequence[WallTile], chosen: int) -> Frame:
        """The wall at a moment. (height, width, 3), uint8, RGB; the next call draws into the same
        array."""
        canvas, theme = self._canvas, self._theme
        for place, (tile, box) in enumerate(zip(tiles, self.boxes, strict=True)):
            around = box.inset(-EDGE, -EDGE)
            colour = theme.accent if place == chosen else theme.canvas
            below, right = around.below(around.height - EDGE), around.beside(around.width - EDGE)
            for edge in (around.top(EDGE), around.left(EDGE), below, right):
                fill(canvas.pixels, edge, colour)
            show_frame(canvas.pixels, box.top(_height_above(box)), tile, theme)
            show_first(self._names[place], tile.names)
            show_first(self._remarks[place], tile.sayings)
        return canvas.pixels


def show_first(label: Label, wordings: tuple[str, ...]) -> None:
    """Show the first wording that has room."""
    label.show(texts.first_fitting(wordings, label.font, label.box.width))


def show_frame(pixels: Frame, room: Rect, tile: WallTile, theme: Theme) -> None:
    """Draw the frame of a tile as large as the room allows, in its middle."""
    fill(pixels, room, theme.stage)
    if tile.frame is None:
        return
    how = scaling(tile.frame.shape[1::-1], tile.pixel_aspect, (room.width, room.height))
    box = room.centred(*how.size)
    scale(tile.frame, how, pixels[box.region])
    if tile.is_over:
        np.right_shift(pixels[box.region], 1, out=pixels[box.region])


def _height_above(box: Rect) -> int:
    """Height of the picture above a tile's line of words, pixel."""
    return max(box.height - LINE, 1)


def _boxes(size: tuple[int, int], tiles: Sequence[WallTile]) -> list[Rect]:
    """The grid in which the pictures are largest."""
    if not tiles:
        return []
    known = next((tile for tile in tiles if tile.frame is not None), None)
    shape = Fraction(4, 3)
    if known is not None and known.frame is not None:
        shape = Fraction(known.frame.shape[1], known.frame.shape[0]) * known.pixel_aspect
    count = len(tiles)
    best = max(range(1, count + 1), key=lambda columns: _height(size, count, columns, shape))
    wide, high = _cell(size, count, best)
    cells = [Rect(k % best * wide, k // best * high, wide, high) for k in range(len(tiles))]
    return [cell.inset(GAP, GAP) for cell in cells]


def _cell(size: tuple[int, int], count: int, columns: int) -> tuple[int, int]:
    return size[0] // columns, size[1] // -(-count // columns)


def _height(size: tuple[int, int], count: int, columns: int, shape: Fraction) -> float:
    """Height of each picture where there are so many columns, pixel."""
    wide, high = _cell(size, count, columns)
    return min(float((wide - 2 * GAP) / shape), high - 2 * GAP - LINE)
