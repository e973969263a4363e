"""Several runs side by side: their curves over each other, and where their configurations differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen

from arcade_rl.tui.board import BoardRow
from arcade_rl.tui.colours import colour_of
from arcade_rl.tui.comparison import ComparedRuns
from arcade_rl.tui.curve import CurvePlot
from arcade_rl.tui.dialogs import PlainText
from arcade_rl.tui.footer import KeyLine
from arcade_rl.tui.glyphs import Glyphs, fitted, safe
from arcade_rl.tui.plot import sign_of_series
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow
from arcade_rl.tui.series import AXES, Axis, joined
from arcade_rl.tui.table import RowTable

if TYPE_CHECKING:
    from arcade_rl.tui.app import Cockpit

SMOOTHING = (0, 4, 16)


class CompareScreen(Screen[None]):
    """Runs over each other."""

    TITLE = "Compare"
    CSS = """
    CompareScreen #command { height: 1; background: $panel; color: $text-muted; }
    CompareScreen #names { height: 1; background: $panel; padding: 0 1; }
    CompareScreen CurvePlot { height: 2fr; }
    CompareScreen RowTable { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,c", "leave", "Back"),
        Binding("x", "axis", "X axis"),
        Binding("m", "smooth", "Smooth"),
        Binding("L", "log_scale", "Log"),
        Binding("y", "copy", "Copy the command"),
    ]

    def __init__(
        self, rows: Sequence[BoardRow], colours: Mapping[str, int], glyphs: Glyphs
    ) -> None:
        super().__init__()
        self._rows, self._colours, self._glyphs = rows, colours, glyphs
        self._compared = ComparedRuns(rows)
        self._measure = ""
        """Name of the measure that is drawn; "" before the runs are read."""
        self._axis: Axis = "step"
        self._smoothing, self._is_log, self._place = 1, False, 0

    @property
    def cockpit(self) -> Cockpit:
        """The program."""
        return cast("Cockpit", self.app)

    @property
    def command(self) -> str:
        """The command line that gives what is shown as JSON."""
        return str(self.cockpit.caller.compare([row.name for row in self._rows], self._measure))

    def compose(self) -> ComposeResult:
        yield PlainText(id="names")
        yield CurvePlot(self._glyphs)
        yield RowTable((), self._glyphs, empty="the configurations are the same")
        yield PlainText(id="command")
        yield KeyLine()

    def on_mount(self) -> None:
        self.set_class(self._glyphs.is_ascii, "ascii")
        curve = self.query_one(CurvePlot)
        curve.has_episodes = False  # which of the runs is meant, nobody knows
        curve.focus()
        self._show_names()
        self._show_command()
        self._show_differences()
        self.run_worker(self._read, thread=True)

    def _show_names(self) -> None:
        """Which runs these are, each in the colour of its curve, and which cannot be read."""
        parts: list[Content | str] = []
        for row in self._rows:
            colour = self._colours.get(row.name, 0)
            sign = f"{sign_of_series(colour)} " if self._glyphs.is_ascii else ""
            name = f"{sign}{safe(row.name, self._glyphs)}"
            parts += [", " if parts else "Compare ", Content.styled(name, colour_of(colour))]
        parts += [safe(f"; {fault}", self._glyphs) for fault in self._compared.faults]
        self.query_one("#names", PlainText).update(Content.assemble(*parts))

    def _show_differences(self) -> None:
        table = self.query_one(RowTable)
        table.columns = (
            ShownColumn("key", "what differs", 16, grows=True, most=34),
            *(ShownColumn(row.name, row.name, 10, grows=True, most=30) for row in self._rows),
        )
        table.show_rows(
            [
                ShownRow(
                    key,
                    (
                        ShownCell(key),
                        *(
                            ShownCell(
                                "-" if value is None else str(value),
                                series=self._colours.get(row.name, 0),
                            )
                            for row, value in zip(self._rows, values, strict=True)
                        ),
                    ),
                )
                for key, values in self._compared.differences
            ]
        )

    def _read(self) -> None:
        """Read the runs. Runs in a thread of its own."""
        self._compared.read()
        self.cockpit.hand_over(self._draw)

    def _draw(self) -> None:
        curve, measures = self.query_one(CurvePlot), self._compared.measures
        self._show_names()
        if not measures:
            return
        measure = measures[self._place % len(measures)]
        self._measure = measure.key
        series = []
        for place, row in reversed(list(enumerate(self._rows))):  # the first one is drawn on top
            measured = self._compared.course(place, measure.key)
            if measured is None:
                continue
            smoothing, colour = SMOOTHING[self._smoothing], self._colours.get(row.name, 0)
            series.append(joined(measured, self._axis, curve.points, row.name, smoothing, colour))
        curve.show(measure, series, self._axis, self._is_log)
        self._show_command()

    def _show_command(self) -> None:
        width = max(self.size.width - 2, 0)
        text = safe(self.command, self._glyphs)
        text = fitted(text if len(text) <= width else "", width, self._glyphs, right=True)
        self.query_one("#command", PlainText).say(f" {text} ")

    def action_axis(self) -> None:
        self._axis = AXES[(AXES.index(self._axis) + 1) % len(AXES)]
        self._draw()

    def action_smooth(self) -> None:
        self._smoothing = (self._smoothing + 1) % len(SMOOTHING)
        self._draw()

    def action_log_scale(self) -> None:
        self._is_log = not self._is_log
        self._draw()

    def on_curve_plot_cycled(self, event: CurvePlot.Cycled) -> None:
        self._place += event.by
        self._draw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.command)
        self.query_one("#command", PlainText).say(
            fitted(f" copied: {self.command}", self.size.width, self._glyphs)
        )

    def action_leave(self) -> None:
        self.dismiss()
