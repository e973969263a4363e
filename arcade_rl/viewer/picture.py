"""The whole picture of the window: the scene, a close-up beside it, the help card and the bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.overlay.canvas import Canvas, Style
from arcade_rl.overlay.closeup import Closeup
from arcade_rl.overlay.layout import Detail, Rect
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Scene
from arcade_rl.overlay.theme import Theme, theme
from arcade_rl.viewer.bar import HEIGHT, Bar, Timeline, Words
from arcade_rl.viewer.card import draw_help
from arcade_rl.viewer.fit import Fit, fit, put

ASIDE = 0.28
"""Part of the window's width that a close-up takes."""
KEPT = 3
"""Number of shapes of scenes whose panels are kept: before the first step, with the policy, and
without."""
LEAST_ASIDE = 170
"""Least width of a close-up, pixel."""


@dataclass(slots=True)
class Appearances:
    """What keys change about the picture."""

    detail: Detail
    theme_name: str
    signs: str
    aside: str | int | None = None
    """What the close-up beside the scene shows, as `Closeup.draw` takes it; None for none."""
    is_helping: bool = False
    """Whether the help card is shown."""

    @property
    def theme(self) -> Theme:
        return theme(self.theme_name, self.signs)


@dataclass(frozen=True, slots=True)
class Room:
    """How a window is divided."""

    scene: Fit
    aside: Rect | None
    bar: Rect


def inner_size(size: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of a window without its bar, pixel."""
    return size[0], size[1] - HEIGHT


class Picture:
    """Draws pictures of a window, whatever its size."""

    def __init__(self) -> None:
        self._canvas: Frame = np.zeros((1, 1, 3), np.uint8)
        self._shape: object = None
        self._overlay: tuple[object, Overlay] | None = None
        self._closeup: Closeup | None = None
        self._bar: Bar | None = None
        self._room: Room | None = None

    def room(self, size: tuple[int, int], look: Appearances) -> Room:
        """How a window of this size, (width, height), is divided."""
        bar = Rect(0, size[1] - HEIGHT, size[0], HEIGHT)
        area = Rect(0, 0, size[0], bar.y)
        if look.aside is None:
            return Room(fit(area, look.detail), None, bar)
        wide = max(round(ASIDE * area.width), LEAST_ASIDE)
        scene = area.left(area.width - wide)
        return Room(fit(scene, look.detail), area.beside(scene.width), bar)

    def overlay(self, room: Room, look: Appearances) -> Overlay:
        """The overlay that draws the scene in this room."""
        shape = (room.scene.drawn, look.theme, look.detail)
        if self._overlay is None or self._overlay[0] != shape:
            self._overlay = shape, Overlay(room.scene.drawn, look.theme, look.detail, kept=KEPT)
        return self._overlay[1]

    def draw(
        self,
        size: tuple[int, int],
        look: Appearances,
        scene: Scene,
        timeline: Timeline,
        position: int,
        goal: int | None,
        words: Words,
    ) -> Frame:
        """The picture of a window of this size. The next call draws into the same array."""
        room = self._prepare(size, look)
        put(self.overlay(room, look).compose(scene), room.scene, self._canvas)
        if room.aside is not None and look.aside is not None:
            self._canvas[room.aside.region] = self._aside(room.aside, look, scene)
        bar = self._bar_of(size[0], look.theme)
        self._canvas[room.bar.region] = bar.draw(timeline, position, goal, words)
        if look.is_helping:
            draw_help(self._canvas[: room.bar.y], look.theme)
        return self._canvas

    def around(
        self,
        size: tuple[int, int],
        look: Appearances,
        inner: Frame | None,
        timeline: Timeline,
        position: int,
        words: Words,
    ) -> Frame:
        """The picture of a window whose upper part is drawn elsewhere, in the size `inner_size`.
        `inner`: that part, or None where it is not drawn yet. The next call draws into the same
        array."""
        room = self._prepare(size, look)
        area = Rect(0, 0, *inner_size(size))
        if inner is None:
            opening = self.splash(inner_size(size), look, "opening")
            self._canvas[area.region] = opening
        else:
            put(inner, Fit((inner.shape[1], inner.shape[0]), area), self._canvas)
        bar = self._bar_of(size[0], look.theme)
        self._canvas[room.bar.region] = bar.draw(timeline, position, None, words)
        if look.is_helping:
            draw_help(self._canvas[: room.bar.y], look.theme)
        return self._canvas

    @property
    def last(self) -> Frame:
        """The last picture that was drawn."""
        return self._canvas

    def splash(self, size: tuple[int, int], look: Appearances, text: str) -> Frame:
        """A picture with nothing but a text."""
        canvas = Canvas(size, Style(look.theme, 1.0))
        canvas.write(text, Rect(0, 0, *size), canvas.style.font(28), look.theme.dim, "centre", ground=True)  # fmt: skip
        return canvas.ground

    def step_at(self, x: int, y: int) -> int | None:
        """The step that a point of the last picture means, on the bar; None anywhere else."""
        if self._room is None or self._bar is None:
            return None
        track = self._bar.track
        reach = Rect(0, self._room.bar.y, self._room.bar.width, track.bottom + 8)
        return self._bar.step_at(x) if reach.y <= y < reach.bottom else None

    def _prepare(self, size: tuple[int, int], look: Appearances) -> Room:
        """Divide the window. What is not drawn over has the colour behind the panels."""
        shape = (size, look.detail, look.theme, look.aside is None, look.is_helping)
        if shape != self._shape or look.is_helping:
            self._shape, self._room = shape, self.room(size, look)
            self._canvas = np.empty((size[1], size[0], 3), np.uint8)
            self._canvas[:] = look.theme.stage if look.detail != "full" else look.theme.canvas
        assert self._room is not None, "it was divided"
        return self._room

    def _aside(self, box: Rect, look: Appearances, scene: Scene) -> Frame:
        size = (box.width, box.height)
        closeup = self._closeup
        if closeup is None or (closeup.size, closeup.theme) != (size, look.theme):
            closeup = self._closeup = Closeup(size, look.theme, scene.feature_names)
        assert look.aside is not None, "something is shown aside"
        return closeup.draw(scene.activity, look.aside)

    def _bar_of(self, width: int, colours: Theme) -> Bar:
        if self._bar is None or (self._bar.width, self._bar.theme) != (width, colours):
            self._bar = Bar(width, colours)
        return self._bar
