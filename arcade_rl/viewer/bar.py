"""The bar at the bottom of the window: where the episode is, what happened in it, and one line of
words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, Label, Style, diamond, fill, polygon
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import Colour, Theme
from arcade_rl.playback.landmarks import Landmark
from arcade_rl.runs.markers import Marker

HEIGHT = 56
"""Height of the bar, pixel."""
SNAP = 5
"""Distance from a marker within which the mouse means the marker, pixel."""
TENTHS = 10
GAP, STEP = 12, 20
"""Gap beside the words in the middle, and what the widths of the others are multiples of where the
middle needs room, pixel."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What lies along the bar."""

    length: int = 0
    """Steps of the episode, as far as it is played."""
    landmarks: tuple[Landmark, ...] = ()
    markers: tuple[Marker, ...] = ()
    clip: int | None = None
    """Step at which a clip begins that is not ended yet."""


@dataclass(frozen=True, slots=True)
class Words:
    """The line of words."""

    left: str
    """Where the episode is."""
    middle: str = ""
    """What the window has to say, or what somebody types."""
    right: str = ""
    """How the episode is played."""
    is_playing: bool = False
    error: str = ""
    """What went wrong, in place of all other words."""


class Bar:
    """Draws the bar in one size."""

    def __init__(self, width: int, theme: Theme) -> None:
        self.theme, self.width = theme, width
        self._canvas = canvas = Canvas((width, HEIGHT), Style(theme, 1.0))
        fill(canvas.ground, Rect(0, 0, width, HEIGHT), theme.panel)
        fill(canvas.ground, Rect(0, 0, width, 1), theme.edge)
        canvas.begin()
        self.track = Rect(16, 14, max(width - 32, 1), 6)
        self._line = line = Rect(44, 30, max(width - 60, 3), 22)
        self._font = font = canvas.style.font(14.5)
        self._usual = line.width * 3 // 10, line.width * 3 // 10
        """Widths of what is on the left and on the right, pixel, unless the middle needs more."""
        self._sides = self._usual
        self._words = self._divided()
        self._error = Label(canvas, line, font, theme.negative)
        self._timeline: Timeline | None = None
        self._marked = canvas.ground.copy()

    def draw(self, timeline: Timeline, position: int, goal: int | None, words: Words) -> Frame:
        """The bar at a moment. (HEIGHT, width, 3), uint8, RGB; the next call draws into the same
        array."""
        if timeline != self._timeline:
            self._timeline = timeline
            self._mark(timeline)
        pixels = self._canvas.pixels
        np.copyto(pixels[: self._line.y], self._marked[: self._line.y])
        x = self.column(position)
        track = self.track
        fill(pixels, Rect(track.x, track.y, x - track.x, track.height), self.theme.accent)
        fill(pixels, Rect(x - 2, track.y - 4, 4, track.height + 8), self.theme.text)
        if goal is not None:
            fill(
                pixels,
                Rect(self.column(goal) - 1, track.y - 4, 2, track.height + 8),
                self.theme.faint,
            )
        self._write(words)
        return pixels

    def column(self, step: int) -> int:
        """Column of the moment after so many steps, pixel."""
        length = self._timeline.length if self._timeline else 0
        return self.track.x + round(min(step, length) / max(length, 1) * (self.track.width - 1))

    def step_at(self, x: int) -> int:
        """The step that a column of the bar means; a marker's step near a marker."""
        timeline = self._timeline or Timeline()
        near = [marker for marker in timeline.markers if abs(self.column(marker.step) - x) <= SNAP]
        if near:
            return min(near, key=lambda marker: abs(self.column(marker.step) - x)).step
        part = (x - self.track.x) / max(self.track.width - 1, 1)
        return round(min(max(part, 0.0), 1.0) * timeline.length)

    def _mark(self, timeline: Timeline) -> None:
        np.copyto(self._marked, self._canvas.ground)
        theme, track, pixels = self.theme, self.track, self._marked
        fill(pixels, track, theme.rule)
        for tenth in range(TENTHS + 1):
            x = track.x + round(tenth / TENTHS * (track.width - 1))
            fill(pixels, Rect(x, track.bottom + 2, 1, 3), theme.faint)
        colours: dict[str, Colour] = {"gain": theme.positive, "loss": theme.negative}
        for landmark in timeline.landmarks:
            x = self.column(landmark.step)
            if landmark.kind == "event":
                diamond(pixels, x, track.bottom + 5, 4, theme.negative, theme.panel)
            else:
                fill(pixels, Rect(x, track.y - 5, 1, 5), colours[landmark.kind])
        if timeline.clip is not None:
            x = self.column(timeline.clip)
            fill(pixels, Rect(x - 1, 2, 3, track.bottom - 2), theme.negative_peak)
        self._flags(timeline.markers)

    def _flags(self, markers: Sequence[Marker]) -> None:
        for marker in markers:
            x, top = self.column(marker.step), 3
            fill(self._marked, Rect(x, top, 1, self.track.bottom - top), self.theme.text)
            polygon(
                self._marked, [(x + 1, top), (x + 8, top + 3), (x + 1, top + 6)], self.theme.accent
            )

    def _divided(self) -> tuple[Label, Label, Label]:
        """The labels of the line of words, between which the line is divided as it is now."""
        line, font, theme = self._line, self._font, self.theme
        left, right = self._sides
        middle = line.beside(left).left(line.width - left - right)
        return (
            Label(self._canvas, line.left(left), font, theme.dim),
            Label(self._canvas, middle, font, theme.text, "centre"),
            Label(self._canvas, line.beside(line.width - right), font, theme.dim, "right"),
        )

    def _divide(self, words: Words) -> bool:
        """Give the middle what the sides leave, where its usual room is too small. Returns whether
        the line is divided in another way than before."""
        before, font = self._sides, self._font
        room = self._line.width - sum(self._usual)
        self._sides = self._usual
        if texts.width(words.middle, font) > room:
            needed = (texts.width(side, font) for side in (words.left, words.right))
            # Whole steps, so that a number that grows does not divide the line anew.
            left, right = (-(-(wide + GAP) // STEP) * STEP for wide in needed)
            self._sides = min(left, self._usual[0]), min(right, self._usual[1])
        return self._sides != before

    def _write(self, words: Words) -> None:
        if is_new := self._divide(words):
            self._words = self._divided()
        labels = (*self._words, self._error)
        if is_new or words.error or self._error.shown is not None:
            self._canvas.restore(self._line)
            for label in labels:
                label.shown = None
        if words.error:
            self._error.show(words.error)
        else:
            for label, text in zip(labels, (words.left, words.middle, words.right), strict=False):
                label.show(text)
        self._sign(words.is_playing)

    def _sign(self, is_playing: bool) -> None:
        box, pixels = Rect(18, 34, 14, 14), self._canvas.pixels
        fill(pixels, box, self.theme.panel)
        if is_playing:
            for x in (box.x + 2, box.x + 8):
                fill(pixels, Rect(x, box.y, 4, box.height), self.theme.text)
        else:
            # A smooth edge reaches half a pixel further.
            corners = [
                (box.x + 2, box.y + 1),
                (box.right - 2, box.y + 7),
                (box.x + 2, box.bottom - 2),
            ]
            polygon(pixels, corners, self.theme.text)
