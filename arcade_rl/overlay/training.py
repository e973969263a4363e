"""The panel TRAINING: how far the training was when the checkpoint was made."""

from __future__ import annotations

from arcade_rl.overlay.canvas import Canvas, Label, fill, rounded
from arcade_rl.overlay.figures import Figures
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.learning import LearningView
from arcade_rl.overlay.text import first_fitting
from arcade_rl.runs.standing import LearningCurve, Standing
from arcade_rl.words import (
    DASH,
    MINUS,
    clock_duration,
    exact_percent,
    number,
    short_count,
)

NAMES = ("mean return", "best return", "time trained", "ended", "learning rate", "chunk")
"""Shortest names of the figures, the most important first."""


class Training:
    """Progress as a bar or as a learning curve, and the figures of the training when the checkpoint
    was made."""

    def __init__(self, canvas: Canvas, box: Rect, has_curve: bool) -> None:
        style, theme = canvas.style, canvas.theme
        self.canvas = canvas
        inside = canvas.panel(box, "TRAINING", "as of this checkpoint")
        line = inside.top(
            max(min(style.px(44), max(style.px(26), inside.height // 4)), style.line(26))
        )
        large = style.font(min(42, line.height / style.unit), 500)
        self.percent = Label(canvas, line.left(int(line.width * 0.38)), large, theme.text)
        steps = line.beside(int(line.width * 0.4))
        self.steps = Label(canvas, steps, style.value, theme.dim, "right")
        rest = inside.below(line.height + style.px(9))
        self.bar, self.curve = rest.top(style.px(8)), None
        self.done: int | None = None
        used = self.bar.height + style.px(14)
        if has_curve:
            plot = rest.top(curve_height(canvas, rest.height))
            self.curve = LearningView(canvas, plot)
            used = plot.height + style.px(10)
        self.figures = Figures(canvas, rest.below(used), NAMES, says_more=False)

    def draw(self, standing: Standing, curve: LearningCurve | None) -> None:
        self.percent.show(f"{exact_percent(standing.progress)} %")
        self._show_steps(standing)
        if self.curve is None or curve is None:
            self._draw_bar(standing.progress)
        else:
            self.curve.draw(curve)
        rate = standing.learning_rate
        self.figures.show(
            [
                (self._mean_name(standing.window), number(standing.mean_return, 2)),
                ("best return", number(standing.best_return, 2)),
                ("time trained", clock_duration(standing.trained_s)),
                (self._fitting("episodes ended", "ended"), f"{standing.episodes:,}"),
                ("learning rate", DASH if rate is None else f"{rate:.3g}".replace("-", MINUS)),
                ("chunk", DASH if standing.chunk < 0 else f"{standing.chunk:,}"),
            ]
        )

    def _mean_name(self, window: int) -> str:
        counted = (f"mean of last {window:,}", f"mean of {window:,}") if window else ()
        return self._fitting(*counted, "mean return")

    def _fitting(self, *names: str) -> str:
        return first_fitting(names, self.figures.fonts[0], self.figures.width)

    def _show_steps(self, standing: Standing) -> None:
        """Show the steps done and the steps in total, with as many digits as have room."""
        done, total = standing.steps, standing.total_steps
        wordings = (
            f"{done:,} of {total:,} steps",
            f"{done:,} / {total:,}",
            f"{short_count(done)} of {short_count(total)} steps",
            f"{short_count(done)} / {short_count(total)}",
            f"{short_count(done)} steps",
        )
        self.steps.show(first_fitting(wordings, self.steps.font, self.steps.box.width))

    def _draw_bar(self, progress: float) -> None:
        done = round(self.bar.width * min(max(progress, 0), 1))
        if done == self.done:
            return
        self.done = done
        theme, radius = self.canvas.theme, self.bar.height // 2
        self.canvas.restore(self.bar)
        rounded(self.canvas.pixels, self.bar, radius, theme.rule)
        if done >= self.bar.height:
            rounded(self.canvas.pixels, self.bar.left(done), radius, theme.accent)
        elif done:
            fill(self.canvas.pixels, self.bar.left(done).inset(0, radius // 2), theme.accent)


def curve_height(canvas: Canvas, height: int) -> int:
    """Height of the curve where curve and figures share so much height, pixel: the figures keep two
    lines or one, or have no room at all."""
    style = canvas.style
    line, gap = Figures.least(canvas), style.px(10)
    for lines in (2, 1):
        if height - lines * line - gap >= style.px(60):
            return height - lines * line - gap
    left = height - line - gap
    return left if left >= style.px(26) and not style.is_for_phone else height
