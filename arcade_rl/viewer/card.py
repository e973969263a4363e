"""Cards over the picture: what every key does, and other tables of two columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, Style
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import Theme
from arcade_rl.viewer.keys import table_rows

LINE = 26
"""Height of a line at the size of a window of 1280x720, pixel."""
ROOM = (660, 40)
"""Width of the card, and height of its heading, at that size, pixel."""


def draw_help(picture: Frame, theme: Theme) -> None:
    """Draw the help card of the window on episodes over the middle of a picture."""
    draw_card(picture, theme, "KEYS", table_rows())


def draw_card(picture: Frame, theme: Theme, title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Draw a card with lines of two columns over the middle of a picture, whose rest is darkened."""
    height, width = picture.shape[:2]
    wide, high = ROOM[0], ROOM[1] + 40 + LINE * len(rows)
    unit = min(width / (wide + 20), height / (high + 20), 1.6)
    canvas = Canvas((int(wide * unit), int(high * unit)), Style(theme, unit))
    inside = canvas.panel(Rect(0, 0, int(wide * unit), int(high * unit)), title)
    column = max(texts.width(keys, canvas.style.font(17, 600)) for keys, _ in rows)
    for (keys, does), line in zip(rows, inside.rows([1.0] * len(rows), 0), strict=True):
        font = canvas.style.row_font(17, 600, line.height)
        canvas.write(keys, line.left(column), font, theme.accent, ground=True)
        rest = line.beside(column + canvas.style.px(24))
        canvas.write(does, rest, font._replace(weight=400), theme.text, ground=True)
    np.right_shift(picture, 1, out=picture)
    box = Rect(0, 0, width, height).centred(*canvas.ground.shape[1::-1])
    picture[box.region] = canvas.ground
