"""The pad drawn over the picture: which buttons are pressed in the step on show, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2

from arcade_rl.contracts import Frame
from arcade_rl.overlay.canvas import Canvas, Style, rounded
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import Colour, Theme

Origin: TypeAlias = Literal["person", "agent", "recorded"]
"""Whose inputs are shown: those of a person or an agent just now, or those of a recording."""
CROSS = {"UP": (1, 0), "LEFT": (0, 1), "RIGHT": (2, 1), "DOWN": (1, 2)}
"""Column and row of the buttons that are drawn as a cross."""
SIDE, GAP = 22, 3
"""Side of a button of the cross and gap between buttons, pixel."""
SOLID = 0.8
"""Opacity of a pad over the picture, 0 to 1."""
MOST_WIDE = 64
"""Greatest width of a button that has its name in it, pixel."""


@dataclass(frozen=True, slots=True)
class PadState:
    """What the pad of one seat shows."""

    pressed: tuple[str, ...]
    """Names of the buttons that are pressed."""
    origin: Origin
    label: str
    """Whose inputs these are, in words."""


def colour_of(origin: Origin, theme: Theme) -> Colour:
    """The colour of pressed buttons."""
    return {"person": theme.accent, "agent": theme.positive, "recorded": theme.text}[origin]


class PadView:
    """Draws the pad of one seat."""

    def __init__(self, buttons: Sequence[str], theme: Theme) -> None:
        self.theme, self.buttons = theme, tuple(buttons)
        self._boxes = _boxes(self.buttons)
        right = max(box.right for box in self._boxes.values())
        bottom = max(box.bottom for box in self._boxes.values())
        self.size = (max(right + 10, 150), bottom + 30)
        """(width, height), pixel."""
        self._shown: tuple[PadState, Frame] | None = None

    def draw(self, state: PadState) -> Frame:
        """The pad in a state. (height, width, 3), uint8, RGB."""
        if self._shown is None or self._shown[0] != state:
            self._shown = state, self._made(state)
        return self._shown[1]

    def _made(self, state: PadState) -> Frame:
        canvas, theme = Canvas(self.size, Style(self.theme, 1.0)), self.theme
        canvas.ground[:] = theme.panel
        colour = colour_of(state.origin, theme)
        for name, box in self._boxes.items():
            is_pressed = name in state.pressed
            rounded(canvas.ground, box, 5, colour if is_pressed else theme.rule)
            written = theme.panel if is_pressed else theme.dim
            inside = box.inset(2, 0)
            shown = {"UP": "^", "DOWN": "v", "LEFT": "<", "RIGHT": ">"}.get(name, name)
            canvas.write(shown, inside, canvas.style.font(12, 600), written, "centre", ground=True)
        line = Rect(10, self.size[1] - 24, self.size[0] - 20, 18)
        canvas.write(state.label, line, canvas.style.font(13, 600), colour, ground=True)
        return canvas.ground


def _boxes(buttons: Sequence[str]) -> dict[str, Rect]:
    """The place of every button: arrows as a cross, others in columns of three beside it."""
    has_cross = any(name in CROSS for name in buttons)
    found, others = {}, [name for name in buttons if name not in CROSS]
    step = SIDE + GAP
    for name in buttons:
        if name in CROSS:
            column, row = CROSS[name]
            found[name] = Rect(10 + column * step, 8 + row * step, SIDE, SIDE)
    left = 10 + (3 * step + 10 if has_cross else 0)
    for place, name in enumerate(others):
        column, row = divmod(place, 3)
        found[name] = Rect(left + column * (MOST_WIDE + GAP), 8 + row * step, MOST_WIDE, SIDE)
    return found


def put_pad(picture: Frame, pad: Frame, area: Rect, at_right: bool) -> None:
    """Lay a pad over the bottom of an area of a picture, which shines through. A picture without
    room has none."""
    height, width = pad.shape[:2]
    if height + 20 > area.height or width + 20 > area.width:
        return
    x = area.right - width - 10 if at_right else area.x + 10
    view = picture[Rect(x, area.bottom - height - 10, width, height).region]
    view[:] = cv2.addWeighted(view, 1 - SOLID, pad, SOLID, 0)
