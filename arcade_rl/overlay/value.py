"""The critic's estimate: a number, and its trace over the last seconds."""

from __future__ import annotations

import math

import cv2
import numpy as np

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import SHIFT, Canvas, Label, curve, fill
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.scene import Trace
from arcade_rl.overlay.theme import mix
from arcade_rl.policies.activity import Floats
from arcade_rl.words import number

SQUEEZED = 6
"""Factor by which an axis from 0 may be longer than the part of the axis that the trace covers. A
trace that would be flatter has an axis that does not begin at 0, and a remark that says so."""


class Value:
    """The estimate in large digits, and below the digits its trace on a faint grid, with the ends of
    its axis, which include 0 where the trace does not become too flat."""

    def __init__(self, canvas: Canvas, box: Rect) -> None:
        style, theme = canvas.style, canvas.theme
        self.canvas = canvas
        inside = canvas.heading(box, "VALUE" if style.is_for_phone else "VALUE ESTIMATE")
        head = box.top(style.line(24)).beside(int(box.width * 0.62))
        self.number = Label(canvas, head, style.font(26, 500), theme.text, "right", "figure")
        scale = scale_width(canvas, inside)
        self.plot = inside.left(inside.width - scale)
        marks, height = inside.beside(self.plot.width + style.px(8)), style.line(16)
        over = 0 if style.is_for_phone else height // 2
        top = Rect(marks.x, marks.y - over, marks.width, height)
        self.most = Label(canvas, top, style.font(13.5), theme.faint, "right")
        bottom = Rect(marks.x, marks.bottom - height + over - 1, marks.width, height)
        self.least = Label(canvas, bottom, style.font(13.5), theme.faint, "right")
        self.has_plot = self.plot.height >= 2 * height
        """Whether the trace has room; else there is the number alone."""
        self.foot = self.plot.below(self.plot.height - height).inset(style.px(6), 0)
        """Room of the remark that the axis has no 0."""
        if self.has_plot:
            self._draw_grid()

    def _draw_grid(self) -> None:
        theme, plot = self.canvas.theme, self.plot
        for part in range(5):
            y = plot.y + round((plot.height - 1) * part / 4)
            colour = theme.rule if part in (0, 4) else mix(theme.panel, theme.rule, 0.5)
            fill(self.canvas.ground, Rect(plot.x, y, plot.width, 1), colour)
            x = plot.x + round((plot.width - 1) * part / 4)
            colour = mix(theme.panel, theme.rule, 0.5)
            fill(self.canvas.ground, Rect(x, plot.y, 1, plot.height), colour)

    def draw(self, value: float | None, trace: Trace | None) -> None:
        self.number.show(number(value, 3))
        if self.has_plot:
            self._draw_plot(trace)

    def _draw_plot(self, trace: Trace | None) -> None:
        self.canvas.restore(self.foot)
        self.canvas.restore(self.plot.inset(-2, -2))
        values = np.zeros(0, np.float32) if trace is None else trace.values
        finite = values[np.isfinite(values)]
        least, most = axis(finite) if len(finite) else (math.nan, math.nan)
        self.most.show(number(most, 2) if len(finite) else "")
        self.least.show(number(least, 2) if len(finite) else "")
        if trace is not None and len(finite):
            if least < 0 < most:
                self._draw_zero(least, most)
            self._draw_line(trace, least, most)
        if least > 0 or most < 0:
            style, colour = self.canvas.style, self.canvas.theme.dim
            self.canvas.write("axis does not begin at 0", self.foot, style.font(13.5), colour)

    def _draw_zero(self, least: float, most: float) -> None:
        plot, pad = self.plot, self.canvas.style.px(4)
        y = plot.bottom - 1 - pad - round(-least / (most - least) * (plot.height - 1 - 2 * pad))
        fill(self.canvas.pixels, Rect(plot.x, y, plot.width, 1), self.canvas.theme.faint)

    def _draw_line(self, trace: Trace, least: float, most: float) -> None:
        """The newest value at the right end; what is not finite leaves a gap."""
        style, theme, plot = self.canvas.style, self.canvas.theme, self.plot
        pad, values = style.px(4), trace.values
        x = plot.right - 1 - pad - trace.ages * ((plot.width - 1 - pad) / max(trace.span, 1))
        part = (values - least) / (most - least) if most > least else np.full(len(values), 0.5)
        y = plot.bottom - 1 - pad - part * (plot.height - 1 - 2 * pad)
        view = self.canvas.pixels[: plot.bottom]
        for run in _finite_runs(values):
            points = np.stack([x[run], y[run]], 1)
            if len(points) > 1:
                self._draw_area(points)
                curve(view, points, theme.accent, style.px(1.6))
        if np.isfinite(values[-1]):
            centre = (round(x[-1] * (1 << SHIFT)), round(y[-1] * (1 << SHIFT)))
            cv2.circle(view, centre, pad << SHIFT, theme.accent, -1, cv2.LINE_AA, SHIFT)

    def _draw_area(self, points: Floats) -> None:
        """Fill the area below the line with a faint wash."""
        plot, theme = self.plot, self.canvas.theme
        foot = [[points[-1, 0], plot.bottom - 1], [points[0, 0], plot.bottom - 1]]
        corners = np.rint(np.concatenate([points, foot])).astype(np.int32)
        cv2.fillPoly(self.canvas.pixels, [corners], mix(theme.panel, theme.accent, 0.10))


def scale_width(canvas: Canvas, box: Rect) -> int:
    """Width of the numbers at the axis of a plot in this box, pixel."""
    style = canvas.style
    if style.is_for_phone:
        return texts.width("00.00", style.font(13.5)) + style.px(8)
    return min(style.px(64), box.width // 5)


def axis(values: Floats) -> tuple[float, float]:
    """The ends of the axis for these numbers. The axis includes 0, unless the numbers would then
    cover less than one part in `SQUEEZED` of it."""
    least, most = float(values.min()), float(values.max())
    low, high = min(least, 0.0), max(most, 0.0)
    return (low, high) if high - low <= SQUEEZED * (most - least) else (least, most)


def _finite_runs(values: Floats) -> list[slice]:
    """Stretches of values that are all finite."""
    finite = np.isfinite(values)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(np.int8)))
    return [slice(start, end) for start, end in edges.reshape(-1, 2)]
