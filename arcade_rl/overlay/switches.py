"""Buttons that are pressed or not, each with its probability."""

from __future__ import annotations

import numpy as np

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, arrow, rounded
from arcade_rl.overlay.choices import draw_bar
from arcade_rl.overlay.layout import Rect
from arcade_rl.policies.activity import Decision, Switches


class SwitchesView:
    """A grid of keys: name and probability above a bar; a pressed one is filled."""

    ROW = 62
    LEAST = 30

    def __init__(self, canvas: Canvas, box: Rect, names: tuple[str, ...]) -> None:
        self.canvas, self.names = canvas, names
        style = canvas.style
        for columns in (2, 3, 4):
            rows = -(-len(names) // columns)
            if rows * max(style.px(self.LEAST), style.line(20) + style.px(16)) <= box.height:
                break
        height = max(8, min(style.px(self.ROW), box.height // rows))
        places = box.columns(columns, style.px(10))
        self.boxes = [
            Rect(places[k % columns].x, box.y + k // columns * height, places[0].width, height)
            for k in range(len(names))
        ]
        self.drawn: list[tuple[str, bool] | None] = [None] * len(names)

    @property
    def bottom(self) -> int:
        return self.boxes[-1].bottom

    def draw(self, switches: Decision) -> None:
        assert isinstance(switches, Switches)
        probabilities = np.nan_to_num(switches.probabilities)
        for k, box in enumerate(self.boxes):
            part, taken = float(probabilities[k]), bool(switches.taken[k])
            key = (f"{part:.4f}", taken)
            if self.drawn[k] != key:
                self.drawn[k] = key
                self._draw_key(box, self.names[k], part, taken)

    def _draw_key(self, box: Rect, name: str, part: float, taken: bool) -> None:
        canvas, style, theme = self.canvas, self.canvas.style, self.canvas.theme
        canvas.restore(box)
        key = Rect(box.x, box.y + 1, box.width, box.height - max(3, box.height // 10))
        if taken:
            rounded(canvas.pixels, key, style.px(7), theme.accent)
            rounded(canvas.pixels, key.inset(2, 2), style.px(6), theme.wash)
        else:
            rounded(canvas.pixels, key, style.px(7), theme.edge)
            rounded(canvas.pixels, key.inset(1, 1), style.px(6), theme.panel)
        inside = key.inset(style.px(12), max(2, key.height // 7))
        head = inside.top(max(int(inside.height * 0.66), style.smallest))
        side = min(style.px(10), head.height // 2)
        if taken:
            arrow(canvas.pixels, Rect(head.x, head.y + (head.height - side) // 2, side, side), theme.accent)  # fmt: skip
        colour, weight = (theme.text, 700) if taken else (theme.dim, 500)
        digits = 0 if style.is_for_phone else 1
        figure = texts.width("100 %", style.font(16, 700)) if style.is_for_phone else style.px(58)
        number = head.beside(head.width - figure)
        room = head.beside(side + style.px(8))
        room = room.left(number.x - room.x - style.px(4))
        canvas.write(name, room, style.font(17, weight), colour, kind="name")
        canvas.write(f"{part * 100:.{digits}f} %", number, style.font(16, weight), colour, "right")
        height = max(2, min(style.px(6), inside.height // 6))
        draw_bar(canvas, Rect(inside.x, inside.bottom - height, inside.width, height), part, taken)
