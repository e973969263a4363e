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
    style = Style(theme, unit)
    font, gap = style.row_font(17, 600, style.px(LINE)), style.px(24)
    column, does_wide = (
        max(texts.width(row[place], font._replace(weight=weight)) for row in rows)
        for place, weight in ((0, 600), (1, 400))
    )
    # Small letters are wider than the unit says.
    needed = column + gap + does_wide + 2 * style.px(20)
    size = min(max(int(wide * unit), needed), width), int(high * unit)
    canvas = Canvas(size, style)
    inside = canvas.panel(Rect(0, 0, *size), title)
    even = inside.top(inside.height // len(rows) * len(rows))
    for (keys, does), line in zip(rows, even.rows([1.0] * len(rows), 0), strict=True):
        canvas.write(keys, line.left(column), font, theme.accent, ground=True)
        rest = line.beside(column + gap)
        canvas.write(does, rest, font._replace(weight=400), theme.text, ground=True)
    np.right_shift(picture, 1, out=picture)
    box = Rect(0, 0, width, height).centred(*canvas.ground.shape[1::-1])
    picture[box.region] = canvas.ground
