"""Several episodes in one picture: what most of them show, and where one differs, its own colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Frame
from arcade_rl.overlay.canvas import Canvas, Label, Style, fill
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import Theme
from arcade_rl.overlay.wall import GAP, WallTile, show_frame

DIFFERENCE = 24
"""Difference of a pixel from the median picture from which on the pixel is an episode's own."""
TINT = 0.75
"""Part of a pixel's colour that comes from the episode's colour."""
MOST_OWN = 0.35
"""Part of the pixels that may be some episode's own, so that one picture still tells something."""
LEGEND = 0.24
"""Part of the picture's width that the names take."""
LINE = 26
"""Height of a line with a name, pixel."""


def differ_too_much(tiles: Sequence[WallTile]) -> bool:
    """Whether the episodes cannot be laid over each other: their pictures have different sizes, or
    most of them is different, as where a camera goes along."""
    frames = _playing(tiles)
    if len({frame.shape for frame in frames}) > 1:
        return True
    if len(frames) < 2:
        return False
    return bool(own_pixels(frames)[1].any(0).mean() > MOST_OWN)


def own_pixels(frames: Sequence[Frame]) -> tuple[Frame, npt.NDArray[np.bool_]]:
    """The median picture, and where each frame differs from it. (height, width, 3), uint8, and
    (frames, height, width), bool."""
    stack = np.stack(frames)
    middle = (len(frames) - 1) // 2  # the lower of two: it is a picture that one of them shows
    median: Frame = np.partition(stack, middle, axis=0)[middle]
    apart = np.maximum(stack, median) - np.minimum(stack, median)
    return median, apart.max(axis=3) > DIFFERENCE


def laid_over(frames: Sequence[Frame], colours: Sequence[tuple[int, int, int]]) -> Frame:
    """The median picture, in which the pixels that are an episode's own have the episode's colour;
    where several episodes have such a pixel, the mean of theirs. (height, width, 3), uint8."""
    median, own = own_pixels(frames)
    total = np.zeros(median.shape, np.float32)
    for frame, is_own, colour in zip(frames, own, colours, strict=True):
        tinted = frame[is_own] * (1 - TINT) + np.array(colour, np.float32) * TINT
        total[is_own] += tinted
    count = own.sum(0)
    some = count > 0
    picture = median.copy()
    picture[some] = total[some] / count[some][:, None]
    return picture


class GhostPicture:
    """Draws ghosts in one size."""

    def __init__(self, size: tuple[int, int], theme: Theme, tiles: Sequence[WallTile]) -> None:
        self._theme = theme
        self._canvas = canvas = Canvas(size, Style(theme, 1.0))
        wide = int(LEGEND * size[0])
        self._stage = Rect(0, 0, size[0] - wide, size[1])
        side = self._stage.right + GAP
        self.boxes = [
            Rect(side, GAP + k * 2 * LINE, max(wide - 2 * GAP, 1), 2 * LINE) for k in range(len(tiles))
        ]  # fmt: skip
        """Where the name of each episode is."""
        font = canvas.style.font(16)
        self._names, self._remarks = [], []
        for place, box in enumerate(self.boxes):
            words = box.beside(LINE)
            fill(canvas.ground, Rect(box.x, box.y + 5, 16, 16), self.colour(place))
            self._names.append(Label(canvas, words.top(LINE), font, theme.text))
            self._remarks.append(Label(canvas, words.below(LINE), font, theme.dim))
        canvas.begin()

    def colour(self, place: int) -> tuple[int, int, int]:
        """Colour of an episode."""
        return self._theme.terms[place % len(self._theme.terms)]

    def draw(self, tiles: Sequence[WallTile], chosen: int) -> Frame:
        """The picture of a moment. An episode that is over is not in it any more. (height, width,
        3), uint8, RGB; the next call draws into the same array."""
        pixels = self._canvas.pixels
        playing = [place for place, tile in enumerate(tiles) if _is_playing(tile)]
        frames = _playing(tiles)
        if frames:
            picture = laid_over(frames, [self.colour(place) for place in playing])
            whole = WallTile("", "", picture, tiles[playing[0]].pixel_aspect, is_over=False)
            show_frame(pixels, self._stage, whole, self._theme)
        for place, (tile, box) in enumerate(zip(tiles, self.boxes, strict=True)):
            mark = Rect(box.x - 6, box.y, 3, box.height - 4)
            fill(pixels, mark, self._theme.accent if place == chosen else self._theme.canvas)
            self._names[place].show(tile.name)
            self._remarks[place].show(tile.said)
        return pixels


def _is_playing(tile: WallTile) -> bool:
    return tile.frame is not None and not tile.is_over


def _playing(tiles: Sequence[WallTile]) -> list[Frame]:
    """The frames of the episodes that are not over."""
    return [tile.frame for tile in tiles if tile.frame is not None and not tile.is_over]
