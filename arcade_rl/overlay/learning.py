"""The learning curve: the mean of the last episodes and the best one so far over the steps of the run,
with a dot for now."""

from __future__ import annotations

import cv2
import numpy as np

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import SHIFT, Canvas, Label, curve, fill
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import mix
from arcade_rl.overlay.value import scale_width
from arcade_rl.policies.activity import Floats
from arcade_rl.runs.checkpoints import WINDOW
from arcade_rl.runs.standing import LearningCurve
from arcade_rl.words import number

LABELLED = 34
"""Least height of a plot with numbers at its axis, at 1920x1080, pixel."""


class LearningView:
    """The curve up to now, on axes that reach to the end of the run, so that it grows from picture to
    picture."""

    def __init__(self, canvas: Canvas, box: Rect) -> None:
        style, theme = canvas.style, canvas.theme
        self.canvas = canvas
        self.shown: LearningCurve | None = None
        pad, font = style.px(5), style.font(13.5)
        height = max(style.line(16), round(1.15 * font.size))
        has_name = box.height >= 2.5 * height
        above = height if has_name else 0
        has_numbers = box.height - above >= max(style.px(LABELLED), 2 * height)
        scale = scale_width(canvas, box)
        has_numbers = has_numbers and box.width >= 4 * scale
        scale = scale if has_numbers else pad
        self.plot = box.left(box.width - scale).inset(0, 1)
        self.name = self.plot.top(height).inset(style.px(6), 0) if has_name else None
        """Room of the curve's name, above the lines."""
        self.inner = self.plot.below(above).inset(self._reach, self._reach)
        """Room of the lines, without the half of a dot at each of its sides."""
        self.numbers: list[Label] = []
        if has_numbers:
            marks = box.below(above).beside(self.plot.width + style.px(8))
            for row in (marks.top(height), marks.below(marks.height - height)):
                self.numbers.append(Label(canvas, row, font, theme.faint, "right", "figure"))
        fill(canvas.ground, self.plot.top(1), mix(theme.panel, theme.rule, 0.5))
        fill(canvas.ground, self.plot.below(self.plot.height - 1), theme.rule)

    def draw(self, shown: LearningCurve) -> None:
        """Draw the curve, unless this curve is the one that was drawn the last time."""
        if shown is self.shown:
            return
        self.shown = shown
        self.canvas.restore(self.plot.inset(-1, -1))
        for label, limit in zip(self.numbers, (shown.high, shown.low), strict=False):
            label.show(number(limit, 0 if abs(limit) >= 10 or limit == 0 else 2))
        if self.name is not None:
            self._write_name(shown, self.name)
        self._draw_lines(shown)
        self._draw_dot(shown)

    def _write_name(self, shown: LearningCurve, room: Rect) -> None:
        font = self.canvas.style.font(13.5)
        best = " and best so far" if len(shown.bests) else ""
        wordings = (f"{shown.label}, mean of the last {WINDOW}{best}", f"{shown.label}, mean{best}")
        text = texts.first_fitting((*wordings, shown.label), font, room.width)
        self.canvas.restore(room)
        self.canvas.write(text, room, font, self.canvas.theme.dim)

    @property
    def _reach(self) -> int:
        """Radius of the dot, pixel."""
        return self.canvas.style.px(5)

    def _draw_lines(self, shown: LearningCurve) -> None:
        theme, pixels = self.canvas.theme, self.canvas.pixels
        x = self._across(shown, np.append(shown.steps, shown.step))
        if not len(shown.steps):
            return
        means = np.stack([x, self._down(shown, np.append(shown.means, shown.means[-1:]))], 1)
        foot = self.plot.bottom - 1
        area = np.concatenate([means, [[x[-1], foot], [x[0], foot]]])
        cv2.fillPoly(pixels, [np.rint(area).astype(np.int32)], mix(theme.panel, theme.accent, 0.16))
        if len(shown.bests):
            bests = np.stack([x, self._down(shown, np.append(shown.bests, shown.bests[-1:]))], 1)
            curve(pixels, bests, theme.bar, self.canvas.style.px(1.2))
        curve(pixels, means, theme.accent, self.canvas.style.px(2))

    def _draw_dot(self, shown: LearningCurve) -> None:
        """Draw a dot for now: on the mean, or on the axis before the first episode has ended."""
        x = self._across(shown, np.array([shown.step]))
        y = self._down(shown, shown.means[-1:] if len(shown.means) else np.zeros(1, np.float32))
        centre = (round(x[0] * (1 << SHIFT)), round(y[0] * (1 << SHIFT)))
        theme, pixels = self.canvas.theme, self.canvas.pixels
        cv2.circle(pixels, centre, self._reach << SHIFT, theme.panel, -1, cv2.LINE_AA, SHIFT)
        radius = max(2, self._reach - 1) << SHIFT
        cv2.circle(pixels, centre, radius, theme.accent, -1, cv2.LINE_AA, SHIFT)

    def _across(self, shown: LearningCurve, steps: Floats) -> Floats:
        inner = self.inner
        part = np.clip(steps / max(shown.total_steps, 1), 0, 1)
        return np.asarray(inner.x + part * (inner.width - 1), np.float32)

    def _down(self, shown: LearningCurve, values: Floats) -> Floats:
        inner = self.inner
        span = max(shown.high - shown.low, 1e-9)
        part = np.clip((values - shown.low) / span, 0, 1)
        return np.asarray(inner.bottom - 1 - part * (inner.height - 1), np.float32)
