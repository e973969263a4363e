"""What the five screens have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual import events
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

if TYPE_CHECKING:
    from arcade_rl.tui.app import Cockpit


class View(Vertical):
    """One of the screens. A view shows what the cockpit knows, and is told when that changes."""

    title = ""
    DEFAULT_CSS = """
    View { height: 1fr; }
    """

    @property
    def cockpit(self) -> Cockpit:
        """The program."""
        return cast("Cockpit", self.app)

    @property
    def is_shown(self) -> bool:
        """Whether this view is the one on the screen."""
        return self.cockpit.shown is self

    @property
    def is_covered(self) -> bool:
        """Whether a dialog or another screen lies over the screens. A second Enter that comes before
        a dialog is up must not open another one below it."""
        return self.app.screen is not self.screen

    @property
    def command(self) -> str:
        """The command line that gives the data of the panel with the focus as JSON; "" where there
        is none."""
        return ""

    @property
    def copied(self) -> str:
        """The command line that the key for copying takes."""
        return self.command

    def main(self) -> Widget:
        """What has the focus when the view comes up."""
        return self

    def opened(self) -> None:
        """The view has come up."""

    def left(self) -> None:
        """Another view has come up."""

    def rows_changed(self) -> None:
        """Something is new in a run."""

    def leave(self) -> bool:
        """Go back within the view; False where the view itself is to be left."""
        return False

    def say(self, text: str) -> None:
        """Show one line below the screens."""
        if self.is_shown:
            self.cockpit.say(text)


class FilterLine(Input):
    """A line above a table in which people type what they look for."""

    DEFAULT_CSS = """
    FilterLine { border: none; height: 1; background: $panel; padding: 0 1; display: none; }
    FilterLine:focus { border: none; }
    FilterLine.-open { display: block; }
    """

    @dataclass
    class FilterChanged(Message):
        """Another text is looked for."""

        line: FilterLine
        text: str

        @property
        def control(self) -> FilterLine:
            return self.line

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder=placeholder, select_on_focus=False)
        self.can_focus = False  # a key that comes before the first picture would be typed here

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def open(self, text: str) -> None:
        """Let people type, from this text on."""
        self.add_class("-open")
        self.can_focus = True
        self.value = text
        self.cursor_position = len(text)
        self.focus()

    def close(self) -> None:
        """Put the line away."""
        self.value = ""
        self.can_focus = False
        self.remove_class("-open")

    def watch_value(self, value: str) -> None:
        self.post_message(self.FilterChanged(self, value))

    def on_key(self, event: events.Key) -> None:
        if event.key == "down":
            event.stop()
            self.screen.focus_next()
