"""The panel PLAYBACK: the position of the shown episode, its metrics, and the rewards of this
step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, Label, fill, rounded
from arcade_rl.overlay.figures import Figures
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.peak import Peak
from arcade_rl.overlay.scene import Contribution, Playback
from arcade_rl.overlay.theme import Colour
from arcade_rl.words import number

TOTAL = "total reward"
"""Name of the sum of the game's own rewards."""


class PlaybackPanel:
    """The main metric large, the other numbers below, and the reward terms at the foot."""

    def __init__(
        self, canvas: Canvas, box: Rect, terms: Sequence[str], readings: Sequence[str]
    ) -> None:
        """`terms` and `readings`: the names of the reward terms and of the metrics."""
        style, theme = canvas.style, canvas.theme
        inside = canvas.panel(box, "PLAYBACK")
        aside = Rect(inside.x + inside.width // 2, box.y + style.px(14), inside.width - inside.width // 2, style.line(24))  # fmt: skip
        self.episode = Label(canvas, aside, style.font(14.5, 500), theme.accent, "right", "figure")
        self.has_episode = not style.is_for_phone
        self.terms: Terms | None = None
        if terms and not style.is_for_phone:
            lines = legend_lines(canvas, inside, terms)
            foot = style.px(48) + lines * style.px(22)
            self.terms = Terms(canvas, inside.below(inside.height - foot), terms, lines)
            inside = inside.top(inside.height - foot - style.px(8))
        main = inside.top(min(style.px(66), max(style.px(50), inside.height // 3)))
        if style.is_for_phone:
            main = inside.top(2 * style.line(26) + style.px(40))
        self.head = max(int(main.height * 0.3), style.line(0))
        half = main.left(int(main.width * 0.46))
        head, body = half.top(self.head), half.below(self.head)
        large = style.font(
            min(84 if style.is_for_phone else 42, body.height / style.unit * 0.96), 500
        )
        self.main_name = Label(canvas, head, style.label, theme.dim, kind="name")
        self.main = Label(canvas, body, large, theme.text, kind="figure")
        counts = 1 if style.is_for_phone else 2
        beside = main.beside(int(main.width * 0.5)).columns(counts, style.px(12))
        self.counts = [self._count(canvas, column) for column in beside]
        rest = inside.below(main.height + style.px(10))
        self.readings = Figures(canvas, rest, [*readings[1:], TOTAL])

    def _count(self, canvas: Canvas, box: Rect) -> tuple[Label, Label]:
        style, theme = canvas.style, canvas.theme
        head, body = box.top(self.head), box.below(self.head + style.px(7))
        label = Label(canvas, head, style.label, theme.dim, "right")
        return label, Label(canvas, body, style.font(22, 500), theme.text, "right", "figure")

    def _main_text(self, text: str) -> str:
        """The number with its unit, or alone where the unit has no room."""
        has_room = texts.is_whole(text, self.main.font, self.main.box.width, "figure")
        return text if has_room else text.partition(" ")[0]

    def draw(self, playback: Playback) -> None:
        if self.has_episode:
            self.episode.show(f"episode {playback.episode:,} of {playback.episodes:,}")
        total = (TOTAL, number(playback.total, 1 if playback.total % 1 else 0))
        readings = [(one.label, one.text) for one in playback.readings]
        main, *others = [*readings, total]
        self.main_name.show(main[0])
        self.main.show(self._main_text(main[1]))
        for (name, count), labels in zip(
            (("step", playback.step), ("frame", playback.frame)), self.counts, strict=False
        ):
            labels[0].show(name)
            labels[1].show(f"{count:,}")
        self.readings.show(others)
        if self.terms is not None:
            self.terms.draw(playback.contributions)


def legend_lines(canvas: Canvas, inside: Rect, terms: Sequence[str]) -> int:
    """Number of lines that the names of the reward terms take: one in a small panel, else two at
    most."""
    most = 1 if inside.height < canvas.style.px(210) else 2
    return len(flow(canvas, inside.width, terms, most))


class LegendEntry(NamedTuple):
    """A name in a legend."""

    term: int
    """Position of the reward term, or `MORE`."""
    x: int
    """Left end of the entry in its line, pixel."""
    text: str
    width: int
    """Width of the text, pixel."""


MORE = -1
"""Stands, in place of a term, for the entry that says how many names are left out."""


def flow(canvas: Canvas, width: int, names: Sequence[str], most: int) -> list[list[LegendEntry]]:
    """Names with a swatch before each, which fill one line after the other, `most` lines at
    most."""
    style = canvas.style
    font, swatch, gap = style.font(14.5), style.px(15), style.px(14)
    longest = width - swatch
    lines: list[list[LegendEntry]] = [[]]
    x = 0
    for index, name in enumerate(names):
        text, fitted = texts.fit(name, font, longest, "name")
        wide, left = texts.width(text, fitted), len(names) - index
        more = f"+ {left} more"
        # The last line keeps room for "+ n more", unless this name is the last.
        extra = texts.width(more, font) + gap if left > 1 and len(lines) == most else 0
        if x and x + swatch + wide + extra > width:
            if len(lines) == most:
                lines[-1].append(LegendEntry(MORE, x, more, width - x))
                return lines
            lines.append([])
            x = 0
        lines[-1].append(LegendEntry(index, x, name, wide))
        x += swatch + wide + gap
    return lines


class Terms:
    """The reward terms of this step as one bar: positive amounts lie right of zero, negative ones
    left."""

    def __init__(self, canvas: Canvas, box: Rect, names: Sequence[str], lines: int) -> None:
        style, theme = canvas.style, canvas.theme
        self.canvas = canvas
        self.peak = Peak()
        self.colours = [theme.terms[k % len(theme.terms)] for k in range(len(names))]
        head = box.top(style.px(20))
        total = head.width // 3
        canvas.write("reward of this step", head.left(head.width - total), style.label, theme.dim, ground=True)  # fmt: skip
        self.total = Label(
            canvas, head.beside(head.width - total), style.font(16, 500), theme.text, "right"
        )
        self.bar = box.below(style.px(26)).top(style.px(12))
        self.drawn: bytes = b""
        self._draw_legend(box.below(style.px(48)), names, lines)

    def _draw_legend(self, box: Rect, names: Sequence[str], lines: int) -> None:
        canvas, style = self.canvas, self.canvas.style
        font, side, height = style.font(14.5), style.px(9), style.px(22)
        for place, line in enumerate(flow(canvas, box.width, names, lines)):
            y = box.y + place * height
            for index, x, name, wide in line:
                room = Rect(box.x + x, y, wide, height)
                if index == MORE:
                    canvas.write(name, room, font, canvas.theme.faint, ground=True)
                    continue
                swatch = Rect(box.x + x, y + (height - side) // 2, side, side)
                rounded(canvas.ground, swatch, style.px(2), self.colours[index])
                room = Rect(box.x + x + style.px(15), y, wide, height)
                canvas.write(name, room, font, canvas.theme.dim, ground=True, kind="name")

    def draw(self, contributions: Sequence[Contribution]) -> None:
        amounts = np.array([one.amount for one in contributions], float)
        finite = np.nan_to_num(amounts, posinf=0, neginf=0)
        total = float(amounts.sum())
        self.total.show(("+" if total > 0 else "") + number(total, 3))
        widest = max(finite[finite > 0].sum(), -finite[finite < 0].sum())
        scale = self.bar.width / 2 / self.peak.update(float(widest))
        edges = self._edges(finite * scale)
        key = repr(edges).encode()
        if key != self.drawn:
            self.drawn = key
            self._draw_bar(edges)

    def _edges(self, lengths: np.ndarray) -> list[tuple[int, int, Colour]]:
        """(start, end, colour) of each term's part, in pixels from the left end of the bar."""
        zero = self.bar.width / 2
        right, left, found = zero, zero, []
        for length, colour in zip(lengths, self.colours, strict=True):
            start, end = (right, right + length) if length > 0 else (left + length, left)
            right, left = (end, left) if length > 0 else (right, start)
            if round(end) > round(start):
                found.append((round(start), round(end), colour))
        return found

    def _draw_bar(self, edges: list[tuple[int, int, Colour]]) -> None:
        theme, bar, pixels = self.canvas.theme, self.bar, self.canvas.pixels
        self.canvas.restore(bar)
        fill(pixels, bar.inset(0, bar.height // 2 - 1), theme.rule)
        for start, end, colour in edges:
            fill(pixels, Rect(bar.x + start, bar.y + 1, end - start, bar.height - 2), colour)
        fill(pixels, Rect(bar.x + bar.width // 2 - 1, bar.y, 2, bar.height), theme.text)
