"""A curve on the screen, with its axes, its cursor and one line that explains it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from arcade_rl.tui import plot
from arcade_rl.tui.colours import band_style, series_style
from arcade_rl.tui.glyphs import UNICODE, Glyphs, fitted
from arcade_rl.tui.measures import Measure
from arcade_rl.tui.series import Axis, ShownSeries, nearest_point
from arcade_rl.words import clock_duration

TOP, BOTTOM = 2, 1
"""Lines above and below the curve itself: title and explanation, and the x axis."""
NEITHER = "no value yet"
LINE_BYTES = 3
"""About how many bytes a terminal is sent for each cell of a line."""


class CurvePlot(Widget, can_focus=True):
    """Curves of one measure."""

    DEFAULT_CSS = """
    CurvePlot { height: 1fr; background: $surface; color: $foreground; }
    CurvePlot > .curve--title { text-style: bold; color: $foreground; background: $panel; }
    CurvePlot > .curve--title-focused { text-style: bold; color: $foreground; background: $primary-muted; }
    CurvePlot > .curve--note { color: $text-muted; }
    CurvePlot > .curve--axis { color: $text-muted; }
    CurvePlot > .curve--good { color: $text-success; }
    CurvePlot > .curve--warn { color: $text-warning; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "curve--title", "curve--title-focused", "curve--note", "curve--axis", "curve--good",
        "curve--warn",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Cursor left", show=False),
        Binding("right,l", "move(1)", "Cursor right", show=False),
        Binding("shift+left,H", "move(-10)", "Ten points left", show=False),
        Binding("shift+right", "move(10)", "Ten points right", show=False),
        Binding("home", "move_to(0)", "First point", show=False),
        Binding("end", "move_to(-1)", "Last point", show=False),
        Binding("left_square_bracket,up,k", "cycle(-1)", "Measure before", show=False),
        Binding("right_square_bracket,down,j", "cycle(1)", "Next measure", show=False),
        Binding("enter", "choose", "Episode"),
    ]

    cursor: reactive[int | None] = reactive(None)

    class Cycled(Message):
        """Another measure is wanted."""

        def __init__(self, curve: CurvePlot, by: int) -> None:
            super().__init__()
            self.curve, self.by = curve, by

        @property
        def control(self) -> CurvePlot:
            return self.curve

    class PointChosen(Message):
        """The episode at the cursor is wanted."""

        def __init__(self, curve: CurvePlot, x: float) -> None:
            super().__init__()
            self.curve, self.x = curve, x

        @property
        def control(self) -> CurvePlot:
            return self.curve

    def __init__(
        self, glyphs: Glyphs = UNICODE, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self.measure = Measure("", "", "")
        self.axis: Axis = "step"
        self.is_log = False
        self.with_band = True
        self.has_episodes = True
        """Whether a point of the curve leads to an episode."""
        self._series: Sequence[ShownSeries] = ()
        self._lines: list[list[plot.PlotCell]] = []
        self._limits: plot.Limits | None = None
        self._drawn: list[object] = []
        """What is on each line."""
        self._unsent: set[int] = set()
        """Lines that the terminal shows as they were before."""

    @property
    def points(self) -> int:
        """Number of points that the widget can tell apart."""
        return max(self.size.width - plot.LABEL - 1, 8)

    def show(
        self, measure: Measure, series: Sequence[ShownSeries], axis: Axis, is_log: bool
    ) -> None:
        """Show these curves of a measure."""
        self.prepare(measure, series, axis, is_log)
        self.send(math.inf)

    def prepare(
        self, measure: Measure, series: Sequence[ShownSeries], axis: Axis, is_log: bool
    ) -> None:
        """Show these curves of a measure as soon as `send` is called."""
        self.measure, self._series, self.axis, self.is_log = measure, series, axis, is_log
        self._compute()

    @property
    def is_sent(self) -> bool:
        """Whether the terminal has everything that there is to show."""
        return not self._unsent

    def send(self, most: float) -> int:
        """Send changed lines, one at least and no more than about `most` bytes, and say how many bytes
        that are."""
        sent, line_bytes = 0, LINE_BYTES * self.size.width
        while self._unsent and (not sent or sent + line_bytes <= most):
            line = min(self._unsent)
            self._unsent.discard(line)
            self.refresh(Region(0, line, self.size.width, 1))
            sent += line_bytes
        return sent

    def on_resize(self) -> None:
        self._draw()

    def watch_cursor(self) -> None:
        self._draw()

    @property
    def longest(self) -> ShownSeries | None:
        """The curve with the most points, along which the cursor goes."""
        there = [one for one in self._series if len(one)]
        return max(there, key=len, default=None)

    @property
    def x_at_cursor(self) -> float | None:
        """Where the cursor stands on the x axis."""
        longest = self.longest
        if self.cursor is None or longest is None:
            return None
        return float(longest.x[min(self.cursor, len(longest) - 1)])

    def _draw(self) -> None:
        self._compute()
        self.send(math.inf)

    def _compute(self) -> None:
        """Draw the lines in memory, and note which are not as they were."""
        width, height = self.size.width - plot.LABEL - 1, self.size.height - TOP - BOTTOM
        self._limits = plot.limits_of(self._series, self.is_log, self.with_band)
        self._lines = []
        if self._limits is not None and width >= 4 and height >= 1:
            self._lines = plot.draw(
                self._series, width, height, self.glyphs, self._limits, self.is_log,
                self.with_band and len(self._series) == 1, self.x_at_cursor,
            )  # fmt: skip
        before, self._drawn = self._drawn, self._content()
        if len(before) != len(self._drawn) or not self._lines:
            self._unsent = set(range(self.size.height))
        else:
            pairs = zip(before, self._drawn, strict=True)
            self._unsent |= {y for y, (one, other) in enumerate(pairs) if one != other}

    def _content(self) -> list[object]:
        """What is on each line, from the top."""
        limits, lines = self._limits, self._lines
        labels = plot.tick_labels(limits, len(lines), self.is_log) if limits and lines else {}
        return [
            self._title(), (self._note(), self._is_ill),
            *((labels.get(y), cells) for y, cells in enumerate(lines)),
            limits and (self.axis, self.say_x(limits.left), self.say_x(limits.right)),
        ]  # fmt: skip

    # --- keys ------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        longest = self.longest
        if longest is None:
            return
        start = len(longest) - 1 if self.cursor is None else self.cursor
        self.cursor = max(0, min(start + by, len(longest) - 1))

    def action_move_to(self, place: int) -> None:
        longest = self.longest
        if longest is not None:
            self.cursor = len(longest) - 1 if place < 0 else place

    def action_cycle(self, by: int) -> None:
        self.post_message(self.Cycled(self, by))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.has_episodes if action == "choose" else True

    def action_choose(self) -> None:
        x = self.x_at_cursor
        if x is not None:
            self.post_message(self.PointChosen(self, x))

    def on_click(self, event: events.Click) -> None:
        longest, limits = self.longest, self._limits
        width = self.size.width - plot.LABEL - 1
        if longest is None or limits is None or event.x < plot.LABEL or event.y < TOP:
            return
        part = (event.x - plot.LABEL) / max(width - 1, 1)
        self.cursor = nearest_point(longest, limits.left + part * (limits.right - limits.left))

    # --- drawing ---------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width, height = self.size.width, self.size.height
        plain = self.rich_style
        if y == 0:
            name = "curve--title-focused" if self.has_focus else "curve--title"
            return self._whole(f" {self._title()}", self.get_component_rich_style(name))
        if y == 1:
            return self._whole(f" {self._note()}", self._note_style())
        if y == height - 1 and self._limits is not None:
            return self._x_axis(width)
        row = y - TOP
        if not 0 <= row < len(self._lines):
            text = NEITHER if self._limits is None and row == 0 else ""
            return self._whole(f" {text}", self.get_component_rich_style("curve--note"))
        assert self._limits is not None
        labels = plot.tick_labels(self._limits, len(self._lines), self.is_log)
        axis = self.get_component_rich_style("curve--axis")
        label = fitted(labels.get(row, ""), plot.LABEL - 1, self.glyphs, right=True)
        sign = self.glyphs.tick if row in labels else self.glyphs.vertical
        cells = [self._segment(cell, plain, axis) for cell in self._lines[row]]
        strip = Strip([Segment(f"{label}{sign}", axis), *cells]).simplify()
        return strip.adjust_cell_length(width, plain)

    def _segment(self, cell: plot.PlotCell, plain: Style, axis: Style) -> Segment:
        style = plain
        if cell.colour is not None:
            style += series_style(cell.colour)
        elif cell.is_cursor:
            style = axis
        text = cell.text
        if cell.band is not None:
            if self.glyphs.is_ascii or self.app.no_color:
                text = "." if text == " " else text
            else:
                style += band_style(cell.band, plain.bgcolor)
        return Segment(text, style)

    def _whole(self, text: str, style: Style) -> Strip:
        width = self.size.width
        return Strip([Segment(fitted(text, width, self.glyphs), style)], width)

    def _title(self) -> str:
        marks = [mark for mark, is_on in (("log", self.is_log),) if is_on]
        title = " ".join([self.measure.title, *(f"({mark})" for mark in marks)])
        x = self.x_at_cursor
        if x is None:
            longest = self.longest
            return title if longest is None else f"{title}  {plot.short(float(longest.mean[-1]))}"
        values = []
        for one in self._series:
            place = nearest_point(one, x)
            if place is not None:
                name = f"{one.name} " if len(self._series) > 1 else ""
                values.append(f"{name}{_between(one, place)}")
        return f"{title}  at {self.say_x(x)}: {', '.join(values)}"

    def _note(self) -> str:
        """What the measure means, and its healthy range, which stays where there is no room for both."""
        measure = self.measure
        if not measure.healthy:
            return measure.meaning
        whole = f"{measure.meaning}; healthy: {measure.healthy}"
        if len(whole) < self.size.width:
            return whole
        return f"healthy: {measure.healthy}; {measure.meaning}"

    @property
    def _is_ill(self) -> bool:
        """Whether the newest value is out of the healthy range."""
        longest = self.longest
        return longest is not None and self.measure.is_healthy(float(longest.mean[-1])) is False

    def _note_style(self) -> Style:
        return self.get_component_rich_style("curve--warn" if self._is_ill else "curve--note")

    def say_x(self, x: float) -> str:
        """A place on the x axis in words."""
        if self.axis == "time":
            return clock_duration(max(x, 0.0))
        return f"{plot.short(x)}"

    def _x_axis(self, width: int) -> Strip:
        assert self._limits is not None
        axis = self.get_component_rich_style("curve--axis")
        left, right = self.say_x(self._limits.left), self.say_x(self._limits.right)
        name = {"step": "steps", "time": "training time", "episode": "episode"}[self.axis]
        room = width - plot.LABEL
        line = f"{left}{name.center(max(room - len(left) - len(right), 1))}{right}"
        text = fitted(line, room, self.glyphs)
        corner = f"{' ' * (plot.LABEL - 1)}{self.glyphs.corner}"
        return Strip([Segment(corner, axis), Segment(text, axis)]).adjust_cell_length(width, axis)


def _between(series: ShownSeries, place: int) -> str:
    mean, low, high = (
        plot.short(float(part[place])) for part in (series.mean, series.low, series.high)
    )
    return mean if low == high else f"{mean} ({low} to {high})"
