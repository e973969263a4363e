"""A grid of named figures: a small label above its value."""

from __future__ import annotations

from collections.abc import Sequence

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, Label
from arcade_rl.overlay.layout import Rect

COLUMNS = 3
"""Number of columns where all names have room in so many."""


class Figures:
    """Lines of figures, as many as have room, in as many columns as let every name stay whole. Where
    some figures have no room, the last place says how many more there are, unless `says_more` is
    false."""

    ROW = 80
    LEAST = 43
    """Usual height of a line (`ROW`) and its least height (`LEAST`), at 1920x1080, pixel."""

    def __init__(
        self, canvas: Canvas, box: Rect, names: Sequence[str], says_more: bool = True
    ) -> None:
        """`names`: the names that will be shown, the most important first."""
        style = canvas.style
        self.fonts = style.label, style.value
        self.says_more = says_more
        self.labels: list[Label] = []
        self.values: list[Label] = []
        columns = self._columns(canvas, box, names)
        least = self.least(canvas)
        lines = max(-(-len(names) // columns), 1)
        row = min(max(style.px(self.ROW), least), max(least, box.height // lines))
        for number in range(box.height // row):
            line = (box.below(number * row) if number else box).top(row)
            for cell in line.columns(columns, style.px(14)):
                self._add(canvas, cell.top(min(row, max(style.px(58), least))))

    @classmethod
    def least(cls, canvas: Canvas) -> int:
        """Least height of a line, pixel."""
        style = canvas.style
        between = style.px(6) if style.is_for_phone else 2
        return max(style.px(cls.LEAST), style.label.size + style.value.size + between)

    def _columns(self, canvas: Canvas, box: Rect, names: Sequence[str]) -> int:
        """The largest number of columns in which every name that has a place is whole; one where
        there is none."""
        rows = box.height // self.least(canvas)
        for columns in range(COLUMNS, 1, -1):
            room = box.columns(columns, canvas.style.px(14))[0].width
            shown = names[: rows * columns]
            if all(texts.is_whole(name, self.fonts[0], room, "name") for name in shown):
                return columns
        return 1

    def _add(self, canvas: Canvas, cell: Rect) -> None:
        """Add a place for a figure."""
        theme, (name, value) = canvas.theme, self.fonts
        upper = cell.top(
            max(int(cell.height * 0.44), name.size if canvas.style.is_for_phone else 0)
        )
        lower = cell.below(upper.height)
        lower = lower.top(lower.height if canvas.style.is_for_phone else int(cell.height * 0.5))
        self.labels.append(Label(canvas, upper, name, theme.dim, kind="name"))
        self.values.append(Label(canvas, lower, value, theme.text, kind="figure"))

    @property
    def width(self) -> int:
        """Width of a name, pixel; 0 where no figure has room."""
        return self.labels[0].box.width if self.labels else 0

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
