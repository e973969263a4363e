"""A picture in the making: the parts that never change are drawn once, into a ground, and the parts
that change are drawn over that ground for every scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Frame
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.text import Font, Kind
from arcade_rl.overlay.theme import Colour, Theme

Align: TypeAlias = Literal["left", "centre", "right"]

Mark: TypeAlias = Callable[[Frame, Rect], None]
"""A function that draws a small mark into a square of a picture."""

SHIFT = 4
"""Binary digits after the point of the coordinates that smooth shapes are drawn at."""
HALF = 1 << SHIFT - 1
"""Half a pixel in the coordinates of smooth shapes, which count from the middle of the first
pixel."""


class PlacedText(NamedTuple):
    """A text and the place where it was drawn."""

    text: str
    """The text as it was given."""
    drawn: str
    """The text as it was drawn, cut where it had no room."""
    box: Rect
    """Room that the text had to fit into."""
    ink: Rect
    """Area that the letters cover, from the top of capitals to the foot of letters such as g."""


DEPTH = 0.28
"""How far letters reach below their line, as a part of their font's size."""


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes of texts and gaps for one size of canvas."""

    theme: Theme
    unit: float
    """Size of texts and gaps, relative to their size at 1920x1080."""
    smallest: int = 0
    """Smallest size of a font, pixel, in a picture that is looked at on a phone; 0 for any other
    picture."""

    @property
    def is_for_phone(self) -> bool:
        """Whether texts must be readable on a phone: few and large."""
        return self.smallest > 0

    def px(self, length: float) -> int:
        """A length at 1920x1080 as pixels of this canvas, at least one."""
        return max(1, round(length * self.unit))

    def line(self, height: float) -> int:
        """The height of a line of text, given as at 1920x1080, as pixels of this canvas: at least
        that of a line in the smallest font."""
        return max(self.px(height), round(self.smallest * 1.2))

    def font(self, size: float, weight: int = 400) -> Font:
        least = max(texts.SMALLEST, self.smallest)
        return Font(max(10, self.smallest, round(size * self.unit)), weight, least)

    @property
    def heading(self) -> Font:
        return self.font(14.5, 600)

    @property
    def label(self) -> Font:
        return self.font(15.5)

    @property
    def value(self) -> Font:
        return self.font(19, 500)

    def row_font(self, size: float, weight: int, row: int) -> Font:
        """A font for rows that lie close together, each `row` pixels high."""
        font = self.font(size, weight)
        return font._replace(size=max(font.least, min(font.size, int(row * 0.85))))


class Canvas:
    """A picture, and the ground that parts of the picture go back to."""

    def __init__(self, size: tuple[int, int], style: Style) -> None:
        self.style = style
        self.theme = style.theme
        self.ground: Frame = np.empty((size[1], size[0], 3), np.uint8)
        """The parts of the picture that never change. (height, width, 3), uint8, RGB."""
        self.ground[:] = style.theme.canvas
        self.pixels: Frame = self.ground.copy()
        """The picture. (height, width, 3), uint8, RGB."""
        self.placed: dict[Rect, PlacedText] = {}
        """Every text of the picture, by the box that the text was written into."""

    def begin(self) -> None:
        """Show the ground, once all parts that never change are drawn into the ground."""
        np.copyto(self.pixels, self.ground)

    def restore(self, box: Rect) -> None:
        """Show the ground again in this box, and wherever the box's text reached; the text is
        forgotten."""
        placed = self.placed.pop(box, None)
        for part in (box,) if placed is None else (box, placed.ink):
            np.copyto(self.pixels[part.region], self.ground[part.region])

    def clear(self, box: Rect) -> None:
        """Show the ground in this box, without the texts that were written into parts of it."""
        for inner in [it for it in self.placed if _is_within(it, box)]:
            self.restore(inner)
        self.restore(box)

    def write(
        self, text: str, box: Rect, font: Font, colour: Colour, align: Align = "left",
        ground: bool = False, kind: Kind = "words",
    ) -> Rect:  # fmt: skip
        """Write one line of text, half-way down a box, smaller or cut where the text does not fit.
        Returns the area that the letters cover."""
        drawn, font = texts.fit(text, font, box.width, kind)
        wide = texts.width(drawn, font)
        free = {"left": 0, "centre": (box.width - wide) // 2, "right": box.width - wide}
        x, baseline = box.x + free[align], box.y + (box.height + font.capital) // 2
        if drawn:
            texts.draw(self.ground if ground else self.pixels, drawn, x, baseline, font, colour)
        ink = Rect(x, baseline - font.capital, wide, font.capital + round(font.size * DEPTH))
        self.placed[box] = PlacedText(text, drawn, box, ink)
        return ink

    def panel(self, box: Rect, heading: str = "", aside: str = "") -> Rect:
        """Draw a panel into the ground with its heading, and return the room inside."""
        style, theme = self.style, self.theme
        rounded(self.ground, box, style.px(12), theme.edge)
        rounded(self.ground, box.inset(1, 1), style.px(12) - 1, theme.panel)
        inside = box.inset(style.px(20), style.px(14))
        return self.heading(inside, heading, aside) if heading else inside

    @staticmethod
    def heading_room(box: Rect, aside: str = "") -> int:
        """Width that a heading may have of this room, pixel: all of it, where there is no remark."""
        return int(box.width * 0.62) if aside else box.width

    def heading(self, box: Rect, heading: str, aside: str = "") -> Rect:
        """Draw a heading into the ground with a remark to the right, and return the room below."""
        style, theme = self.style, self.theme
        height = style.line(24)
        font = style.heading
        baseline = box.y + (height + font.capital) // 2
        end = texts.draw_spaced(
            self.ground, heading, box.x, baseline, font, theme.dim, self.heading_room(box, aside)
        )
        ink = Rect(box.x, baseline - font.capital, end - box.x, font.capital)
        self.placed[ink] = PlacedText(heading, heading, ink, ink)
        room = box.top(height).beside(end - box.x + style.px(16))
        fits = not style.is_for_phone or texts.is_whole(aside, style.font(14.5), room.width)
        if aside and fits:
            self.write(aside, room, style.font(14.5), theme.faint, "right", ground=True)
        return box.below(height + style.px(10))


def _is_within(inner: Rect, box: Rect) -> bool:
    return (
        box.x <= inner.x
        and inner.right <= box.right
        and box.y <= inner.y
        and inner.bottom <= box.bottom
    )


class Label:
    """A text that is drawn again only when it changes."""

    def __init__(
        self,
        canvas: Canvas,
        box: Rect,
        font: Font,
        colour: Colour,
        align: Align = "left",
        kind: Kind = "words",
    ) -> None:
        self.canvas, self.box, self.font = canvas, box, font
        self.colour, self.align, self.kind = colour, align, kind
        self.shown: tuple[str, Font] | None = None

    def show(self, text: str) -> None:
        if self.shown == (text, self.font):
            return
        self.shown = (text, self.font)
        self.canvas.restore(self.box)
        self.canvas.write(text, self.box, self.font, self.colour, self.align, kind=self.kind)


def rounded(pixels: Frame, box: Rect, radius: int, colour: Colour) -> None:
    """Fill a rectangle with round corners, smoothly."""
    radius = max(0, min(radius, box.width // 2, box.height // 2))
    fill(pixels, box.inset(radius, 0) if box.width > 2 * radius else box.left(0), colour)
    fill(pixels, box.inset(0, radius) if box.height > 2 * radius else box.top(0), colour)
    reach = (radius << SHIFT) - 2 * HALF  # smooth circles come out half a pixel larger
    for x in (box.x + radius, box.right - radius):
        for y in (box.y + radius, box.bottom - radius):
            centre = (x << SHIFT) - HALF, (y << SHIFT) - HALF
            if radius:
                cv2.circle(pixels, centre, reach, colour, -1, cv2.LINE_AA, SHIFT)


def fill(pixels: Frame, box: Rect, colour: Colour) -> None:
    """Fill a rectangle; one without width or height is left out."""
    if box.width > 0 and box.height > 0:
        cv2.rectangle(pixels, (box.x, box.y), (box.right - 1, box.bottom - 1), colour, -1)


def polygon(pixels: Frame, points: Sequence[tuple[float, float]], colour: Colour) -> None:
    """Fill a polygon, smoothly."""
    corners = np.rint(np.array(points) * (1 << SHIFT)).astype(np.int32)
    cv2.fillPoly(pixels, [corners], colour, cv2.LINE_AA, SHIFT)


def curve(
    pixels: Frame, points: npt.NDArray[np.floating], colour: Colour, thickness: int = 1
) -> None:
    """Draw a line through points (N, 2), smoothly."""
    corners = np.rint(points * (1 << SHIFT)).astype(np.int32)
    cv2.polylines(pixels, [corners], False, colour, thickness, cv2.LINE_AA, SHIFT)


def diamond(
    pixels: Frame, x: float, y: float, reach: float, colour: Colour, edge: Colour | None = None
) -> None:
    """Draw a diamond around a point, with an edge that sets the mark off."""
    if edge is not None:
        wider = reach + 1.6
        polygon(pixels, [(x - wider, y), (x, y - wider), (x + wider, y), (x, y + wider)], edge)
    polygon(pixels, [(x - reach, y), (x, y - reach), (x + reach, y), (x, y + reach)], colour)


def legend(canvas: Canvas, box: Rect, entries: Sequence[tuple[str, Mark]]) -> None:
    """Draw marks into the ground, side by side, each with its meaning."""
    style, x, middle = canvas.style, box.x, box.y + box.height // 2
    font, side = style.font(13.5), style.px(10)
    for what, mark in entries:
        mark(canvas.ground, Rect(x, middle - side // 2, side, side))
        wide = texts.width(what, font)
        room = Rect(x + side + style.px(6), box.y, min(wide, box.right - x - side), box.height)
        canvas.write(what, room, font, canvas.theme.faint, ground=True)
        x = room.right + style.px(18)


def arrow(pixels: Frame, box: Rect, colour: Colour) -> None:
    """Draw the mark of a taken action: a triangle that points to the right and fills the box."""
    polygon(
        pixels, [(box.x, box.y), (box.right - 1, box.y + (box.height - 1) / 2), (box.x, box.bottom - 1)], colour
    )  # fmt: skip
