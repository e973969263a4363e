"""A grid of named figures: a small label above its value."""

from __future__ import annotations

from collections.abc import Sequence

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, Label
from arcade_rl.overlay.layout import Rect


class Figures:
    """Lines of figures, as many as have room. Where some have no room, the last place says how many
    more there are, unless `says_more` is false. `lines` is the number of lines wanted."""

    ROW = 80
    LEAST = 43
    """Usual height of a line (`ROW`) and its least height (`LEAST`), at 1920x1080, pixel."""

    def __init__(
        self, canvas: Canvas, box: Rect, columns: int, lines: int, says_more: bool = True
    ) -> None:
        style, theme = canvas.style, canvas.theme
        least = max(style.px(self.LEAST), style.label.size + style.value.size + 2)
        row = min(style.px(self.ROW), max(least, box.height // max(lines, 1)))
        self.labels: list[Label] = []
        self.values: list[Label] = []
        for number in range(box.height // row):
            line = (box.below(number * row) if number else box).top(row)
            for cell in line.columns(columns, style.px(14)):
                cell = cell.top(min(row, style.px(58)))
                label = cell.top(int(cell.height * 0.44))
                value = cell.below(label.height).top(int(cell.height * 0.5))
                self.labels.append(Label(canvas, label, style.label, theme.dim, kind="name"))
                self.values.append(Label(canvas, value, style.value, theme.text, kind="figure"))
        self.says_more = says_more
        self.fonts = style.label, style.value
        self.width = self.labels[0].box.width if self.labels else 0

    def show(self, figures: Sequence[tuple[str, str]]) -> None:
        """Show (label, value) pairs, the most important first."""
        places = len(self.labels)
        shown = list(figures)
        if self.says_more and places and len(shown) > places:
            more = len(shown) - places + 1
            shown = [*shown[: places - 1], (f"+ {more} more", "")]
        shown = (shown + [("", "")] * places)[:places]
        font = texts.common(tuple(name for name, _ in shown), self.fonts[0], self.width)
        for label, value, (name, text) in zip(self.labels, self.values, shown, strict=True):
            label.font = font
            label.show(name)
            value.show(text)
