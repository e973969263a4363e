"""What a search found the best few actions to be worth, the best first."""

from __future__ import annotations

import numpy as np

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas
from arcade_rl.overlay.choices import draw_row
from arcade_rl.overlay.layout import Rect
from arcade_rl.policies.activity import Decision, Floats, Ratings


class RatingsView:
    """A row for each of the best actions. Bars go from the worth of the last row to that of the first."""

    ROW, LEAST = 54, 26
    """Largest height of a row and its least height, at 1920x1080, pixel."""
    MOST = 8
    """Rows at most."""

    def __init__(self, canvas: Canvas, box: Rect, names: tuple[str, ...]) -> None:
        style = canvas.style
        self.canvas, self.names = canvas, names
        rows = min(self.MOST, max(1, box.height // style.line(self.LEAST)))
        height = min(style.px(self.ROW), box.height // rows)
        self.boxes = [Rect(box.x, box.y + k * height, box.width, height) for k in range(rows)]
        font = style.row_font(17, 700, height)
        longest = max(texts.width(texts.drawable(name), font) for name in names)
        self.name_width = min(longest + 2, int(box.width * 0.42))
        self.size = font.size

    @property
    def bottom(self) -> int:
        return self.boxes[-1].bottom

    def draw(self, ratings: Decision) -> None:
        assert isinstance(ratings, Ratings)
        best = best_of(ratings.values, len(self.boxes), ratings.taken)
        worths = [float(ratings.values[action]) for action in best]
        low, high = min(worths, default=0.0), max(worths, default=0.0)
        for place, box in enumerate(self.boxes):
            if place >= len(best):
                self.canvas.clear(box)
                continue
            part = (worths[place] - low) / (high - low) if high > low else 1.0
            draw_row(
                self.canvas, box, self.name_width, self.size, self.names[best[place]], part,
                best[place] == ratings.taken, figure=worth(worths[place]),
            )  # fmt: skip


def best_of(values: Floats, count: int, taken: int) -> list[int]:
    """The best actions with a known worth, the best first; the taken one is among them if its worth is
    known."""
    known = [int(k) for k in np.argsort(-values, kind="stable") if np.isfinite(values[k])]
    best = known[:count]
    if taken not in best and taken in known:
        best[-1] = taken
    return best


def worth(value: float) -> str:
    """A number in few characters."""
    return f"{value:,.1f}" if abs(value) < 100_000 else f"{value:.0e}".replace("e+0", "e")
