"""The panel TRAINING: how far the training was when the checkpoint was made."""

from __future__ import annotations

from arcade_rl.overlay.canvas import Canvas, Label, fill, rounded
from arcade_rl.overlay.figures import Figures
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.text import first_fitting
from arcade_rl.runs.standing import Standing
from arcade_rl.words import (
    DASH,
    MINUS,
    clock_duration,
    exact_percent,
    number,
    short_count,
)


class Training:
    """Progress as a bar, and the figures of the training when the checkpoint was made."""

    def __init__(self, canvas: Canvas, box: Rect) -> None:
        style, theme = canvas.style, canvas.theme
        self.canvas = canvas
        inside = canvas.panel(box, "TRAINING", "as of this checkpoint")
        line = inside.top(min(style.px(44), max(style.px(26), inside.height // 4)))
        large = style.font(min(42, line.height / style.unit), 500)
        self.percent = Label(canvas, line.left(int(line.width * 0.38)), large, theme.text)
        steps = line.beside(int(line.width * 0.4))
        self.steps = Label(canvas, steps, style.value, theme.dim, "right")
        self.bar = inside.below(line.height + style.px(9)).top(style.px(8))
        self.done: int | None = None
        rest = inside.below(self.bar.bottom - inside.y + style.px(14))
        self.figures = Figures(canvas, rest, 3, 2, says_more=False)

    def draw(self, standing: Standing) -> None:
        self.percent.show(f"{exact_percent(standing.progress)} %")
        self._show_steps(standing)
        self._draw_bar(standing.progress)
        rate = standing.learning_rate
        self.figures.show(
            [
                (self._mean_name(standing.window), number(standing.mean_return, 2)),
                ("best return", number(standing.best_return, 2)),
                (self._fitting("episodes ended", "ended"), f"{standing.episodes:,}"),
                ("time trained", clock_duration(standing.trained_s)),
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
