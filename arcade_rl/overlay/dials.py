"""Continuous actions: the mean, the spread and the taken value of each, on the range of its
bounds."""

from __future__ import annotations

import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, diamond, fill, legend, rounded
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.peak import Peak
from arcade_rl.overlay.theme import mix
from arcade_rl.policies.activity import Decision, Dials
from arcade_rl.words import MINUS, number


class DialsView:
    """A row for each dimension of the action. The range of a dimension without bounds is the range
    that the dimension reached lately."""

    ROW = 50
    LEAST = 15

    def __init__(self, canvas: Canvas, box: Rect, names: tuple[str, ...]) -> None:
        self.canvas = canvas
        style = canvas.style
        legend = style.line(20)
        area = box.below(legend + style.px(4))
        for columns in (1, 2) if style.is_for_phone else (1, 2, 3):
            rows = -(-len(names) // columns)
            least = max(10, style.line(self.LEAST))
            if rows * least <= area.height:
                break
        if style.is_for_phone:
            rows = max(1, min(rows, area.height // least))
            names = names[: rows * columns]
        self.names = names
        """The names of those dimensions that have room: on a phone not always all."""
        height = max(6, min(style.line(self.ROW), area.height // rows))
        places = area.columns(columns, style.px(22))
        self.boxes = [
            Rect(places[k // rows].x, area.y + k % rows * height, places[0].width, height)
            for k in range(len(names))
        ]
        self.peaks = [Peak() for _ in names]
        self.drawn: list[tuple[str, ...] | None] = [None] * len(names)
        self._split()
        self._draw_legend(box.top(legend))
        names_font = texts.common(names, self.font, self.name_width)
        for row, name in zip(self.boxes, names, strict=True):
            canvas.write(name, row.left(self.name_width), names_font, canvas.theme.dim, ground=True, kind="name")  # fmt: skip

    def _split(self) -> None:
        """Choose the font, and the widths of names and numbers."""
        style, width = self.canvas.style, self.boxes[0].width
        self.font = style.row_font(16, 400, self.boxes[0].height)
        longest = max(texts.width(texts.drawable(name), self.font) for name in self.names)
        self.name_width = min(longest + 2, int(width * 0.4))
        self.number_width = style.px(66)
        if style.is_for_phone:
            self.number_width = texts.width(f"{MINUS}0.000", self.font._replace(weight=600))

    def _draw_legend(self, box: Rect) -> None:
        style, theme = self.canvas.style, self.canvas.theme

        def draw_taken(ground: Frame, mark: Rect) -> None:
            middle = mark.y + mark.height // 2
            diamond(ground, mark.x + mark.width / 2, middle, mark.width / 2, theme.accent)

        def draw_mean(ground: Frame, mark: Rect) -> None:
            x = mark.x + mark.width // 2 - 1
            fill(ground, Rect(x, mark.y, style.px(3), mark.height), theme.text)

        def draw_spread(ground: Frame, mark: Rect) -> None:
            rounded(ground, mark.inset(0, mark.height // 4), mark.height // 4, theme.bar)

        entries = (("taken", draw_taken), ("mean", draw_mean), ("±1 deviation", draw_spread))
        legend(self.canvas, box, entries)

    @property
    def bottom(self) -> int:
        return max(box.bottom for box in self.boxes)

    def draw(self, dials: Decision) -> None:
        assert isinstance(dials, Dials)
        for k, box in enumerate(self.boxes):
            low, high = self._bounds(k, dials)
            mean, deviation, taken = (
                float(values[k]) for values in (dials.mean, dials.deviation, dials.taken)
            )
            marks = [(one - low) / (high - low) for one in (mean - deviation, mean, mean + deviation, taken)]  # fmt: skip
            key = (number(taken, 3), *(f"{mark:.3f}" for mark in marks))
            if self.drawn[k] != key:
                self.drawn[k] = key
                self._draw_row(box, key[0], marks)

    def _bounds(self, k: int, dials: Dials) -> tuple[float, float]:
        low, high = float(dials.low[k]), float(dials.high[k])
        if np.isfinite(low) and np.isfinite(high) and high > low:
            return low, high
        reach = abs(float(dials.mean[k])) + 2 * abs(float(dials.deviation[k]))
        reach = max(reach, abs(float(dials.taken[k])))
        reach = self.peaks[k].update(reach if np.isfinite(reach) else 0)
        return -reach, reach

    def _draw_row(self, box: Rect, taken: str, marks: list[float]) -> None:
        canvas, style, theme = self.canvas, self.canvas.style, self.canvas.theme
        value = box.beside(box.width - self.number_width)
        track = box.beside(self.name_width + style.px(14))
        track = track.left(value.x - track.x - style.px(4))
        canvas.restore(value)
        canvas.restore(track)
        font = self.font._replace(weight=600)
        canvas.write(taken, value, font, theme.text, "right", kind="figure")
        if track.width >= style.px(30):
            self._draw_track(track, marks)

    def _draw_track(self, track: Rect, marks: list[float]) -> None:
        """Draw the range, and on the range the spread, the mean and the taken value."""
        style, theme, pixels = self.canvas.style, self.canvas.theme, self.canvas.pixels
        middle = track.y + track.height // 2
        fill(pixels, Rect(track.x, middle - 1, track.width, 2), theme.rule)
        centre = track.x + track.width // 2
        fill(pixels, Rect(centre, middle - style.px(4), 1, style.px(8)), theme.rule)
        reach = max(3, min(style.px(10), int(track.height * 0.36)))
        inner = track.inset(reach, 0)
        low, mean, high, at = (
            inner.x + min(max(mark, 0), 1) * (inner.width - 1) if np.isfinite(mark) else None
            for mark in marks
        )
        if low is not None and high is not None:
            wide, height = max(2, round(high) - round(low)), max(3, int(reach * 0.9))
            spread = Rect(round(low), middle - height // 2, wide, height)
            rounded(pixels, spread, height // 2, mix(theme.panel, theme.bar, 0.8))
        if mean is not None:
            line = Rect(round(mean) - 1, middle - reach // 2 - 1, style.px(3), reach + 2)
            fill(pixels, line, theme.text)
        if at is not None:
            diamond(pixels, at, middle, reach * 0.62, theme.accent, theme.panel)
