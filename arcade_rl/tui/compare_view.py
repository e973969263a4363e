"""Several runs side by side: their curves over each other, and where their configurations differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen

from arcade_rl.config import flatten
from arcade_rl.errors import ArcadeError
from arcade_rl.runs import looks
from arcade_rl.runs.lineage import lineage
from arcade_rl.tui.board import BoardRow
from arcade_rl.tui.colours import colour_of
from arcade_rl.tui.curve import CurvePlot
from arcade_rl.tui.dialogs import PlainText
from arcade_rl.tui.footer import KeyLine
from arcade_rl.tui.glyphs import Glyphs, safe
from arcade_rl.tui.history import History
from arcade_rl.tui.measures import Measure, listed_measures
from arcade_rl.tui.plot import sign_of_series
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow
from arcade_rl.tui.series import AXES, Axis, joined
from arcade_rl.tui.table import RowTable

if TYPE_CHECKING:
    from arcade_rl.tui.app import Cockpit

SMOOTHING = (0, 4, 16)


def differing(configurations: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Every key whose values are not the same in all configurations, with the value of each."""
    keys = dict.fromkeys(key for one in configurations for key in one)
    found = []
    for key in keys:
        values = [one.get(key, "-") for one in configurations]
        if any(value != values[0] for value in values[1:]):
            found.append((key, [str(value) for value in values]))
    return found


class CompareScreen(Screen[None]):
    """Runs over each other."""

    CSS = """
    CompareScreen #names { height: 1; background: $panel; padding: 0 1; }
    CompareScreen CurvePlot { height: 2fr; }
    CompareScreen RowTable { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,c", "leave", "Back"),
        Binding("x", "axis", "X axis"),
        Binding("m", "smooth", "Smooth"),
        Binding("L", "log_scale", "Log"),
    ]

    def __init__(
        self, rows: Sequence[BoardRow], colours: Mapping[str, int], glyphs: Glyphs
    ) -> None:
        super().__init__()
        self._rows, self._colours, self._glyphs = rows, colours, glyphs
        self._histories: dict[str, History] = {}
        self._before: dict[str, int] = {}
        """Steps that the runs had trained which each run was forked from."""
        self._faults: list[str] = []
        self._axis: Axis = "step"
        self._smoothing, self._is_log, self._place = 1, False, 0

    def compose(self) -> ComposeResult:
        yield PlainText(id="names")
        yield CurvePlot(self._glyphs)
        yield RowTable((), self._glyphs, empty="the configurations are the same")
        yield KeyLine()

    def on_mount(self) -> None:
        self.set_class(self._glyphs.is_ascii, "ascii")
        self.query_one(CurvePlot).focus()
        self._show_names()
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
        parts += [safe(f"; {fault}", self._glyphs) for fault in self._faults]
        self.query_one("#names", PlainText).update(Content.assemble(*parts))

    def _show_differences(self) -> None:
        configurations = []
        for row in self._rows:
            try:
                configurations.append(dict(flatten(row.run.saved().values)))
            except ArcadeError as error:
                configurations.append({"(not readable)": str(error)})
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
                            ShownCell(value, series=self._colours.get(row.name, 0))
                            for row, value in zip(self._rows, values, strict=True)
                        ),
                    ),
                )
                for key, values in differing(configurations)
            ]
        )

    def _read(self) -> None:
        """Read the runs. Runs in a thread of its own."""
        for row in self._rows:
            history = History()
            try:
                with looks.looking(row.run.database) as database:
                    history.look(database)
            except (ArcadeError, OSError) as error:
                self._faults.append(f"{row.name}: {error}")
                continue
            self._before[row.name] = lineage(row.run)[-1].before
            self._histories[row.name] = history  # last: what is here may be drawn at any time
        cast("Cockpit", self.app).hand_over(self._draw)

    @property
    def _measures(self) -> list[Measure]:
        """Measures that any of the runs has."""
        found: dict[str, Measure] = {}
        for row in self._rows:
            history = self._histories.get(row.name)
            if history is not None:
                listed = listed_measures(
                    history.metrics, history.terms, history.update_measures, row.metric
                )
                found |= {one.key: one for one in listed}
        return list(found.values())

    def _draw(self) -> None:
        curve, measures = self.query_one(CurvePlot), self._measures
        if not measures:
            return
        measure = measures[self._place % len(measures)]
        series = []
        for row in reversed(self._rows):  # the first one, which is pinned, is drawn on top
            try:
                measured = self._histories[row.name].measured(measure.key)
            except KeyError:
                continue
            measured = measured.later(self._before[row.name])  # a fork goes on where its parent was
            smoothing, colour = SMOOTHING[self._smoothing], self._colours.get(row.name, 0)
            series.append(joined(measured, self._axis, curve.points, row.name, smoothing, colour))
        curve.show(measure, series, self._axis, self._is_log)
        self._show_names()

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

    def action_leave(self) -> None:
        self.dismiss()
