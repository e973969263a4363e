"""Two to four episodes side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from math import floor
from pathlib import Path

import numpy as np

from arcade_rl.contracts import Declaration, Frame
from arcade_rl.errors import UsageError
from arcade_rl.overlay.layout import Detail, check_size
from arcade_rl.overlay.scene import Banner, Scene
from arcade_rl.overlay.theme import theme
from arcade_rl.playback.scenes import Billing, beats
from arcade_rl.playback.show import Show
from arcade_rl.playback.thumbnail import write_png
from arcade_rl.video.clip import Rendered, Report
from arcade_rl.video.look import Look, Pace, Timing
from arcade_rl.video.sidecar import thumbnail_of
from arcade_rl.video.sources import Opened, Source, declaration_of, opened
from arcade_rl.video.writer import FilmWriter

FEWEST, MOST = 2, 4
GAP = 4
"""Between panes, pixel."""
COLUMNS = {2: (2, 1), 3: (3, 2, 1), 4: (2, 4, 1)}
"""Of panes in a landscape picture: the usual first, then what else there is."""
WORTH_ANOTHER_ORDER = Fraction(3, 2)
"""So many times as large must the games be."""
HOLD_S = Fraction(2)
"""The last picture is seen for so long."""


@dataclass(frozen=True, slots=True)
class Pane:
    """One of the episodes."""

    source: Source
    label: str


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Episodes that begin together. One that ends before the others stands still."""

    path: Path
    panes: tuple[Pane, ...]
    title: str
    pace: Pace
    """"step": a frame of the film is the same decision in all; "own": the same time of each game."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """What it shows."""
        return tuple(pane.source for pane in self.panes)

    def moved(self, folder: Path) -> SideBySide:
        """The same, made in another folder."""
        return replace(self, path=folder / self.path.name)

    def render(self, look: Look, report: Report) -> Rendered:
        """Draw it into a film. UsageError if the panes are too few or too many, or have no room."""
        check_count(len(self.panes))
        widest = max(_aspect(declaration_of(pane.source)) for pane in self.panes)
        areas = areas_of(look.size, len(self.panes), widest, look.detail)
        running = [
            _Running(pane, look, area, report) for pane, area in zip(self.panes, areas, strict=True)
        ]
        with ExitStack() as stack:
            panes = [stack.enter_context(pane) for pane in running]
            native = max(pane.native for pane in panes)
            canvas = np.empty((look.size[1], look.size[0], 3), np.uint8)
            canvas[:] = theme(look.theme, look.signs).canvas
            with look.open(self.path, native, None) as film:
                self._draw(film, canvas, panes, Timing(native, look), report)
            provenance = tuple(pane.source.provenance for pane in panes)
            write_png(thumbnail_of(self.path), canvas)
            return Rendered(self.path, self.title, film.facts, provenance)

    def _draw(
        self,
        film: FilmWriter,
        canvas: Frame,
        panes: Sequence[_Running],
        timing: Timing,
        report: Report,
    ) -> None:
        if film.format.has_chapters:
            film.chapter(self.title)
        turns = _in_step(panes) if self.pace == "step" else _at_own_pace(panes)
        for turn, part in enumerate(turns):
            for _ in range(timing.count(turn)):
                _paint(canvas, panes)
                film.write(canvas)
            report(min(part, 1.0))
        _paint(canvas, panes)
        for _ in range(timing.frames(HOLD_S)):
            film.write(canvas)


class _Running:
    """A pane while its episode runs."""

    def __init__(self, pane: Pane, look: Look, area: Area, report: Report) -> None:
        """UsageError if the area is too small."""
        self.area = area
        self._pane, self._look, self._report = pane, look, report
        self._overlay = look.overlay((area.width, area.height))

    def __enter__(self) -> _Running:
        with ExitStack() as stack:
            opening = opened(self._pane.source, self._look, lambda: self._report(0.0))
            self.source: Opened = stack.enter_context(opening)
            performance, player = self.source.performance, self.source.player
            show = Show(performance, player, camera=self._look.camera, overlay=self._overlay)
            self._show = stack.enter_context(show)
            self.native = show.played.declaration.frame_rate
            self.length = len(show.recording)
            self._scenes = self._all_scenes()
            self._next: Scene | None = next(self._scenes)
            self.step, self.frame, self.is_new = 0, -1, False
            self.advance()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _all_scenes(self) -> Iterator[Scene]:
        title = replace(self.source.title, heading=self._pane.label)
        billing = Billing(title, self.source.standing, 1, 1, "", "")
        for beat in beats(self._show, self.source.resolved, billing, float(self._look.speed)):
            yield from beat.scenes

    @property
    def is_over(self) -> bool:
        """Whether its last frame is shown."""
        return self._next is None

    @property
    def ends_step(self) -> bool:
        """Whether the next frame belongs to another step, or there is none."""
        return self._next is None or self._next.playback.step != self.step

    def advance(self) -> None:
        """Go on by a frame; at the end it stands still."""
        if self._next is None:
            return
        self.scene, self._next = self._next, next(self._scenes, None)
        self.step, self.is_new = self.scene.playback.step, True
        self.frame += 1
        if self._next is None:
            end = Banner("ended", f"after {self.step:,} steps", 1.0)
            self.scene = replace(self.scene, banner=end)

    def paint(self) -> Frame:
        """The picture of the pane."""
        self.is_new = False
        return self._overlay.compose(self.scene)


def _in_step(panes: Sequence[_Running]) -> Iterator[float]:
    """Frame by frame, and nobody begins a step before all have ended theirs. Parts done."""
    most = max(pane.length for pane in panes)
    while True:
        yield max(pane.step for pane in panes) / most
        if all(pane.is_over for pane in panes):
            return
        inside = [pane for pane in panes if not pane.ends_step]
        for pane in inside or panes:
            pane.advance()


def _at_own_pace(panes: Sequence[_Running]) -> Iterator[float]:
    """Frame by frame of the fastest game, each at its own rate. Parts done."""
    fastest = max(pane.native for pane in panes)
    for turn in count(1):
        yield max(pane.step / pane.length for pane in panes)
        if all(pane.is_over for pane in panes):
            return
        for pane in panes:
            while pane.frame < floor(turn * pane.native / fastest) and not pane.is_over:
                pane.advance()


def _paint(canvas: Frame, panes: Sequence[_Running]) -> None:
    for pane in panes:
        if pane.is_new:
            area = pane.area
            canvas[area.top : area.bottom, area.left : area.right] = pane.paint()


@dataclass(frozen=True, slots=True)
class Area:
    """Part of a picture, pixel."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height


def check_count(panes: int) -> None:
    """UsageError where a picture is not divided into so many."""
    if not FEWEST <= panes <= MOST:
        raise UsageError(f"{panes} panes; expected {FEWEST} to {MOST}")


def areas_of(size: tuple[int, int], panes: int, aspect: Fraction, detail: Detail) -> list[Area]:
    """Where the panes lie in a picture (width, height) when the widest game is `aspect` times as wide
    as high: 2 and 3 beside each other, 4 in a square, all below each other in a portrait picture; and
    otherwise where only that has room, or makes the games much larger. A last row that is not full is
    centred."""
    width, height = size
    every = COLUMNS[panes] if width >= height else tuple(range(1, panes + 1))
    columns, *others = [
        count for count in every if _has_room(_pane_size(size, panes, count), detail)
    ] or every
    for other in others:
        gain = _game_area(size, panes, other, aspect) / _game_area(size, panes, columns, aspect)
        if gain > WORTH_ANOTHER_ORDER:
            columns = other
    wide, high = _pane_size(size, panes, columns)
    areas = []
    for number in range(panes):
        row, column = divmod(number, columns)
        empty = max(columns * (row + 1) - panes, 0)
        left = column * (wide + GAP) + empty * (wide + GAP) // 2
        areas.append(Area(left, row * (high + GAP), wide, high))
    return areas


def _aspect(declaration: Declaration) -> Fraction:
    """Width of the game's picture over its height."""
    width, height = declaration.frame_size
    return width * declaration.pixel_aspect / height


def _has_room(size: tuple[int, int], detail: Detail) -> bool:
    try:
        check_size(size, detail)
    except UsageError:
        return False
    return True


def _pane_size(size: tuple[int, int], panes: int, columns: int) -> tuple[int, int]:
    rows = -(-panes // columns)
    return (size[0] - GAP * (columns - 1)) // columns, (size[1] - GAP * (rows - 1)) // rows


def _game_area(size: tuple[int, int], panes: int, columns: int, aspect: Fraction) -> Fraction:
    """Of a game that fills its pane, pixel^2."""
    wide, high = _pane_size(size, panes, columns)
    return min(Fraction(wide), high * aspect) ** 2 / aspect
