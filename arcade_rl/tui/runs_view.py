"""Screen 1: all runs of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from arcade_rl.errors import UsageError
from arcade_rl.runs.lineage import as_tree
from arcade_rl.tui.board import BoardRow
from arcade_rl.tui.dialogs import PickDialog
from arcade_rl.tui.ordering import NUMBERS, TEXTS, arranged, parse_filter
from arcade_rl.tui.rows import ShownRow
from arcade_rl.tui.run_rows import COLUMNS, columns_of, counted_states, row_of, said_of
from arcade_rl.tui.table import RowTable
from arcade_rl.tui.view import FilterLine, View

MOST_MARKED = 8
SORTS = (*TEXTS, *NUMBERS)


class RunsView(View):
    """The table of runs."""

    title = "Runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter"),
        Binding("space", "mark", "Mark"),
        Binding("c", "compare", "Compare"),
        Binding("i", "pin", "Pin"),
        Binding("n", "app.show('start')", "New"),
        Binding("less_than_sign", "sort(-1)", "Sort by the column before", show=False),
        Binding("greater_than_sign", "sort(1)", "Sort by the next column", show=False),
        Binding("equals_sign", "reverse", "Reverse the order", show=False),
        Binding("C", "columns", "Columns", show=False),
    ]

    def compose(self) -> ComposeResult:
        yield FilterLine("name, state:training, return>=10")
        yield RowTable(
            columns_of(self.cockpit.settings.columns), self.cockpit.glyphs,
            empty="no runs yet: n starts one",
        )  # fmt: skip

    @property
    def table(self) -> RowTable:
        return self.query_one(RowTable)

    @property
    def command(self) -> str:
        return str(self.cockpit.caller.of_runs("runs", "list", "--json"))

    def main(self) -> RowTable:
        return self.table

    def on_mount(self) -> None:
        self._rows: list[BoardRow] = []
        self._depths: list[int] = []
        """Number of the runs above each row that it comes from."""
        self._filter = ""
        self.rows_changed()

    def rows_changed(self) -> None:
        """Show the runs as they are now."""
        settings = self.cockpit.settings
        runs = arranged(self._filtered(), settings.sort, settings.is_down, [settings.pinned])
        tree = as_tree(runs)
        self._rows, self._depths = [row for row, _ in tree], [depth for _, depth in tree]
        table = self.table
        table.sorted_by = {"metric": "mean"}.get(settings.sort, settings.sort)
        table.is_down = settings.is_down
        is_filtered = bool(self._filter)
        table.empty = "no run meets the filter" if is_filtered else "no runs yet: n starts one"
        table.show_keyed([row.name for row in self._rows], self._row)
        self._tell()

    def _row(self, index: int) -> ShownRow | None:
        if index >= len(self._rows):
            return None
        settings, cockpit = self.cockpit.settings, self.cockpit
        row = self._rows[index]
        marked, depth = cockpit.marked, self._depths[index]
        return row_of(row, settings.columns, marked, [settings.pinned], cockpit.glyphs, depth)

    def _filtered(self) -> Sequence[BoardRow]:
        try:
            meets = parse_filter(self._filter)
        except UsageError:  # the line says it while it is typed
            return self.cockpit.rows
        return [row for row in self.cockpit.rows if meets(row)]

    def _tell(self) -> None:
        row = self.chosen
        self.say(said_of(row) if row else counted_states(self.cockpit.rows))

    @property
    def chosen(self) -> BoardRow | None:
        """The run under the cursor."""
        place = self.table.cursor
        return self._rows[place] if place < len(self._rows) else None

    # --- what is done ----------------------------------------------------------------------------

    def on_row_table_cursor_moved(self, _: RowTable.CursorMoved) -> None:
        if self.is_shown and self.chosen is not None:
            self.cockpit.choose(self.chosen.name)
        self._tell()

    def opened(self) -> None:
        if self.chosen is not None:
            self.cockpit.choose(self.chosen.name)

    def on_row_table_row_chosen(self, _: RowTable.RowChosen) -> None:
        self.cockpit.action_show("run")

    def on_row_table_header_chosen(self, event: RowTable.HeaderChosen) -> None:
        if event.column in SORTS:
            settings = self.cockpit.settings
            is_down = not settings.is_down if settings.sort == event.column else True
            self._set_order(event.column, is_down)

    def action_sort(self, by: int) -> None:
        place = (
            SORTS.index(self.cockpit.settings.sort) if self.cockpit.settings.sort in SORTS else 0
        )
        self._set_order(SORTS[(place + by) % len(SORTS)], self.cockpit.settings.is_down)

    def action_reverse(self) -> None:
        self._set_order(self.cockpit.settings.sort, not self.cockpit.settings.is_down)

    def _set_order(self, sort: str, is_down: bool) -> None:
        self.cockpit.settings = replace(self.cockpit.settings, sort=sort, is_down=is_down)
        self.rows_changed()
        self.say(f"sorted by {sort}, {'largest' if is_down else 'smallest'} first")

    def action_filter(self) -> None:
        self.query_one(FilterLine).open(self._filter or self.cockpit.settings.filter)

    def on_filter_line_filter_changed(self, event: FilterLine.FilterChanged) -> None:
        try:
            parse_filter(event.text)
        except UsageError as error:
            self.say(str(error))
            return
        self._filter = event.text
        if event.text:
            self.cockpit.settings = replace(self.cockpit.settings, filter=event.text)
        self.rows_changed()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        self.table.focus()

    def action_mark(self) -> None:
        row = self.chosen
        if row is None:
            return
        marked = self.cockpit.marked
        if row.name in marked:
            del marked[row.name]
        elif len(marked) >= MOST_MARKED:
            self.say(f"{MOST_MARKED} runs are marked, which is the most")
            return
        else:
            marked[row.name] = min(set(range(MOST_MARKED)) - set(marked.values()))
        self.rows_changed()
        self.table.action_move(1)

    def action_pin(self) -> None:
        row = self.chosen
        if row is not None:
            before = self.cockpit.settings.pinned
            pinned = "" if before == row.name else row.name
            self.cockpit.settings = replace(self.cockpit.settings, pinned=pinned)
            self.rows_changed()

    def action_compare(self) -> None:
        self.cockpit.compare()

    def action_columns(self) -> None:
        names = [(name, what) for name, (_, what) in COLUMNS.items()]

        def take(chosen: list[str] | None) -> None:
            if chosen is not None:
                self.cockpit.settings = replace(self.cockpit.settings, columns=tuple(chosen))
                self.table.columns = columns_of(chosen)
                self.rows_changed()

        dialog = PickDialog("Columns", names, self.cockpit.settings.columns, self.cockpit.glyphs)
        self.app.push_screen(dialog, take)

    def leave(self) -> bool:
        if self._filter or self.query_one(FilterLine).is_open:
            self._filter = ""
            self.query_one(FilterLine).close()
            self.rows_changed()
            self.table.focus()
            return True
        return False
