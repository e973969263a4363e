"""The keys that apply, in the last line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

NEEDED = ("help", "quit", "leave")
"""Actions whose keys are shown wherever they apply: the way out, and the way to all other keys."""


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key as the line shows it."""

    key: str
    """The key by Textual's name."""
    sign: str
    description: str
    action: str

    @property
    def width(self) -> int:
        """Columns, with one before the next key."""
        return len(self.sign) + len(self.description) + 2


def fitting(keys: Sequence[ShownKey], width: int) -> list[ShownKey]:
    """The first keys that fit into so many columns, whole, with all those that are needed."""
    left = width + 1  # nothing stands after the last one
    left -= sum(key.width for key in keys if key.action in NEEDED)
    shown, is_full = [], False
    for key in keys:
        if key.action in NEEDED:
            shown.append(key)
        elif not is_full and key.width <= left:
            shown.append(key)
            left -= key.width
        else:
            is_full = True
    return shown


class KeyLine(Widget, can_focus=False):
    """One line with the keys that apply to what has the focus, as many as there is room for."""

    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; background: $footer-background; color: $footer-foreground; }
    KeyLine > .key-line--key { background: $footer-background; color: $footer-key-foreground;
        text-style: bold; }
    KeyLine > .key-line--description { background: $footer-background;
        color: $footer-description-foreground; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key", "key-line--description"}

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[ShownKey] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)
        self._bindings_changed(self.screen)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if not self.app.app_focus:  # a terminal in the background keeps its keys
            return
        found: dict[str, ShownKey] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled:
                sign = self.app.get_key_display(binding)
                shown = ShownKey(binding.key, sign, binding.description, binding.action)
                found.setdefault(binding.action, shown)
        if list(found.values()) != self._keys:
            self._keys = list(found.values())
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width, plain = self.size.width, self.rich_style
        key_style = self.get_component_rich_style("key-line--key")
        style = self.get_component_rich_style("key-line--description")
        parts: list[Segment] = []
        for key in fitting(self._keys, width):
            parts += [Segment(key.sign, key_style), Segment(f" {key.description} ", style)]
        return Strip(parts).adjust_cell_length(width, plain)

    def on_click(self, event: events.Click) -> None:
        """A click on a key presses the key."""
        right = 0
        for key in fitting(self._keys, self.size.width):
            right += key.width
            if event.x < right:
                self.app.simulate_key(key.key)
                return
