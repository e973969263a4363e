"""Two to four episodes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from arcade_rl.contracts import Declaration, Frame
from arcade_rl.errors import UsageError
from arcade_rl.overlay.layout import Detail, check_size
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.theme import theme
from arcade_rl.playback.beside import Pace, SessionLane, turns
from arcade_rl.playback.clock import Timing
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.sources import Source, declaration_of, opened
from arcade_rl.playback.thumbnail import write_png
from arcade_rl.video.clip import Rendered, Report
from arcade_rl.video.look import Look
from arcade_rl.video.sidecar import thumbnail_of
from arcade_rl.video.writer import FilmWriter

FEWEST, MOST = 2, 4
GAP = 4
"""Gap between panes, pixel."""
COLUMNS = {2: (2, 1), 3: (3, 2, 1), 4: (2, 4, 1)}
"""Possible numbers of columns in a landscape picture, by the number of panes; the usual number is
the first."""
WORTH_ANOTHER_ORDER = Fraction(3, 2)
"""Factor by which the games must be larger for an unusual number of columns to be taken."""
HOLD_S = Fraction(2)
"""Time for which the last picture is shown, s."""


@dataclass(frozen=True, slots=True)
class Pane:
    """One of the episodes side by side."""

    source: Source
    label: str


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Episodes that begin together. An episode that ends before the others stands still."""

    path: Path
    panes: tuple[Pane, ...]
    title: str
    pace: Pace
    """"step": a frame of the film shows the same decision of all episodes; "own": the same time in
    each game."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Sources of the episodes, pane by pane."""
        return tuple(pane.source for pane in self.panes)

    def moved(self, folder: Path) -> SideBySide:
        """This film, made in another folder."""
        return replace(self, path=folder / self.path.name)

    def render(self, look: Look, report: Report) -> Rendered:
        """Draw the panes into a film. UsageError if the panes are too few or too many, or have no
        room."""
        check_count(len(self.panes))
        appearance = look.appearance
        widest = max(_aspect(declaration_of(pane.source)) for pane in self.panes)
        areas = areas_of(appearance.size, len(self.panes), widest, appearance.detail)
        overlays = [appearance.overlay((area.width, area.height)) for area in areas]
        with ExitStack() as stack:
            panes = [
                _Shown(self._begin(pane, look, overlay, report, stack), overlay, area)
                for pane, overlay, area in zip(self.panes, overlays, areas, strict=True)
            ]
            native = max(pane.lane.native for pane in panes)
            canvas = np.empty((appearance.size[1], appearance.size[0], 3), np.uint8)
            canvas[:] = theme(appearance.theme, appearance.signs).canvas
            with look.open(self.path, native, None) as film:
                self._draw(film, canvas, panes, look.timing(native), report)
            provenance = tuple(pane.lane.session.provenance() for pane in panes)
            write_png(thumbnail_of(self.path), canvas)
            return Rendered(self.path, self.title, film.facts, provenance)

    def _begin(
        self, pane: Pane, look: Look, overlay: Overlay, report: Report, stack: ExitStack
    ) -> SessionLane:
        """Open the episode of a pane, played to its end so that its length is known."""
        opening = opened(pane.source, look.wants(overlay), lambda: report(0.0))
        session = stack.enter_context(opening)
        session.play_to_end()
        opponent = session.recording.metadata.opponent
        billing = Billing(
            heading=pane.label,
            banner=f"against {opponent}" if opponent else "",
            speed=float(look.speed),
        )
        return SessionLane(session, billing)

    def _draw(
        self,
        film: FilmWriter,
        canvas: Frame,
        panes: Sequence[_Shown],
        timing: Timing,
        report: Report,
    ) -> None:
        if film.format.has_chapters:
            film.chapter(self.title)
        for turn, part in enumerate(turns([pane.lane for pane in panes], self.pace)):
            for _ in range(timing.count(turn)):
                _paint(canvas, panes)
                film.write(canvas)
            report(min(part, 1.0))
        _paint(canvas, panes)
        for _ in range(timing.frames(HOLD_S)):
            film.write(canvas)


def _paint(canvas: Frame, panes: Sequence[_Shown]) -> None:
    for pane in panes:
        pane.paint(canvas)


class _Shown:
    """A pane while its episode runs."""

    def __init__(self, lane: SessionLane, overlay: Overlay, area: Area) -> None:
        self.lane, self._overlay, self._area = lane, overlay, area
        self._drawn = -1

    def paint(self, canvas: Frame) -> None:
        """Draw the pane's frame into the picture, unless the picture shows that frame already."""
        if self.lane.frame == self._drawn:
            return
        self._drawn, area = self.lane.frame, self._area
        picture = self._overlay.compose(self.lane.scene)
        canvas[area.top : area.bottom, area.left : area.right] = picture


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
    """Refuse a number of panes that a picture is not divided into. UsageError."""
    if not FEWEST <= panes <= MOST:
        raise UsageError(f"{panes} panes; expected {FEWEST} to {MOST}")


def areas_of(size: tuple[int, int], panes: int, aspect: Fraction, detail: Detail) -> list[Area]:
    """Where the panes lie in a picture of `size` (width, height) when the widest game is `aspect`
    times as wide as high.

    Two or three panes lie beside each other, four in a square, and all below each other in a
    portrait picture. Another order is taken where only that order has room, or where it makes the
    games much larger. A last row that is not full is centred.
    """
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
    """Area of a game that fills its pane, pixel^2."""
    wide, high = _pane_size(size, panes, columns)
    return min(Fraction(wide), high * aspect) ** 2 / aspect
