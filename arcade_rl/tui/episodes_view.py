"""Screen 3: the recorded episodes of a run. Only the pages on the screen are read."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from arcade_rl.errors import ArcadeError, UsageError
from arcade_rl.runs import looks
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import EpisodeRow, Query, find_numbers, read_numbered
from arcade_rl.tui.episode_rows import (
    HINT,
    columns_of_episodes,
    parse_query,
    row_of_episode,
    words_of,
)
from arcade_rl.tui.picture import PictureScreen
from arcade_rl.tui.projection import Subject
from arcade_rl.tui.rows import ShownRow
from arcade_rl.tui.table import RowTable
from arcade_rl.tui.view import FilterLine, View

PAGE = 100
MOST_PAGES = 50


class EpisodesView(View):
    """The table of recorded episodes."""

    title = "Episodes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter"),
        Binding("w", "window", "Window"),
        Binding("e", "film", "Film"),
        Binding("V", "verify", "Verify"),
        Binding("less_than_sign", "sort(-1)", "Sort by the column before", show=False),
        Binding("greater_than_sign", "sort(1)", "Sort by the next column", show=False),
        Binding("equals_sign", "reverse", "Reverse the order", show=False),
    ]

    def compose(self) -> ComposeResult:
        yield FilterLine(HINT)
        yield RowTable(columns_of_episodes(()), self.cockpit.glyphs, empty="reading")

    def on_mount(self) -> None:
        self._run: RunDirectory | None = None
        self._metrics: list[str] = []
        self._query = Query()
        self._numbers: list[int] = []
        self._pages: OrderedDict[int, list[EpisodeRow]] = OrderedDict()
        self._wanted: set[int] = set()
        self._seen: object = None
        self._goal: int | None = None
        """Number of the episode on which the cursor is to stand once it is read."""

    @property
    def table(self) -> RowTable:
        return self.query_one(RowTable)

    def main(self) -> RowTable:
        return self.table

    @property
    def command(self) -> str:
        name = self.cockpit.chosen
        if not name:
            return ""
        call = self.cockpit.caller.of_runs(
            "episodes", "list", name, *words_of(self._query), "--json"
        )
        return str(call)

    @property
    def chosen(self) -> int | None:
        """Number of the episode under the cursor."""
        place = self.table.cursor
        return self._numbers[place] if place < len(self._numbers) else None

    # --- reading ---------------------------------------------------------------------------------

    def opened(self) -> None:
        row = self.cockpit.chosen_row
        if row is not None and (self._run is None or self._run.path != row.path):
            self._run, self._query, self._seen = row.run, Query(), None
            self._numbers, self._metrics = [], []
            self._show()
        self.rows_changed()

    def go_to(self, number: int) -> None:
        """Put the cursor on an episode."""
        self._goal = number
        self._seen = None
        self.rows_changed()

    def rows_changed(self) -> None:
        """Read the list again where chunks have ended since."""
        row = self.cockpit.chosen_row
        if row is None or self._run is None:
            return
        seen = (row.chunk, row.episodes if not row.is_live else 0, self._query, row.path)
        if seen != self._seen:
            self._seen = seen
            run, query = self._run, self._query
            self.run_worker(
                lambda: self._read(run, query), thread=True, exclusive=True, group="list"
            )

    def _read(self, run: RunDirectory, query: Query) -> None:
        """Read which episodes there are. Runs in a thread of its own."""
        try:
            with looks.looking(run.database) as database:
                metrics = database.metric_names()
            numbers, fault = find_numbers(run, query), ""
        except (ArcadeError, OSError) as error:
            metrics, numbers, fault = [], [], str(error)
        self.cockpit.hand_over(self._take, run, query, metrics, numbers, fault)

    def _take(
        self, run: RunDirectory, query: Query, metrics: list[str], numbers: list[int], fault: str
    ) -> None:
        if run != self._run or query != self._query:
            return
        self._metrics, self._numbers = metrics, numbers
        is_filtered = bool(query.conditions or query.reason or query.opponent)
        self.table.empty = fault or (
            "no episode meets the filter" if is_filtered else "no recorded episode yet"
        )
        self._show()
        self.say(fault or f"{len(numbers):,} recorded episodes of {run.name}")

    def _show(self) -> None:
        self._pages.clear()
        self._wanted.clear()
        table = self.table
        table.columns = columns_of_episodes(self._metrics)
        table.sorted_by, table.is_down = self._query.column, self._query.sort.startswith("-")
        goal = None
        if self._goal in self._numbers:
            goal = self._numbers.index(self._goal)
            self._goal = None
        table.show(len(self._numbers), self._row, goal)

    def _row(self, index: int) -> ShownRow | None:
        page = self._pages.get(index // PAGE)
        if page is None:
            self._want(index // PAGE)
            return None
        place = index % PAGE
        beside = index // PAGE + (1 if place > PAGE // 2 else -1)
        if 0 <= beside * PAGE < len(self._numbers) and beside not in self._pages:
            self._want(beside)  # the cursor is on its way there
        return row_of_episode(page[place], self._metrics) if place < len(page) else None

    def _want(self, number: int) -> None:
        """Let a page be read."""
        if number in self._wanted or self._run is None:
            return
        self._wanted.add(number)
        run, numbers = self._run, self._numbers[number * PAGE : (number + 1) * PAGE]
        before = self._numbers

        def read() -> None:
            try:
                rows = read_numbered(run, numbers)
            except (ArcadeError, OSError) as error:
                self.cockpit.hand_over(self._lose, before, str(error))
                return
            self.cockpit.hand_over(self._take_page, before, number, rows)

        self.run_worker(read, thread=True, group="pages")

    def _lose(self, numbers: list[int], fault: str) -> None:
        """Say in place of the episodes why they cannot be read, until the run has changed."""
        if numbers is self._numbers and self._run is not None:
            self._take(self._run, self._query, self._metrics, [], fault)

    def _take_page(self, numbers: list[int], page: int, rows: list[EpisodeRow]) -> None:
        if numbers is not self._numbers:
            return
        self._pages[page] = rows
        self._wanted.discard(page)
        while len(self._pages) > MOST_PAGES:
            self._pages.popitem(last=False)
        self.table.refresh_changed()

    # --- keys ------------------------------------------------------------------------------------

    def _ask(self, query: Query) -> None:
        if query != self._query:
            self._query = query
            self.rows_changed()

    def action_filter(self) -> None:
        self.query_one(FilterLine).open(self.query_one(FilterLine).value)

    def on_filter_line_filter_changed(self, event: FilterLine.FilterChanged) -> None:
        try:
            query = parse_query(event.text)
        except UsageError as error:
            self.say(str(error))
            return
        has_order = "sort:" in event.text
        self._ask(query if has_order else replace(query, sort=self._query.sort))

    def on_input_submitted(self, _: Input.Submitted) -> None:
        self.table.focus()

    def action_sort(self, by: int) -> None:
        names = [column.name for column in self.table.columns if column.name != "kept for"]
        place = names.index(self._query.column) if self._query.column in names else 0
        self._order_by(names[(place + by) % len(names)])

    def _order_by(self, name: str) -> None:
        down = "-" if self._query.sort.startswith("-") else ""
        self._ask(replace(self._query, sort=f"{down}{name}"))

    def action_reverse(self) -> None:
        column = self._query.column
        down = "" if self._query.sort.startswith("-") else "-"
        self._ask(replace(self._query, sort=f"{down}{column}"))

    def on_row_table_header_chosen(self, event: RowTable.HeaderChosen) -> None:
        if event.column == self._query.column:
            self.action_reverse()
        elif event.column != "kept for":
            self._order_by(event.column)

    @property
    def episode(self) -> str:
        """The episode under the cursor, as command lines name it; "" where there is none."""
        return f"{self.cockpit.chosen}:{self.chosen}" if self.chosen is not None else ""

    def on_row_table_row_chosen(self, _: RowTable.RowChosen) -> None:
        """Play the episode in the terminal."""
        if self._run is not None and self.chosen is not None and not self.is_covered:
            subject = Subject("episode", self._run.path, self.chosen)
            self.app.push_screen(PictureScreen(subject, self.cockpit.glyphs, self.action_window))

    def action_window(self) -> None:
        if self.episode:
            self.cockpit.start(self.cockpit.caller.watch(self.episode), f"window on {self.episode}")

    def action_film(self) -> None:
        if self.episode:
            self.cockpit.start(self.cockpit.caller.film(self.episode), f"film of {self.episode}")

    def action_verify(self) -> None:
        if self.chosen is not None:
            call = self.cockpit.caller.verify(self.cockpit.chosen, [self.chosen])
            self.cockpit.start(call, f"verify {self.episode}")

    def leave(self) -> bool:
        line = self.query_one(FilterLine)
        if line.is_open:
            line.close()
            self.table.focus()
            return True
        return False
