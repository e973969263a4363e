"""The title of a picture, the slim line of detail "minimal", the banner over the game, and title
cards."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, Label, Style, arrow, fill, rounded
from arcade_rl.overlay.layout import Rect, smallest_font
from arcade_rl.overlay.scene import Banner, Card, Scene, Title
from arcade_rl.overlay.theme import Theme
from arcade_rl.policies.activity import Choices, Decision, Ratings, Switches
from arcade_rl.words import DASH, number

NARROW = 22
"""Width over height below which a line has room for the most important figures only."""
NUMBERS = 2
"""Largest number of dimensions of a continuous action that a line shows. A longer action is left
out: two of twelve numbers would tell nobody anything."""


class TitleHeader:
    """Heading and subtitle, with a mark in the accent colour beside the two."""

    def __init__(self, canvas: Canvas, box: Rect) -> None:
        style, theme = canvas.style, canvas.theme
        mark = box.left(style.px(5))
        rounded(canvas.ground, mark, mark.width // 2, theme.accent)
        inside = box.beside(style.px(22))
        upper = inside.top(int(box.height * (0.5 if style.is_for_phone else 0.58)))
        lower = inside.below(upper.height)
        self.heading = Label(canvas, upper, style.font(32, 600), theme.text)
        self.subtitle = Label(canvas, lower, style.font(18), theme.dim)

    def draw(self, title: Title) -> None:
        self.heading.show(title.heading)
        self.subtitle.show(title.subtitle)


class TitleLine:
    """Title, step, score, value and the taken action in one line; a narrow line has no value and no
    labels."""

    def __init__(self, canvas: Canvas, box: Rect) -> None:
        style, theme = canvas.style, canvas.theme
        self.canvas = canvas
        fill(canvas.ground, box, theme.panel)
        fill(canvas.ground, box.top(1), theme.edge)
        inside = box.inset(style.px(22), 1)
        self.is_narrow = box.width < NARROW * box.height
        figures = inside.beside(int(inside.width * (0.34 if self.is_narrow else 0.36)))
        title = inside.left(inside.width - figures.width - style.px(16))
        self.title = Label(canvas, title, style.font(20, 600), theme.text)
        self.action = figures.beside(int(figures.width * 0.72))
        self.taken = self.action.beside(style.px(26))
        self.name = Label(canvas, self.taken, style.font(19, 700), theme.text, kind="name")
        room = figures.left(figures.width - self.action.width - style.px(16))
        columns = room.columns(2 if self.is_narrow else 3, style.px(14))
        self.figures = [_Figure(canvas, column, not self.is_narrow) for column in columns]
        self.marked = False

    def draw(self, scene: Scene, action_names: tuple[str, ...]) -> None:
        playback, activity = scene.playback, scene.activity
        self.title.show(scene.title.heading)
        main = playback.readings[0] if playback.readings else None
        total = number(playback.total, 1 if playback.total % 1 else 0)
        step = f"{playback.step:,}"
        self.figures[0].show("step", f"step {step}" if self.is_narrow else step)
        self.figures[1].show(main.label if main else "total", main.text if main else total)
        value = playback.value if activity is None else activity.value
        taken = playback.taken if activity is None else took(activity.decision, action_names)
        if value is not None and not self.is_narrow:
            self.figures[2].show("value", number(value, 2))
        self.name.show(taken)
        if taken and not self.marked:
            self.marked = True
            self._draw_mark()

    def _draw_mark(self) -> None:
        side, box = self.canvas.style.px(13), self.action
        mark = Rect(box.x, box.y + (box.height - side) // 2, side, side)
        arrow(self.canvas.pixels, mark, self.canvas.theme.accent)


class _Figure:
    """A small label with its number beside it."""

    def __init__(self, canvas: Canvas, box: Rect, has_label: bool) -> None:
        style, theme = canvas.style, canvas.theme
        half, self.label = int(box.width * 0.42), None
        if has_label:
            self.label = Label(canvas, box.left(half), style.label, theme.dim, "right")
            box = box.beside(half + style.px(8))
        self.value = Label(canvas, box, style.value, theme.text, kind="figure")

    def show(self, label: str, value: str) -> None:
        if self.label is not None:
            self.label.show(label)
        self.value.show(value)


def took(decision: Decision, names: tuple[str, ...]) -> str:
    """The taken action in words; "" for a continuous action of more dimensions than a line has room
    for."""
    if isinstance(decision, Choices):
        starts = np.cumsum([0, *decision.sizes[:-1]])
        return " + ".join(names[start + k] for start, k in zip(starts, decision.taken, strict=True))
    if isinstance(decision, Ratings):
        return names[decision.taken]
    if isinstance(decision, Switches):
        return " + ".join(names[k] for k in np.flatnonzero(decision.taken)) or DASH
    if len(decision.taken) > NUMBERS:
        return ""
    return "  ".join(number(float(value), 2) for value in decision.taken)


class BannerView:
    """A band below the middle of the game; the game shines through the band."""

    SOLID = 0.88
    """Opacity of the band over the game when the banner is at full opacity, 0 to 1."""

    def __init__(self, canvas: Canvas, game: Rect) -> None:
        style = canvas.style
        self.canvas = canvas
        height = min(max(style.px(84), game.height // 7), game.height // 2)
        self.box = Rect(game.x, game.y + game.height * 11 // 20, game.width, height)
        self.shown: Banner | None = None
        self.band = np.empty((height, game.width, 3), np.uint8)
        self.inks: list[Rect] = []

    def draw(self, banner: Banner) -> None:
        """Draw the banner over the game, which must have been drawn just before."""
        opacity = min(max(banner.opacity, 0.0), 1.0) if np.isfinite(banner.opacity) else 0.0
        if opacity <= 0:
            return
        view = self.canvas.pixels[self.box.region]
        mixed: Frame = np.empty_like(self.band)
        self.band[:] = self.canvas.theme.panel
        cv2.addWeighted(view, 1 - self.SOLID, self.band, self.SOLID, 0, mixed)
        self._write(banner, mixed)
        cv2.addWeighted(view, 1 - opacity, mixed, opacity, 0, view)

    def _write(self, banner: Banner, pixels: Frame) -> None:
        style, theme = self.canvas.style, self.canvas.theme
        height = self.box.height
        fill(pixels, Rect(0, 0, style.px(8), height), theme.accent)
        room = Rect(style.px(34), 0, self.box.width - style.px(56), height)
        lines = [(banner.text, style.font(30, 600), theme.text)]
        if banner.detail:
            lines.append((banner.detail, style.font(18, 400), theme.dim))
        block = sum(font.size for _, font, _ in lines) + style.px(8) * (len(lines) - 1)
        y = (height - block) // 2
        for text, font, colour in lines:
            drawn, fitted = texts.fit(text, font, room.width)
            baseline = y + (font.size + font.capital) // 2
            texts.draw(pixels, drawn, room.x, baseline, fitted, colour)
            y += font.size + style.px(8)


def draw_card(size: tuple[int, int], theme: Theme, card: Card) -> Canvas:
    """Draw a title card that fills a canvas of this (width, height)."""
    unit = max(0.5, min(size[0] / 1920, size[1] / 1080))
    if size[1] > size[0]:
        unit = max(unit, size[0] / 1080)
    canvas = Canvas(size, Style(theme, unit, smallest_font(size)))
    style = canvas.style
    heading, line = style.px(110), style.line(50)
    lines = card.lines
    total = heading + style.px(30) + line * len(lines)
    room = Rect(0, 0, *size).inset(size[0] // (24 if style.is_for_phone else 12), 0)
    y = (size[1] - total) // 2
    canvas.write(card.heading, Rect(room.x, y, room.width, heading), style.font(68, 600), theme.text, "centre")  # fmt: skip
    rule = Rect(size[0] // 2 - style.px(60), y + heading + style.px(4), style.px(120), style.px(5))
    rounded(canvas.pixels, rule, rule.height // 2, theme.accent)
    _write_lines(canvas, Rect(room.x, y + heading + style.px(34), room.width, line), lines)
    return canvas


def _write_lines(canvas: Canvas, first: Rect, lines: Sequence[str]) -> None:
    for place, text in enumerate(lines):
        box = first._replace(y=first.y + place * first.height)
        font = canvas.style.font(29, 500 if place == 0 else 400)
        colour = canvas.theme.text if place == 0 else canvas.theme.dim
        canvas.write(text, box, font, colour, "centre")
