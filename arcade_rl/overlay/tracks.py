"""Tracks, each on or off, over the last seconds: a row for each track, filled where the track was
on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, fill, rounded
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import mix
from arcade_rl.words import MINUS


class TracksView:
    """Rows with their names, and an axis of seconds below. The newest step is at the right end."""

    ROW = 30
    LEAST = 15
    """Usual height of a row (`ROW`) and its least height (`LEAST`), at 1920x1080, pixel."""
    AXIS = 20
    """Height of the axis, at 1920x1080, pixel."""

    def __init__(
        self, canvas: Canvas, box: Rect, names: tuple[str, ...], length: int, seconds: float
    ) -> None:
        self.canvas, self.length = canvas, length
        style = canvas.style
        axis = style.px(self.AXIS)
        height = max(3, min(style.px(self.ROW), (box.height - axis) // len(names)))
        rows = [Rect(box.x, box.y + k * height, box.width, height) for k in range(len(names))]
        font = style.row_font(15.5, 500, height)
        lamp = max(3, min(style.px(11), height - 4))
        longest = max(texts.width(texts.drawable(name), font) for name in names) + 2
        wide = min(longest, int(box.width * 0.36))
        font = texts.common(names, font, wide)
        start = lamp + style.px(8)
        for row, name in zip(rows, names, strict=True):
            room = row.beside(start).left(wide)
            canvas.write(name, room, font, canvas.theme.dim, ground=True, kind="name")
        self.lamps = [row.left(lamp).centred(lamp, lamp) for row in rows]
        gap = max(1, height // 8)
        self.rows = [row.beside(start + wide + style.px(12)).inset(0, gap) for row in rows]
        foot = Rect(self.rows[0].x, rows[-1].bottom, self.rows[0].width, axis)
        self._draw_axis(foot, rows[0].y, seconds)

    @classmethod
    def least(cls, canvas: Canvas, names: tuple[str, ...]) -> int:
        """Least height of a view of these tracks, pixel."""
        return len(names) * max(11, canvas.style.px(cls.LEAST)) + canvas.style.px(cls.AXIS)

    @classmethod
    def most(cls, canvas: Canvas, names: tuple[str, ...]) -> int:
        """Largest height that a view of these tracks fills, pixel."""
        return len(names) * canvas.style.px(cls.ROW) + canvas.style.px(cls.AXIS)

    def _draw_axis(self, foot: Rect, top: int, seconds: float) -> None:
        """Draw a line for every whole second, and write where the axis begins and ends."""
        canvas, style, theme = self.canvas, self.canvas.style, self.canvas.theme
        faint = mix(theme.panel, theme.rule, 0.8)
        for ago in range(int(seconds) + 1):
            x = foot.right - 1 - round(ago / seconds * (foot.width - 1))
            fill(canvas.ground, Rect(x, top, 1, foot.y + style.px(4) - top), faint)
        half = foot.columns(2)
        for box, text, align in (
            (half[0], f"{MINUS}{seconds:.3g} s", "left"), (half[1], "now", "right"),
        ):  # fmt: skip
            canvas.write(text, box, style.font(13.5), theme.faint, align, ground=True)  # type: ignore[arg-type]

    def draw(self, history: npt.NDArray[np.bool_]) -> None:
        """Draw the history of the tracks, the newest step last. (K, tracks), bool."""
        theme, pixels, width = self.canvas.theme, self.canvas.pixels, self.rows[0].width
        history = history[-self.length :]
        known = covered(np.ones((len(history), 1), bool), self.length, width)  # (width, 1)
        parts = covered(history, self.length, width)
        empty, full = np.array(theme.cell, float), np.array(theme.accent, float)
        for row, lamp, part, on in zip(
            self.rows, self.lamps, parts.T, history[-1].tolist(), strict=True
        ):
            self.canvas.restore(row)
            view = pixels[row.region]
            colours = empty + part[:, None] * (full - empty)
            view[:] = np.rint(view * (1 - known) + colours * known).astype(np.uint8)
            self.canvas.restore(lamp)
            rounded(pixels, lamp, self.canvas.style.px(2), theme.accent if on else theme.cell)


def covered(history: npt.NDArray[np.bool_], length: int, width: int) -> npt.NDArray[np.float64]:
    """Part of every column of pixels in which a track was on, 0 to 1, where `length` steps take
    `width` columns and the newest step is at the right end. (K, tracks) to (width, tracks)."""
    steps = len(history)
    # The steps under a column are the difference of the running sums at the column's two edges.
    sums = np.zeros((steps + 1, history.shape[1]))
    np.cumsum(history, axis=0, out=sums[1:])
    edges = steps - length + np.arange(width + 1) * (length / width)
    at = np.arange(steps + 1)
    found = np.stack([np.diff(np.interp(edges, at, column)) for column in sums.T], axis=1)
    parts: npt.NDArray[np.float64] = found * (width / length)
    return parts.clip(0, 1)
