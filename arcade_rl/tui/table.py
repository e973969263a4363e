"""A table of any length: only the lines on the screen are asked for and drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from arcade_rl.tui.colours import series_style
from arcade_rl.tui.glyphs import UNICODE, Glyphs, fitted
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow, fit

WAITING = ShownCell("", "dim")
HEADER = 1
"""Lines that the header takes."""


class RowTable(ScrollView, can_focus=True):
    """Rows under a header, with a cursor."""

    DEFAULT_CSS = """
    RowTable { background: $surface; color: $foreground; height: 1fr; scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0; overflow-x: hidden; overflow-y: auto; }
    RowTable:focus { background: $surface; }
    RowTable > .row-table--header { text-style: bold; color: $text-muted; background: $panel; }
    RowTable > .row-table--sorted { text-style: bold underline; color: $foreground; background: $panel; }
    RowTable > .row-table--plain { color: $foreground; }
    RowTable > .row-table--cursor { background: $primary-muted; color: $foreground; text-style: bold; }
    RowTable > .row-table--cursor-blurred { background: $panel; color: $foreground; }
    RowTable > .row-table--good { color: $text-success; }
    RowTable > .row-table--warn { color: $text-warning; }
    RowTable > .row-table--bad { color: $text-error; }
    RowTable > .row-table--dim { color: $text-muted; }
    RowTable > .row-table--accent { color: $text-accent; }
    RowTable > .row-table--empty { color: $text-muted; text-style: italic; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-table--header", "row-table--sorted", "row-table--plain", "row-table--cursor",
        "row-table--cursor-blurred", "row-table--good", "row-table--warn", "row-table--bad",
        "row-table--dim", "row-table--accent", "row-table--empty",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "move_page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "move_page(1)", "Page down", show=False),
        Binding("home", "move_to(0)", "First", show=False),
        Binding("end,G", "move_to(-1)", "Last", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class RowChosen(Message):
        """A row was opened, by Enter or by a second click."""

        table: RowTable
        index: int

        @property
        def control(self) -> RowTable:
            return self.table

    @dataclass
    class CursorMoved(Message):
        """The cursor stands on another row."""

        table: RowTable
        index: int

        @property
        def control(self) -> RowTable:
            return self.table

    @dataclass
    class HeaderChosen(Message):
        """A column's title was clicked."""

        table: RowTable
        column: str

        @property
        def control(self) -> RowTable:
            return self.table

    def __init__(
        self,
        columns: Sequence[ShownColumn],
        glyphs: Glyphs = UNICODE,
        *,
        empty: str = "",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs
        self.columns: Sequence[ShownColumn] = columns
        self.empty = empty
        """What is said where there are no rows."""
        self.sorted_by = ""
        self.is_down = False
        self._count = 0
        self._row_of: Callable[[int], ShownRow | None] = lambda _: None
        self._fitted: tuple[int, Sequence[ShownColumn], list[tuple[int, int]]] | None = None
        """The columns that fit, for a width and columns."""
        self._cells: list[tuple[int, int]] = []
        """(column, width) of each cell of a line."""
        self._styles: dict[tuple[str, int | None, str], Style] = {}
        """Styles of cells, by tone, series and the style of their row."""
        self._drawn: dict[int, ShownRow | None] = {}
        """The rows on the screen as they were drawn, by index."""
        self._frame: object = None
        """Everything but rows and cursor that was drawn."""
        self._key = ""
        """Key of the row under the cursor."""
        self._is_held = False
        """Whether somebody has chosen the row, so that the cursor follows that row."""

    @property
    def count(self) -> int:
        """Number of rows."""
        return self._count

    def show_rows(self, rows: Sequence[ShownRow]) -> None:
        """Show these rows; the cursor stays on its row where that is still there."""
        keys = [row.key for row in rows]
        self.show_keyed(keys, lambda k: rows[k] if k < len(rows) else None)

    def show_keyed(self, keys: Sequence[str], row_of: Callable[[int], ShownRow | None]) -> None:
        """Show the rows with these keys, of which only those on the screen are made; the cursor
        stays on its row where that is still there."""
        place = keys.index(self._key) if self._is_held and self._key in keys else None
        self.show(len(keys), row_of, place)

    def show(
        self, count: int, row_of: Callable[[int], ShownRow | None], cursor: int | None = None
    ) -> None:
        """Show `count` rows; `row_of` gives one of them, or None while it is still being read."""
        is_new_size = count != self._count
        self._count, self._row_of = count, row_of
        if is_new_size:
            self._resize()
        wanted = self.cursor if cursor is None else cursor
        self.cursor = max(0, min(wanted, count - 1))
        self._notice_row()
        self.refresh_changed()

    def refresh_changed(self) -> None:
        """Draw the rows again that are not as they were, and everything where something else has
        changed."""
        frame = (self._count, self.columns, self.sorted_by, self.is_down, self.empty)
        if frame != self._frame or not self._count:
            self._frame = frame
            self.refresh()
            return
        top = int(self.scroll_y)
        for index in range(top, min(top + self.size.height - HEADER, self._count)):
            if index not in self._drawn or self._drawn[index] != self._row_of(index):
                self.refresh_line_of(index)

    def _notice_row(self) -> None:
        """Tell when another row is under the cursor than before."""
        row = self.row()
        if (row.key if row else "") != self._key:
            self._key = row.key if row else ""
            self.post_message(self.CursorMoved(self, self.cursor))

    def row(self, index: int | None = None) -> ShownRow | None:
        """The row under the cursor, or another; None where there is none."""
        place = self.cursor if index is None else index
        return self._row_of(place) if 0 <= place < self._count else None

    def _resize(self) -> None:
        width = self.scrollable_content_region.width or self.size.width
        self.virtual_size = Size(width, self._count + HEADER)

    def on_resize(self) -> None:
        self._resize()

    def watch_cursor(self, before: int, now: int) -> None:
        self._bring_into_view(now)
        self.refresh_line_of(before)
        self.refresh_line_of(now)
        self._notice_row()

    def _bring_into_view(self, index: int) -> None:
        room = max(self.scrollable_content_region.height - HEADER, 1)
        top = int(self.scroll_y)
        if index < top:
            self.scroll_to(y=index, animate=False)
            self.refresh()
        elif index >= top + room:
            self.scroll_to(y=index - room + 1, animate=False)
            self.refresh()

    def refresh_line_of(self, index: int) -> None:
        """Draw one row again."""
        y = index - int(self.scroll_y) + HEADER
        if HEADER <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    # --- keys and mouse ------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        self._is_held = True
        self.cursor = max(0, min(self.cursor + by, self._count - 1))

    def action_move_page(self, by: int) -> None:
        self.action_move(by * max(self.size.height - HEADER - 1, 1))

    def action_move_to(self, place: int) -> None:
        self._is_held = True
        self.cursor = max(0, self._count - 1 if place < 0 else place)

    def action_choose(self) -> None:
        if self._count:
            self.post_message(self.RowChosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        if event.y < HEADER:
            self._choose_header(event.x)
            return
        index = event.y - HEADER + int(self.scroll_y)
        if index >= self._count:
            return
        if event.chain > 1 and index == self.cursor:
            self.action_choose()
        self._is_held = True
        self.cursor = index

    def _choose_header(self, x: int) -> None:
        left = 0
        for k, width in self._fitting():
            if left <= x <= left + width:
                self.post_message(self.HeaderChosen(self, self.columns[k].name))
                return
            left += width + 1

    # --- drawing -------------------------------------------------------------------------------

    def _fitting(self) -> list[tuple[int, int]]:
        width = self.scrollable_content_region.width or self.size.width
        if self._fitted is None or self._fitted[:2] != (width, self.columns):
            self._fitted = (width, self.columns, fit(self.columns, width))
        return self._fitted[2]

    def render_lines(self, crop: Region) -> list[Strip]:
        self._cells = self._fitting()
        return super().render_lines(crop)

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self._fitted[0] if self._fitted else self.size.width
        if y < HEADER:
            return self._header(width)
        index = y - HEADER + int(self.scroll_y)
        if index >= self._count:
            if self._count == 0 and y == HEADER + 1 and self.empty:
                text = fitted(f" {self.empty}", width, self.glyphs)
                return Strip([Segment(text, self._named("empty"))], width)
            return Strip.blank(width, self._named("plain"))
        row = self._drawn[index] = self._row_of(index)
        if len(self._drawn) > 2 * self.size.height:
            self._drawn = {index: row}
        base = "plain"
        if index == self.cursor:
            base = "cursor" if self.has_focus else "cursor-blurred"
        shown = []
        for place, (k, cell_width) in enumerate(self._cells):
            cell = row.cells[k] if row is not None else WAITING
            text = cell.text if row is not None else (self.glyphs.more if place == 0 else "")
            style = self._style_of(cell, base)
            shown.append((fitted(text, cell_width, self.glyphs, self.columns[k].right), style))
        return _line(shown, width, self._named(base))

    def _named(self, name: str) -> Style:
        """The style of a part of the table."""
        return self.get_component_rich_style(f"row-table--{name}")

    def _style_of(self, cell: ShownCell, base: str) -> Style:
        """The style of a cell in a row of the style `base`. The same cells always have the very same
        style."""
        key = cell.tone, cell.series, base
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = self._combined(cell, self._named(base), base != "plain")
        return style

    def _combined(self, cell: ShownCell, base: Style, is_cursor: bool) -> Style:
        if cell.series is not None:
            return base + series_style(cell.series)
        if not cell.tone:
            return base
        style = self._named(cell.tone)
        return Style(color=style.color, bgcolor=base.bgcolor, bold=is_cursor or style.bold)

    def _header(self, width: int) -> Strip:
        plain, chosen = self._named("header"), self._named("sorted")
        shown = []
        for k, cell_width in self._cells:
            column = self.columns[k]
            is_sorted = column.name == self.sorted_by
            sign = (self.glyphs.down if self.is_down else self.glyphs.up) if is_sorted else ""
            title = f"{column.title}{sign}" if len(column.title) < cell_width else column.title
            text = fitted(title, cell_width, self.glyphs, column.right)
            shown.append((text, chosen if is_sorted else plain))
        return _line(shown, width, plain)


def _line(cells: Sequence[tuple[str, Style]], width: int, base: Style) -> Strip:
    """Cells in one line, with a space between them. Neighbours of one style become one segment: each
    segment costs time at every later step."""
    runs: list[tuple[Style, list[str]]] = []
    for place, (text, style) in enumerate(cells):
        for part, wanted in ((" " if place else "", base), (text, style)):
            if runs and runs[-1][0] is wanted:
                runs[-1][1].append(part)
            elif part:
                runs.append((wanted, [part]))
    segments = [Segment("".join(parts), style) for style, parts in runs]
    return Strip(segments).adjust_cell_length(width, base)
