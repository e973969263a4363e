"""Screen 2: one run, with its curves and everything that is listed of it."""

from __future__ import annotations

import time
from textwrap import wrap
from typing import ClassVar

import numpy as np
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget

from arcade_rl import words
from arcade_rl.errors import ArcadeError
from arcade_rl.runs.episodes import nearest_recorded
from arcade_rl.tui.board import BoardRow
from arcade_rl.tui.curve import CurvePlot
from arcade_rl.tui.dialogs import PageDialog, PlainText
from arcade_rl.tui.glyphs import bar, parts_within, safe
from arcade_rl.tui.measures import Measure, listed_measures
from arcade_rl.tui.pace import PicturePace
from arcade_rl.tui.panels import PANELS, Panel
from arcade_rl.tui.picture import PictureBox, PictureScreen
from arcade_rl.tui.projection import Subject
from arcade_rl.tui.report import RunReport
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow
from arcade_rl.tui.series import AXES, Axis, Measured, joined
from arcade_rl.tui.table import RowTable
from arcade_rl.tui.view import View

MOST_CURVES = 4
WHOLE = 70
"""Cells of a line of the page that shows a line of a list whole."""
WHOLE_COLUMNS = (ShownColumn("text", "", WHOLE, grows=True, most=WHOLE),)
SMOOTHING = (0, 4, 16)
"""Points before each that its mean takes in, for each press of the key."""


class RunView(View):
    """One run."""

    title = "Run"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "axis", "X axis"),
        Binding("m", "smooth", "Smooth"),
        Binding("L", "log_scale", "Log", show=False),
        Binding("b", "band", "Band", show=False),
        Binding("g", "picture", "Game"),
        Binding("t", "panel(1)", "Next list"),
        Binding("T", "panel(-1)", "List before", show=False),
        Binding("tab", "app.focus_next", "Next panel", show=False),
    ]
    DEFAULT_CSS = """
    RunView #facts { height: 2; padding: 0 1; background: $surface; text-wrap: nowrap; text-overflow: clip; }
    RunView #fault { height: auto; max-height: 2; color: $text-error; padding: 0 1; display: none; }
    RunView #fault.-shown { display: block; }
    RunView #curves { height: 3fr; grid-size: 1 1; grid-gutter: 0 1; }
    RunView #picture { width: 44%; display: none; }
    RunView #picture.-shown { display: block; }
    RunView #panel-names { height: 1; background: $panel; padding: 0 1; }
    RunView #panel { height: 2fr; }
    """

    def compose(self) -> ComposeResult:
        glyphs = self.cockpit.glyphs
        yield PlainText(id="facts")
        yield PlainText(id="fault")
        with Horizontal(id="middle"):
            with Vertical(id="left"):
                with Grid(id="curves"):
                    for slot in range(MOST_CURVES):
                        yield CurvePlot(glyphs, id=f"curve-{slot}", classes=f"curve-slot-{slot}")
                yield PlainText(id="panel-names")
                yield RowTable((), glyphs, id="panel")
            yield PictureBox(glyphs, id="picture")

    def on_mount(self) -> None:
        self._report: RunReport | None = None
        self._is_looking = False
        self._axis: Axis = "step"
        self._smoothing, self._is_log, self._panel = 1, False, 0
        self._measures: list[Measure] = []
        self._slots = list(range(MOST_CURVES))
        self._drawn: object = None
        """What the curves show: the report, as of which look, and of which measures."""
        self._waiting: list[int] = []
        """Curves that are to be drawn anew."""
        self._is_awaiting = False
        """Whether the terminal still draws a part of the curves."""
        self._pace = PicturePace()
        self._draw_panel_names()

    @property
    def command(self) -> str:
        name = self.cockpit.chosen
        if not name:
            return ""
        curve = next((one for one in self.query(CurvePlot) if one.has_focus), None)
        return str(self.cockpit.caller.report(name, curve.measure.key if curve else ""))

    def main(self) -> Widget:
        return self.query_one("#curve-0", CurvePlot)

    def opened(self) -> None:
        row = self.cockpit.chosen_row
        if row is not None and (self._report is None or self._report.run.path != row.path):
            self._report, self._measures = RunReport(row.run), []
            self._put_picture_away()
            for curve in self.query(CurvePlot):
                curve.cursor = None
            self._slots = list(range(MOST_CURVES))
        self.rows_changed()

    def rows_changed(self) -> None:
        row = self.cockpit.chosen_row
        if row is None and self._report is not None:
            self._show_fault(f"{self._report.run.name} is not there any more; this is how it was")
        if row is None or self._report is None:
            return
        self._draw_facts(row)
        if not self._is_looking:
            self._is_looking = True
            report = self._report
            self.run_worker(lambda: self._look(report, row), thread=True, group="run")

    def _look(self, report: RunReport, row: BoardRow) -> None:
        """Read the run. Runs in a thread of its own."""
        try:
            report.look(row)
            self.cockpit.hand_over(self._show_report)
        finally:
            self._is_looking = False

    def _show_report(self) -> None:
        report, row = self._report, self.cockpit.chosen_row
        if report is None:
            return
        if row is not None:
            self._show_fault(report.reading.fault or row.fault)
        history = report.history
        self._measures = listed_measures(
            history.metrics, history.terms, history.update_measures, row.metric if row else ""
        )
        drawn = (report, history.version, self._measures)
        if drawn != self._drawn:
            self._drawn = drawn
            self._draw_curves()
        self._draw_panel()
        self._draw_panel_names()

    def on_descendant_focus(self) -> None:
        """The command below is that of the panel which has the focus."""
        self.cockpit.draw_status()

    def _show_fault(self, text: str) -> None:
        line = self.query_one("#fault", PlainText)
        line.say(safe(text, self.cockpit.glyphs))
        line.set_class(bool(text), "-shown")

    # --- drawing ---------------------------------------------------------------------------------

    def _draw_facts(self, row: BoardRow) -> None:
        glyphs, width = self.cockpit.glyphs, self.size.width - 2
        of_all = f" of {words.short_count(row.total_steps)} steps"
        parts = [
            (0, words.percent(row.progress)),
            (4, bar(row.progress, max(width // 6, 10), glyphs)),
            (3, f"chunk {row.chunk}/{row.chunks or '?'}"),
            (0, f"{words.short_count(row.steps)}{of_all}"),
        ]
        if row.steps_per_s is not None:
            parts.append((2, f"{row.steps_per_s:,.0f} steps/s"))
        if row.left_s is not None:
            parts.append((1, f"{words.rough_duration(row.left_s)} left"))
        facts = [(0, f"return {words.cell(row.mean_return)}"), (1, f"best {words.cell(row.best)}")]
        if row.metric:
            facts.append((2, f"{row.metric} {words.cell(row.mean)}"))
        facts.append((3, f"{words.short_count(row.episodes)} episodes"))
        facts.append((4, f"{row.game}, seed {row.seed}"))
        if row.pid is not None:
            facts.append((5, f"process {row.pid}"))
        if row.reason:
            facts.append((0, row.reason))
        name = f"{safe(row.name, glyphs)}  {row.state}  "
        first = Content.assemble(
            Content.styled(safe(row.name, glyphs), "bold"),
            safe(f"  {row.state}  {parts_within(parts, width - cell_len(name))}", glyphs),
        )
        second = safe(parts_within(facts, width), glyphs)
        self.query_one("#facts", PlainText).update(first + "\n" + second, layout=False)

    def _draw_curves(self) -> None:
        """Draw the curves, no more at once than the terminal draws in a moment, so that no key has to
        wait for all of them."""
        self._waiting += [slot for slot in range(MOST_CURVES) if slot not in self._waiting]
        if not self._is_awaiting:
            self._draw_next()

    def _draw_next(self) -> None:
        """Draw the next part of the curves."""
        self._is_awaiting = False
        sent, curves = 0, list(self.query(CurvePlot))
        while sent < self._pace.budget:
            curve = next((one for one in curves if one.display and not one.is_sent), None)
            if curve is not None:
                sent += curve.send(self._pace.budget - sent)
            elif self._waiting:
                slot = self._waiting.pop(0)
                self._prepare_curve(slot, curves[slot])
            else:
                break
        if sent and self.is_shown:
            self._is_awaiting = True
            self.call_after_refresh(self._ask, time.monotonic(), sent)

    def _ask(self, began: float, sent: int) -> None:
        self.cockpit.ask_terminal(lambda: self._was_drawn(began, sent))

    def _was_drawn(self, began: float, sent: int) -> None:
        self._pace.took(sent, time.monotonic() - began)
        self._draw_next()

    def _prepare_curve(self, slot: int, curve: CurvePlot) -> None:
        if self._report is None or not self._measures or not curve.display:
            return
        measure = self._measures[self._slots[slot] % len(self._measures)]
        measured = self._report.history.measured(measure.key)
        if measure.is_negative:
            measured = Measured(measured.steps, measured.times, measured.episodes, -measured.values)
        smoothing = SMOOTHING[self._smoothing]
        series = joined(measured, self._axis, curve.points, measure.title, smoothing, slot)
        is_other = measure.key != curve.measure.key
        curve.prepare(measure, [series], self._axis, self._is_log)
        if is_other and curve.has_focus:
            self.cockpit.draw_status()

    def _draw_panel_names(self) -> None:
        findings = len(self._report.reading.findings) if self._report else 0
        parts: list[Content | str] = []
        for number, panel in enumerate(PANELS):
            count = f" {findings}" if panel.name == "Health" and findings else ""
            style = "reverse bold" if number == self._panel else "bold" if count else ""
            parts.append(Content.styled(f" {panel.name}{count} ", style))
        names = self.query_one("#panel-names", PlainText)
        names.update(Content.assemble(*parts), layout=False)

    def _draw_panel(self) -> None:
        if self._report is None:
            return
        panel, table = PANELS[self._panel], self.query_one("#panel", RowTable)
        table.columns = panel.columns(self._report.reading)
        table.empty = panel.empty
        table.show_rows(panel.rows(self._report.reading))

    # --- keys ------------------------------------------------------------------------------------

    def action_axis(self) -> None:
        self._axis = AXES[(AXES.index(self._axis) + 1) % len(AXES)]
        self._draw_curves()

    def action_smooth(self) -> None:
        self._smoothing = (self._smoothing + 1) % len(SMOOTHING)
        self._draw_curves()
        points = SMOOTHING[self._smoothing]
        self.say(f"smoothed over {points + 1} points" if points else "not smoothed")

    def action_log_scale(self) -> None:
        self._is_log = not self._is_log
        self._draw_curves()

    def action_band(self) -> None:
        for curve in self.query(CurvePlot):
            curve.with_band = not curve.with_band
        self._draw_curves()

    def action_panel(self, by: int) -> None:
        self._panel = (self._panel + by) % len(PANELS)
        self._draw_panel_names()
        self._draw_panel()

    def action_picture(self) -> None:
        """Show what the training plays now: beside the curves where there is room."""
        row = self.cockpit.chosen_row
        if row is None:
            return
        subject = Subject("live", row.path, 0)
        box = self.query_one("#picture", PictureBox)
        if box.has_class("-shown"):
            self._put_picture_away()
        elif self.app.screen.has_class("-wide"):
            box.add_class("-shown")
            self.call_after_refresh(box.project, subject)
        else:
            self.app.push_screen(
                PictureScreen(subject, self.cockpit.glyphs, self.cockpit.action_watch_run)
            )

    def _put_picture_away(self) -> None:
        box = self.query_one("#picture", PictureBox)
        box.close()
        box.remove_class("-shown")

    def left(self) -> None:
        self._put_picture_away()

    def on_curve_plot_cycled(self, event: CurvePlot.Cycled) -> None:
        slot = list(self.query(CurvePlot)).index(event.curve)
        if self._measures:
            self._slots[slot] = (self._slots[slot] + event.by) % len(self._measures)
            self._draw_curves()

    def on_curve_plot_point_chosen(self, event: CurvePlot.PointChosen) -> None:
        """Open the recorded episode that is nearest to the cursor."""
        if self._report is None:
            return
        try:
            number = nearest_recorded(self._report.run, self._number_at(event.x))
        except (ArcadeError, OSError) as error:
            self.say(str(error))
            return
        if number is None:
            self.say("no episode of this run is recorded")
        else:
            self.cockpit.open_episode(number)

    def _number_at(self, x: float) -> int:
        """Number of the episode that ended at a place of the x axis."""
        assert self._report is not None
        episodes = self._report.history.measured("return")
        if not len(episodes):
            return 0
        place = int(np.argmin(np.abs(episodes.along(self._axis) - x)))
        return int(episodes.episodes[place])

    def on_row_table_row_chosen(self, event: RowTable.RowChosen) -> None:
        row, panel = event.table.row(event.index), PANELS[self._panel]
        if row is None or self.is_covered:
            return
        if panel.name != "Health":
            self._show_whole(panel, row)
            return
        places = [k for k, measure in enumerate(self._measures) if measure.key == row.key]
        if places:
            self._slots[0] = places[0]
            self._draw_curves()
            self.query_one("#curve-0", CurvePlot).focus()

    def _show_whole(self, panel: Panel, row: ShownRow) -> None:
        """Show everything that a line of a list says, which its columns may have cut."""
        assert self._report is not None
        titles = [column.title for column in panel.columns(self._report.reading)]
        lines = [
            line
            for title, cell in zip(titles, row.cells, strict=True)
            if cell.text
            for line in wrap(f"{title}: {cell.text}" if title else cell.text, WHOLE)
        ]
        glyphs = self.cockpit.glyphs
        rows = [ShownRow(line, (ShownCell(line),)) for line in lines]
        self.app.push_screen(PageDialog(panel.name, WHOLE_COLUMNS, lambda: rows, glyphs))

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw_anew)

    def _draw_anew(self) -> None:
        """Draw what depends on the size."""
        row = self.cockpit.chosen_row
        if row is not None and self._report is not None:
            self._draw_facts(row)
        self._draw_curves()
