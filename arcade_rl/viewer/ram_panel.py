"""The panel beside the game in which people search memory: places that are left, proposed and watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from arcade_rl.contracts import Frame
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, Style, fill
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import Theme
from arcade_rl.playback.explorer import KnownPlace

LINE = 20
"""Height of a line, pixel."""
UNIT = 0.85
"""Size of headings and margins, relative to their size at 1920x1080."""
HEADING = 52
"""Height of a panel's heading with the margins above and below, pixel."""
GAP = 8
"""Gap between panels, pixel."""
SIZE = 15
"""Size of the font of a line, pixel."""
COLUMNS = (
    ("address", 0.14), ("kind", 0.13), ("now", 0.15), ("before", 0.15), ("changes", 0.13),
    ("name", 0.15), ("found", 0.15),
)  # fmt: skip
"""Heading and part of the width of each column."""


@dataclass(frozen=True, slots=True)
class PlaceList:
    """One list of places."""

    heading: str
    remark: str
    """What stands at the right of the heading."""
    rows: tuple[KnownPlace, ...]
    first: int = 0
    """Number of the first row within the whole list."""
    frozen: frozenset[int] = frozenset()
    """Addresses that are written anew after every step."""


class RamPanel:
    """Draws the lists below each other. The lists beside the first have as many lines as they need."""

    def __init__(self, size: tuple[int, int], theme: Theme) -> None:
        """`size`: (width, height), pixel."""
        self.size, self.theme = size, theme
        self._shown: object = None
        self._picture: Frame | None = None
        self._rows: list[tuple[Rect, tuple[int, int]]] = []
        """Where each row of the last picture is, and its (list, number)."""

    def room(self, others: Sequence[int]) -> int:
        """Number of lines that the first list has, beside others with so many lines; 1 at least."""
        high = sum(HEADING + LINE * (count + 1) + GAP for count in others)
        return max((self.size[1] - high - HEADING) // LINE - 1, 1)

    def draw(self, lists: Sequence[PlaceList], chosen: tuple[int, int]) -> Frame:
        """The panel. `chosen`: (list, number of the row within the whole list). (height, width, 3),
        uint8, RGB; the next call may draw into the same array."""
        if self._picture is None or self._shown != (lists, chosen):
            self._shown = tuple(lists), chosen
            self._picture = self._drawn(lists, chosen)
        return self._picture

    def row_at(self, x: int, y: int) -> tuple[int, int] | None:
        """The (list, number) of the row at a point of the panel; None where there is none."""
        for box, row in self._rows:
            if box.x <= x < box.right and box.y <= y < box.bottom:
                return row
        return None

    def _drawn(self, lists: Sequence[PlaceList], chosen: tuple[int, int]) -> Frame:
        canvas = Canvas(self.size, Style(self.theme, UNIT))
        self._rows.clear()
        others = [_height(each) + GAP for each in lists[1:] if each.rows]
        y = 0
        for number, each in enumerate(lists):
            if number and not each.rows:
                continue
            height = _height(each) if number else max(self.size[1] - sum(others), HEADING)
            self._list(canvas, Rect(0, y, self.size[0], height), number, each, chosen)
            y += height + GAP
        return canvas.ground

    def _list(
        self, canvas: Canvas, box: Rect, number: int, each: PlaceList, chosen: tuple[int, int]
    ) -> None:
        theme, font = self.theme, texts.Font(SIZE)
        inside = canvas.panel(box, each.heading, each.remark)
        line = inside.top(LINE)
        self._line(
            canvas,
            line,
            [name for name, _ in COLUMNS],
            texts.Font(13),
            [theme.faint] * len(COLUMNS),
        )
        for place, row in enumerate(each.rows, 1):
            line = Rect(inside.x, inside.y + LINE * place, inside.width, LINE)
            if line.bottom > box.bottom:
                return
            number_of_row = each.first + place - 1
            is_chosen = (number, number_of_row) == chosen
            if is_chosen:
                fill(canvas.ground, Rect(box.x + 6, line.y, box.width - 12, LINE), theme.wash)
            has_moved = row.before not in ("", row.now)
            held = f"{row.now} frozen" if row.place.address in each.frozen else row.now
            words = [
                row.address, row.place.kind.name, held, row.before, str(row.changes),
                row.place.name, row.proposed,
            ]  # fmt: skip
            now = theme.accent if has_moved else theme.text
            first = theme.accent if is_chosen else theme.text
            colours = [first, theme.dim, now, theme.dim, theme.dim, theme.text, theme.text]
            self._line(canvas, line, words, font, colours)
            self._rows.append((line, (number, number_of_row)))

    def _line(
        self,
        canvas: Canvas,
        line: Rect,
        words: Sequence[str],
        font: texts.Font,
        colours: Sequence[tuple[int, int, int]],
    ) -> None:
        x = float(line.x)
        for text, colour, (_, part) in zip(words, colours, COLUMNS, strict=True):
            box = Rect(round(x), line.y, max(round(line.width * part) - 6, 1), line.height)
            canvas.write(text, box, font, colour, ground=True, kind="figure")
            x += line.width * part


def _height(each: PlaceList) -> int:
    """Height of a list with all its rows, pixel."""
    return HEADING + LINE * (len(each.rows) + 1)
