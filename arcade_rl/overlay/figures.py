"""A grid of named figures: a small label above its value."""

from __future__ import annotations

from collections.abc import Sequence

from arcade_rl.overlay.canvas import Canvas, Label
from arcade_rl.overlay.layout import Rect


class Figures:
    """As many figures as have room, line by line; the last place says how many more there are."""

    ROW = 52
    """Height of a line, and the least that one is squeezed to, at 1920x1080."""
    LEAST = 37

    def __init__(self, canvas: Canvas, box: Rect, columns: int) -> None:
        style, theme = canvas.style, canvas.theme
        row = min(style.px(self.ROW), max(style.px(self.LEAST), box.height // 2))
        rows = max(1, box.height // row)
        self.labels: list[Label] = []
        self.values: list[Label] = []
        self.row = row
        for number in range(rows):
            line = box.below(number * row).top(row) if number else box.top(row)
            for cell in line.columns(columns, style.px(14)):
                label, value = cell.top(int(row * 0.42)), cell.below(int(row * 0.42))
                value = value.top(int(row * 0.48))
                self.labels.append(Label(canvas, label, style.label, theme.dim))
                self.values.append(Label(canvas, value, style.value, theme.text))

    def show(self, figures: Sequence[tuple[str, str]]) -> None:
        """Show (label, value) pairs, the most important first."""
        places = len(self.labels)
        shown = list(figures)
        if len(shown) > places:
            more = len(shown) - places + 1
            shown = [*shown[: places - 1], (f"+ {more} more", "")]
        shown += [("", "")] * (places - len(shown))
        for label, value, (name, text) in zip(self.labels, self.values, shown, strict=True):
            label.show(name)
            value.show(text)
