"""A moving picture of a game in the cells of the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from arcade_rl.tui.footer import KeyLine
from arcade_rl.tui.glyphs import UNICODE, Glyphs, fitted
from arcade_rl.tui.halfblocks import Picture, changed_lines, runs_of_line, shades_of_line
from arcade_rl.tui.messages import Projected
from arcade_rl.tui.pace import PicturePace
from arcade_rl.tui.projection import Projection, Subject

if TYPE_CHECKING:
    from arcade_rl.tui.app import Cockpit

INTERVAL_S = 1.0 / 40.0
"""Time between two pictures where the terminal is quick, seconds. Textual draws every sixtieth of a
second, so that now and then a picture comes later."""
UPPER = "▀"
RUN_BYTES = 42
"""Bytes of the codes for the two colours of a run of cells."""
LEAST_CELL_BYTES = 3
"""Bytes of a cell in a picture of one colour."""
CAPTION = 1
"""Lines above the picture."""


class PictureBox(Widget, can_focus=True):
    """Shows what a projector projects: changed lines only, and no more than the terminal takes."""

    DEFAULT_CSS = """
    PictureBox { background: $surface; color: $foreground; }
    PictureBox > .picture-box--caption { color: $text-muted; background: $panel; }
    PictureBox > .picture-box--fault { color: $text-error; background: $panel; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"picture-box--caption", "picture-box--fault"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tell('pause')", "Pause, play"),
        Binding("left,h", "tell('move -10')", "Ten steps back", show=False),
        Binding("right,l", "tell('move 10')", "Ten steps forward", show=False),
        Binding("comma", "tell('move -1')", "A step back", show=False),
        Binding("full_stop", "tell('move 1')", "A step forward", show=False),
        Binding("home", "tell('move -1000000000')", "The beginning", show=False),
        Binding("end", "tell('move 1000000000')", "The end", show=False),
        Binding("plus", "tell('speed 2')", "Faster"),
        Binding("minus", "tell('speed 0.5')", "Slower"),
    ]

    def __init__(self, glyphs: Glyphs = UNICODE, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs
        self.pace = PicturePace()
        self.pictures = 0
        """Number of whole pictures that were drawn."""
        self._projection: Projection | None = None
        self._subject: Subject | None = None
        self._caption, self._is_fault = "", False
        self._goal: Picture | None = None
        """The picture that is to be on the screen."""
        self._shown: Picture | None = None
        """The picture that is on the screen, of which some lines may be older."""
        self._strips: dict[int, Strip] = {}
        self._is_sending = False
        """Whether a part of a picture was sent that is not drawn yet."""
        self._is_awaiting = False
        """Whether the projector was asked and has not answered yet."""
        self._due = 0.0
        """When the projector is asked for the next picture, by the monotonic clock."""

    @property
    def subject(self) -> Subject | None:
        """What is shown now."""
        return self._subject

    @property
    def room(self) -> tuple[int, int]:
        """(columns, lines) for the picture."""
        return max(self.size.width, 4), max(self.size.height - CAPTION, 2)

    def project(self, subject: Subject) -> None:
        """Show something else."""
        if subject == self._subject:
            return
        self.close()
        self._subject, self._caption, self._is_fault = subject, "opening", False
        app = self.app
        mine: list[Projection] = []

        def arrived(message: Projected) -> None:
            try:
                app.call_from_thread(self._arrive, mine, message)
            except RuntimeError:  # the program has ended meanwhile
                return

        try:
            self._projection = Projection(subject, *self.room, arrived)
        except OSError as error:
            self._caption, self._is_fault = f"no picture: {error}", True
        else:
            mine.append(self._projection)
            self._next()
        self.refresh()

    def close(self) -> None:
        """Show nothing any more."""
        if self._projection is not None:
            self._projection.close()
        self._projection = self._subject = None
        self._goal = self._shown = None
        self._strips.clear()
        self._caption = ""
        self._is_sending = self._is_awaiting = False
        if self.is_attached:
            self.refresh()

    def on_unmount(self) -> None:
        self.close()

    def on_resize(self) -> None:
        self._shown = None
        self._strips.clear()
        if self._projection is not None:
            self._projection.tell("size {} {}".format(*self.room))
        self.refresh()

    def action_tell(self, command: str) -> None:
        if self._projection is not None:
            self._projection.tell(command)
            self._next()  # an answer at once, although a picture is still being drawn

    # --- what arrives ----------------------------------------------------------------------------

    def _arrive(self, sender: list[Projection], message: Projected) -> None:
        if not sender or sender[0] is not self._projection:
            return
        self._is_awaiting = False
        if (message.caption, message.is_fault) != (self._caption, self._is_fault):
            self._caption, self._is_fault = message.caption, message.is_fault
            self.refresh(Region(0, 0, self.size.width, CAPTION))
        if message.is_fault:
            return
        if message.picture is not None:
            self._goal = message.picture
        if self._goal is not None and not self._is_sending:
            self._send()
        elif self._goal is None:
            self._next_soon()

    def _next(self) -> None:
        if self._projection is not None and not self._is_awaiting:
            self._is_awaiting = True
            self._due = max(self._due + INTERVAL_S, time.monotonic())
            self._projection.tell("next")

    def _next_soon(self) -> None:
        wait = self._due - time.monotonic()
        if wait <= 0.0:
            self._next()
        else:
            self.set_timer(wait, self._next)

    # --- what is sent to the terminal ------------------------------------------------------------

    def _send(self) -> None:
        """Draw as many of the changed lines as the terminal takes at once."""
        goal = self._goal
        if goal is None or self._projection is None:
            self._is_sending = False
            return
        is_new_size = self._shown is None or self._shown.shape != goal.shape
        changed = changed_lines(self._shown, goal)
        if is_new_size:
            self._strips.clear()
            self._shown = goal.copy() if len(changed) <= 1 else _dark(goal)
        if not changed:
            self._is_sending = False
            self._next_soon()
            return
        assert self._shown is not None
        self._is_sending = True
        sent = 0
        top, left = self._corner(goal)
        drawn = 0
        for line in changed:
            strip, size = strip_of(goal, line, self)
            if drawn and sent + size > self.pace.budget:
                break
            self._shown[2 * line : 2 * line + 2] = goal[2 * line : 2 * line + 2]
            self._strips[line] = strip
            drawn, sent = drawn + 1, sent + size
            self.refresh(Region(left, top + line, goal.shape[1], 1))
        is_whole = drawn == len(changed)
        began = time.monotonic()
        self.call_after_refresh(self._ask, began, sent, is_whole)

    def _ask(self, began: float, sent: int, is_whole: bool) -> None:
        cockpit = cast("Cockpit", self.app)
        cockpit.ask_terminal(lambda: self._was_drawn(began, sent, is_whole))

    def _was_drawn(self, began: float, sent: int, is_whole: bool) -> None:
        now = time.monotonic()
        self.pace.took(sent, now - began)
        if self._projection is None or self._goal is None:
            self._is_sending = False
            return
        if is_whole:
            self.pictures += 1
            self.pace.showed(now)
        if self.pace.is_hopeless(self._goal.shape[1] * len(self._goal) // 2 * LEAST_CELL_BYTES):
            self.stop("this terminal is too slow for pictures")
            return
        if is_whole:
            self._is_sending = False
            self._next_soon()
        else:
            self._send()

    def stop(self, reason: str) -> None:
        """Show no more pictures, and say why."""
        self.close()
        self._caption, self._is_fault = reason, True
        self.refresh()

    def _corner(self, picture: Picture) -> tuple[int, int]:
        """(line, column) of the picture's corner in the widget."""
        columns, lines = self.room
        return CAPTION + max((lines - len(picture) // 2) // 2, 0), max(
            (columns - picture.shape[1]) // 2, 0
        )

    def render_line(self, y: int) -> Strip:
        width, plain = self.size.width, self.rich_style
        if y < CAPTION:
            pace = self.pace.words(time.monotonic())
            text = "  ".join(part for part in (f" {self._caption}", pace) if part)
            name = "fault" if self._is_fault else "caption"
            style = self.get_component_rich_style(f"picture-box--{name}")
            return Strip([Segment(fitted(text, width, self.glyphs), style)], width)
        if self._shown is None:
            return Strip.blank(width, plain)
        top, left = self._corner(self._shown)
        strip = self._strips.get(y - top)
        if strip is None:
            return Strip.blank(width, plain)
        right = max(width - left - self._shown.shape[1], 0)
        return Strip([Segment(" " * left, plain), *strip, Segment(" " * right, plain)], width).crop(
            0, width
        )


def strip_of(picture: Picture, line: int, box: PictureBox | StillBox) -> tuple[Strip, int]:
    """One line of a picture, and about how many bytes a terminal is sent for it."""
    if box.glyphs.is_ascii or box.app.no_color:
        text = shades_of_line(picture, line)
        return Strip([Segment(text, box.rich_style)], len(text)), len(text)
    runs = runs_of_line(picture, line)
    segments = [
        Segment(
            UPPER * run.count,
            Style(color=Color.from_rgb(*run.upper), bgcolor=Color.from_rgb(*run.lower)),
        )
        for run in runs
    ]
    width = picture.shape[1]
    return Strip(segments, width), 3 * width + RUN_BYTES * len(runs)


class StillBox(Widget):
    """A picture that does not move."""

    DEFAULT_CSS = """
    StillBox { background: $surface; color: $foreground; }
    StillBox > .still-box--caption { color: $text-muted; background: $panel; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"still-box--caption"}

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self.glyphs = glyphs
        self._picture: Picture | None = None
        self._caption = ""

    @property
    def room(self) -> tuple[int, int]:
        """(columns, lines) for the picture."""
        return max(self.size.width, 4), max(self.size.height - CAPTION, 2)

    def show(self, picture: Picture | None, caption: str) -> None:
        """Show another picture, or none."""
        self._picture, self._caption = picture, caption
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, picture = self.size.width, self._picture
        if y < CAPTION:
            style = self.get_component_rich_style("still-box--caption")
            return Strip([Segment(fitted(f" {self._caption}", width, self.glyphs), style)], width)
        line = y - CAPTION
        if picture is None or line >= len(picture) // 2:
            return Strip.blank(width, self.rich_style)
        strip, _ = strip_of(picture, line, self)
        return strip.adjust_cell_length(width, self.rich_style)


def _dark(picture: Picture) -> Picture:
    """A picture from which this one differs in every line."""
    return (255 - picture).astype(picture.dtype)


class PictureScreen(Screen[None]):
    """A picture that fills the terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,g", "leave", "Back"),
        Binding("w", "window", "Window"),
    ]
    CSS = "PictureScreen PictureBox { height: 1fr; }"

    def __init__(self, subject: Subject, glyphs: Glyphs, window: Callable[[], object]) -> None:
        """`window` opens the same in a window."""
        super().__init__()
        self._subject, self._glyphs, self._window = subject, glyphs, window

    def compose(self) -> ComposeResult:
        yield PictureBox(self._glyphs)
        yield KeyLine()

    def on_mount(self) -> None:
        self.set_class(self._glyphs.is_ascii, "ascii")
        box = self.query_one(PictureBox)
        box.focus()
        self.call_after_refresh(box.project, self._subject)

    def action_window(self) -> None:
        self._window()

    def action_leave(self) -> None:
        self.dismiss()
