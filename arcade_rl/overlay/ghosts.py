"""Several episodes in one picture: what most of them show, and where one differs, its own colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Frame
from arcade_rl.overlay.canvas import Canvas, Label, Style, fill
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import Theme
from arcade_rl.overlay.wall import GAP, WallTile, show_first, show_frame

DIFFERENCE = 24
"""Difference of a pixel from the median picture from which on the pixel is an episode's own."""
TINT = 0.75
"""Part of a pixel's colour that comes from the episode's colour."""
TOUCH = 0.3
"""Part of an episode's colour in what it lacks and others have: a thing that is elsewhere, or gone."""
MOST_OWN = 0.35
"""Part of the pixels that may be some episode's own, so that one picture still tells something."""
LEGEND = 0.24
"""Part of the picture's width that the names take."""
LINE = 26
"""Greatest height of a line with a name, pixel."""
LEAST_LINE = 8
"""Least height of such a line, pixel."""


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


def laid_over(
    frames: Sequence[Frame], colours: Sequence[tuple[int, int, int]], front: int = 0
) -> Frame:
    """The median picture, in which what is an episode's own has the episode's colour. Where several
    episodes have something, the one at `front` lies before the others, and then those that come first.
    What only the others have stays, with a touch of the colour. (height, width, 3), uint8."""
    median, own = own_pixels(frames)
    usual, picture = _usual_colour(median), median.copy()
    order, has_less = (*reversed(range(len(frames))), front), []
    for frame, differs in zip(frames, own, strict=True):
        is_less = np.zeros_like(differs)
        is_less[differs] = _distance(frame[differs], usual) < _distance(median[differs], usual)
        has_less.append(is_less)
    for place in order:
        _tint(picture, median, has_less[place], colours[place], TOUCH)
    for place in order:
        _tint(picture, frames[place], own[place] & ~has_less[place], colours[place], TINT)
    return picture


def _tint(
    picture: Frame,
    frame: Frame,
    where: npt.NDArray[np.bool_],
    colour: tuple[int, int, int],
    part: float,
) -> None:
    picture[where] = frame[where] * (1 - part) + np.array(colour, np.float32) * part


def _usual_colour(picture: Frame) -> npt.NDArray[np.int16]:
    """The commonest colour, nearly: most games have a background of one colour. (3,), int16."""
    red, green, blue = (picture >> 3).astype(np.int32).transpose(2, 0, 1)
    commonest = int(np.bincount((red << 10 | green << 5 | blue).ravel()).argmax())
    fives = np.array([commonest >> 10, commonest >> 5 & 31, commonest & 31])
    return (fives << 3 | 4).astype(np.int16)


def _distance(pixels: Frame, colour: npt.NDArray[np.int16]) -> npt.NDArray[np.int64]:
    """How far pixels are from a colour. (pixels,), int64."""
    found: npt.NDArray[np.int64] = np.abs(pixels.astype(np.int16) - colour).sum(axis=1)
    return found


class GhostPicture:
    """Draws ghosts in one size."""

    def __init__(self, size: tuple[int, int], theme: Theme, tiles: Sequence[WallTile]) -> None:
        self._theme = theme
        self._canvas = canvas = Canvas(size, Style(theme, 1.0))
        wide = int(LEGEND * size[0])
        self._stage = Rect(0, 0, size[0] - wide, size[1])
        side = self._stage.right + GAP
        line = min(LINE, max((size[1] - 2 * GAP) // (2 * max(len(tiles), 1)), LEAST_LINE))
        self.boxes = [
            Rect(side, GAP + k * 2 * line, max(wide - 2 * GAP, 1), 2 * line) for k in range(len(tiles))
        ]  # fmt: skip
        """Where the name of each episode is."""
        font = canvas.style.font(16 * line / LINE)
        self._names, self._remarks = [], []
        for place, box in enumerate(self.boxes):
            words, swatch = box.beside(line), line * 16 // LINE
            fill(canvas.ground, Rect(box.x, box.y + line // 5, swatch, swatch), self.colour(place))
            self._names.append(Label(canvas, words.top(line), font, theme.text))
            self._remarks.append(Label(canvas, words.below(line), font, theme.dim))
        canvas.begin()

    def colour(self, place: int) -> tuple[int, int, int]:
        """Colour of an episode."""
        return self._theme.terms[place % len(self._theme.terms)]

    def draw(self, tiles: Sequence[WallTile], chosen: int) -> Frame:
        """The picture of a moment, with the chosen episode before the others. An episode that is over
        is not in it any more. (height, width, 3), uint8, RGB; the next call draws into the same
        array."""
        pixels = self._canvas.pixels
        playing = [place for place, tile in enumerate(tiles) if _is_playing(tile)]
        frames = _playing(tiles)
        if frames:
            front = playing.index(chosen) if chosen in playing else 0
            picture = laid_over(frames, [self.colour(place) for place in playing], front)
            whole = WallTile("", "", picture, tiles[playing[0]].pixel_aspect, is_over=False)
            show_frame(pixels, self._stage, whole, self._theme)
        for place, (tile, box) in enumerate(zip(tiles, self.boxes, strict=True)):
            mark = Rect(box.x - 6, box.y, 3, box.height - 4)
            fill(pixels, mark, self._theme.accent if place == chosen else self._theme.canvas)
            show_first(self._names[place], tile.names)
            show_first(self._remarks[place], tile.sayings)
        return pixels


def _is_playing(tile: WallTile) -> bool:
    return tile.frame is not None and not tile.is_over


def _playing(tiles: Sequence[WallTile]) -> list[Frame]:
    """The frames of the episodes that are not over."""
    return [tile.frame for tile in tiles if tile.frame is not None and not tile.is_over]
