"""Gauges, such as joints that the agent sets and the simulator moves: a bar for the value of each,
and a mark for its target."""

from __future__ import annotations

import math

import numpy as np

from arcade_rl.contracts import Frame, Gauge
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, diamond, fill, legend, rounded
from arcade_rl.overlay.layout import Rect
from arcade_rl.policies.activity import Floats
from arcade_rl.words import DASH, MINUS, number


class GaugesView:
    """A row for each gauge, in as many columns as the gauges need. Gauges that have no room are
    left out."""

    ROW = 34
    LEAST = 16
    """Usual height of a row (`ROW`) and its least height (`LEAST`), at 1920x1080, pixel."""
    LEGEND = 20
    COLUMN = 190
    """Least width of a column, at 1920x1080, pixel."""

    def __init__(self, canvas: Canvas, box: Rect, gauges: tuple[Gauge, ...]) -> None:
        self.canvas = canvas
        style = canvas.style
        head = style.px(self.LEGEND)
        area = box.below(head + style.px(4))
        columns, rows = self._arrange(area, len(gauges))
        self.gauges = gauges[: columns * rows]
        self.left_out = len(gauges) - len(self.gauges)
        """Number of gauges that have no room."""
        rows = -(-len(self.gauges) // columns)
        height = max(6, min(style.px(self.ROW), area.height // rows))
        places = area.columns(columns, style.px(24))
        self.boxes = [
            Rect(places[k // rows].x, area.y + k % rows * height, places[0].width, height)
            for k in range(len(self.gauges))
        ]
        units = {gauge.unit for gauge in self.gauges}
        self.has_units = len(units) > 1
        """Whether every number is written with its unit, because the gauges have different
        units."""
        unit = "" if self.has_units else units.pop()
        self._draw_legend(box.top(head), f"value, {unit}" if unit else "value")
        self._place_names()
        self.drawn: list[tuple[str, ...] | None] = [None] * len(self.gauges)

    def _arrange(self, area: Rect, count: int) -> tuple[int, int]:
        """(columns, rows): as few columns as hold all gauges, or else as many columns as have
        room."""
        style = self.canvas.style
        rows = max(1, area.height // max(11, style.px(self.LEAST)))
        most = max(1, min(4, area.width // style.px(self.COLUMN)))
        columns = min(most, -(-count // rows))
        return columns, min(rows, -(-count // columns))

    def _draw_legend(self, box: Rect, value: str) -> None:
        theme = self.canvas.theme

        def draw_value(ground: Frame, mark: Rect) -> None:
            rounded(ground, mark.inset(0, mark.height // 4), mark.height // 4, theme.bar)

        def draw_target(ground: Frame, mark: Rect) -> None:
            middle = mark.y + mark.height // 2
            diamond(ground, mark.x + mark.width / 2, middle, mark.width / 2, theme.accent)

        legend(self.canvas, box, ((value, draw_value), ("set to", draw_target)))

    def _place_names(self) -> None:
        canvas, style, width = self.canvas, self.canvas.style, self.boxes[0].width
        names = tuple(gauge.name for gauge in self.gauges)
        self.font = style.row_font(15.5, 400, self.boxes[0].height)
        longest = max(texts.width(texts.drawable(name), self.font) for name in names)
        self.name_width = min(longest + 2, int(width * 0.4))
        widest = f"{MINUS}00.00 {max((gauge.unit for gauge in self.gauges), key=len)}"
        wanted = widest if self.has_units else f"{MINUS}00.00"
        self.number_width = min(texts.width(wanted, self.font), int(width * 0.34))
        font = texts.common(names, self.font, self.name_width)
        for box, name in zip(self.boxes, names, strict=True):
            room = box.left(self.name_width)
            canvas.write(name, room, font, canvas.theme.dim, ground=True, kind="name")

    @classmethod
    def least(cls, canvas: Canvas) -> int:
        """Height of the legend and a single row, pixel."""
        style = canvas.style
        return style.px(cls.LEGEND) + style.px(4) + max(11, style.px(cls.LEAST))

    def draw(self, values: Floats, targets: Floats) -> None:
        """Draw the values and the targets of all gauges, in the gauges' units. Both (gauges,)."""
        for k, (gauge, box) in enumerate(zip(self.gauges, self.boxes, strict=True)):
            marks = [_part(gauge, float(one[k])) for one in (values, targets)]
            said = number(float(values[k]), digits(gauge))
            if self.has_units and said != DASH:
                said = f"{said} {gauge.unit}".rstrip()
            key = (said, *(f"{mark:.3f}" for mark in marks))
            if self.drawn[k] != key:
                self.drawn[k] = key
                self._draw_row(gauge, box, said, marks)

    def _draw_row(self, gauge: Gauge, box: Rect, said: str, marks: list[float]) -> None:
        canvas, style = self.canvas, self.canvas.style
        value = box.beside(box.width - self.number_width)
        track = box.beside(self.name_width + style.px(12))
        track = track.left(value.x - track.x - style.px(8))
        canvas.restore(value)
        canvas.restore(track)
        font = self.font._replace(weight=500)
        canvas.write(said, value, font, canvas.theme.text, "right", kind="figure")
        if track.width >= style.px(30):
            self._draw_track(gauge, track, *marks)

    def _draw_track(self, gauge: Gauge, track: Rect, value: float, target: float) -> None:
        """Draw the range, with the value as a bar and the target as a mark, both from 0 to 1."""
        style, theme, pixels = self.canvas.style, self.canvas.theme, self.canvas.pixels
        reach = max(3, min(style.px(9), int(track.height * 0.4)))
        height = max(3, min(style.px(9), int(track.height * 0.42)))
        bar = track.inset(reach, 0)
        bar = bar.centred(bar.width, height)
        rounded(pixels, bar, height // 2, theme.cell)
        if math.isfinite(value):
            rounded(pixels, bar.left(max(height, round(value * bar.width))), height // 2, theme.bar)
        zero = _part(gauge, 0.0)
        if gauge.low < 0 < gauge.high:
            x = bar.x + round(zero * (bar.width - 1))
            fill(pixels, Rect(x, bar.y - 2, 1, height + 4), theme.faint)
        if math.isfinite(target):
            x_target, middle = bar.x + target * (bar.width - 1), bar.y + (height - 1) / 2
            diamond(pixels, x_target, middle, reach * 0.7, theme.accent, theme.panel)


def digits(gauge: Gauge) -> int:
    """Number of digits after the point, so that about three digits tell values of the gauge's range
    apart; 0 to 3."""
    return min(max(2 - math.floor(math.log10(gauge.high - gauge.low)), 0), 3)


def _part(gauge: Gauge, value: float) -> float:
    """Where a value lies between the gauge's low end, 0, and its high end, 1; NaN for a value that
    is not finite."""
    part = (value - gauge.low) / (gauge.high - gauge.low)
    return float(np.clip(part, 0, 1)) if math.isfinite(part) else math.nan
