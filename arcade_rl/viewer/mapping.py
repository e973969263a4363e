"""The screen on which people choose the keys and the inputs of game pads for each button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.overlay.canvas import Canvas, Style
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import Theme
from arcade_rl.viewer.bindings import DEAD_ZONES, PAD, Bindings, usual_inputs
from arcade_rl.viewer.hands import Hands

LINE = 28
"""Height of a line at the size of a window of 1280x720, pixel."""
WIDE = 640
"""Width of the screen at that size, pixel."""
RESERVED = frozenset(("return", "escape", "backspace", "delete", "tab"))
"""Keys that the screen itself uses, and that no button gets here."""


class MappingScreen:
    """Asks for an input for each button of each person, one after the other.

    Tab goes to the next line, Backspace takes all inputs of the line away, + and - change the dead
    zone, Delete takes the game's own inputs again, Return keeps what was set, Escape gives it up.
    """

    def __init__(self, hands: Hands, on_done: Callable[[Bindings], None]) -> None:
        self._hands, self._on_done = hands, on_done
        self._before = self._bindings = hands.bindings
        names = [button.name for button in hands.controls.buttons]
        self._lines = [(seat, name) for seat in range(hands.persons) for name in names]
        self._place = 0
        self.is_over = False
        hands.heard.clear()

    @property
    def line(self) -> tuple[int, str]:
        """(seat, button) that the next input is for."""
        return self._lines[self._place]

    def press(self, key: str) -> None:
        """Take in a key that the screen itself uses; inputs for buttons come by `listen`."""
        if key == "escape":
            self._hands.set_bindings(self._before)
            self.is_over = True
        elif key == "return":
            self.is_over = True
            self._on_done(self._bindings)
        elif key == "tab":
            self._place = (self._place + 1) % len(self._lines)
        elif key == "backspace":
            self._set([])
        elif key == "delete":
            seat, name = self.line
            self._set(usual_inputs(self._hands.controls, seat)[name])
        elif key in ("+", "-"):
            self._change_dead_zone(1 if key == "+" else -1)

    def listen(self) -> bool:
        """Take in what was pressed for the line; returns whether something was."""
        heard = [given for given in self._hands.heard if given not in (*RESERVED, "+", "-", "=")]
        self._hands.heard.clear()
        for given in heard:
            self._add(given)
        return bool(heard)

    def draw(self, picture: Frame, theme: Theme) -> None:
        """Draw the screen over the middle of a picture, whose rest is darkened."""
        rows = self._rows()
        height, width = picture.shape[:2]
        high = 92 + LINE * (len(rows) + 2)
        unit = min(width / (WIDE + 20), height / (high + 20), 1.6)
        canvas = Canvas((int(WIDE * unit), int(high * unit)), Style(theme, unit))
        np.right_shift(picture, 1, out=picture)
        box = Rect(0, 0, width, height).centred(*canvas.ground.shape[1::-1])
        canvas.ground[:] = picture[box.region]  # which shows at the round corners
        inside = canvas.panel(Rect(0, 0, *canvas.ground.shape[1::-1]), "CONTROLS")
        lines = inside.rows([1.0] * (len(rows) + 2), 0)
        for place, (row, line) in enumerate(zip(rows, lines, strict=False)):
            is_next = place == self._place
            font = canvas.style.row_font(17, 600 if is_next else 400, line.height)
            colour = theme.accent if is_next else theme.text
            half = line.left(line.width // 3)
            canvas.write(row[0], half, font, colour, ground=True)
            canvas.write(row[1], line.beside(half.width), font, colour, ground=True)
        zone = f"dead zone of sticks {self._bindings.dead_zone:.0%} (+ -)   {self.pads}"
        help_line = (
            "press an input; Tab next, Backspace clear, Delete usual, Return keep, Esc leave"
        )
        for text, line in zip((zone, help_line), lines[-2:], strict=True):
            font = canvas.style.row_font(14, 400, line.height)
            canvas.write(text, line, font, theme.dim, ground=True)
        picture[box.region] = canvas.ground

    @property
    def pads(self) -> str:
        """How many game pads there are, or why there are none."""
        if self._hands.trouble:
            return f"no pads: {self._hands.trouble}"
        return f"pads: {self._hands.pads}"

    def _rows(self) -> list[tuple[str, str]]:
        found = []
        for seat, name in self._lines:
            inputs = self._inputs(seat)[name]
            shown = ", ".join(f"pad {one.removeprefix(PAD)}" if one.startswith(PAD) else one for one in inputs)  # fmt: skip
            who = f"{name}, player {seat + 1}" if self._hands.persons > 1 else name
            found.append((who, shown or "nothing"))
        return found

    def _inputs(self, seat: int) -> dict[str, list[str]]:
        return self._bindings.inputs(self._hands.game, self._hands.controls, seat)

    def _add(self, given: str) -> None:
        """Give an input to the line, which takes that input from every other line, and go on."""
        for seat in range(self._hands.persons):
            is_shared = not given.startswith(PAD)
            if is_shared or seat == self.line[0]:
                kept = {
                    name: [one for one in inputs if one != given]
                    for name, inputs in self._inputs(seat).items()
                }
                self._bindings = self._bindings.with_inputs(self._hands.game, seat, kept)
        seat, name = self.line
        self._set([*self._inputs(seat)[name], given])
        self._place = (self._place + 1) % len(self._lines)

    def _set(self, inputs: list[str]) -> None:
        seat, name = self.line
        changed = {**self._inputs(seat), name: inputs}
        self._bindings = self._bindings.with_inputs(self._hands.game, seat, changed)
        self._hands.set_bindings(self._bindings)

    def _change_dead_zone(self, by: int) -> None:
        zones = DEAD_ZONES
        nearest = min(range(len(zones)), key=lambda k: abs(zones[k] - self._bindings.dead_zone))
        zone = zones[min(max(nearest + by, 0), len(zones) - 1)]
        self._bindings = replace(self._bindings, dead_zone=zone)
        self._hands.set_bindings(self._bindings)
