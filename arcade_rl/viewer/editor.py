"""A line that somebody types at the bottom of the window."""

from __future__ import annotations

from collections.abc import Callable

LONGEST = 200
"""Most letters of the line."""


class LineEditor:
    """Takes the keys while a line is typed. Return ends the line, Escape gives it up."""

    def __init__(self, prompt: str, on_done: Callable[[str], None], text: str = "") -> None:
        self.prompt, self.text, self._on_done = prompt, text, on_done
        self.is_over = False

    @property
    def line(self) -> str:
        """What is shown while somebody types."""
        return f"{self.prompt} {self.text}_"

    def press(self, key: str) -> None:
        """Take in a key, by its name or character."""
        if key in ("return", "escape"):
            self.is_over = True
            if key == "return":
                self._on_done(self.text)
        elif key == "backspace":
            self.text = self.text[:-1]
        else:
            character = " " if key == "space" else key
            if len(character) == 1 and character.isprintable() and len(self.text) < LONGEST:
                self.text += character
