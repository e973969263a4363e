"""Two to four episodes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.errors import UsageError
from arcade_rl.overlay.layout import Detail, has_room
from arcade_rl.overlay.scene import Card
from arcade_rl.overlay.theme import theme
from arcade_rl.playback.beside import After, Pace, turns
from arcade_rl.playback.clock import Timing
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import Source, declaration_of, opened
from arcade_rl.playback.successors import following
from arcade_rl.playback.thumbnail import write_png
from arcade_rl.video.clip import CARD_S, Rendered, Report
from arcade_rl.video.look import Look
from arcade_rl.video.pane import Area, Pane, ShownPane
from arcade_rl.video.showing import hold
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
class SideBySide:
    """Episodes that begin together. The film ends when the longest of them ends."""

    path: Path
    panes: tuple[Pane, ...]
    title: str
    pace: Pace
    """"step": a frame of the film shows the same decision of all episodes; "own": the same time in
    each game."""
    after: After = "next"
    """What a pane shows when its episode has ended before the others: "next", the next episode of
    its checkpoint or run; "hold", its last frame."""
    seed: int | None = None
    """Seed of the evaluation that checkpoints take their next episodes from; None for that of the
    run's [evaluation]."""

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
        widest = max(_aspect(pane.source) for pane in self.panes)
        areas = areas_of(appearance.size, len(self.panes), widest, appearance.detail)
        with ExitStack() as stack:
            panes = [
                ShownPane(pane, area, look, self._after(pane, look), report, stack)
                for pane, area in zip(self.panes, areas, strict=True)
            ]
            native = max(pane.lane.native for pane in panes)
            canvas = np.empty((appearance.size[1], appearance.size[0], 3), np.uint8)
            canvas[:] = theme(appearance.theme, appearance.signs).canvas
            timing = look.timing(native)
            with look.open(self.path, native, None) as film:
                self._begin(film, look, timing)
                self._draw(film, canvas, panes, timing, report)
            provenance = tuple(pane.finish() for pane in panes)
            write_png(thumbnail_of(self.path), canvas)
            return Rendered(self.path, self.title, film.facts, provenance)

    def _after(self, pane: Pane, look: Look) -> tuple[Source, ...]:
        """The episodes that the pane goes on with."""
        if self.after == "hold":
            return ()
        return following(pane.source, look.appearance.needs_policy, self.seed)

    def _begin(self, film: FilmWriter, look: Look, timing: Timing) -> None:
        """Begin the chapter, with a title card where a title or a subtitle is asked for."""
        if film.format.has_chapters:
            film.chapter(self.title)
        title, subtitle = look.captions.title, look.captions.subtitle
        if title or subtitle:
            card = Card(title or self.title.capitalize(), [subtitle] if subtitle else [])
            hold(film, look.appearance.overlay().card(card), timing.frames(CARD_S))

    def _draw(
        self,
        film: FilmWriter,
        canvas: Frame,
        panes: Sequence[ShownPane],
        timing: Timing,
        report: Report,
    ) -> None:
        for turn, part in enumerate(turns([pane.lane for pane in panes], self.pace)):
            for _ in range(timing.count(turn)):
                _paint(canvas, panes)
                film.write(canvas)
            report(min(part, 1.0))
        _paint(canvas, panes)
        for _ in range(timing.frames(HOLD_S)):
            film.write(canvas)


def _paint(canvas: Frame, panes: Sequence[ShownPane]) -> None:
    for pane in panes:
        pane.paint(canvas)


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
        count for count in every if has_room(_pane_size(size, panes, count), detail)
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


def _aspect(source: Source) -> Fraction:
    """Width of the game's picture over its height. A game that does not know the size draws its first
    picture for it."""
    declaration = declaration_of(source)
    if declaration.frame_size is not None:
        width, height = declaration.frame_size
    else:
        with opened(source, Wants()) as session:
            height, width, _ = session.seek(0).moment.frames[-1].shape
    return width * declaration.pixel_aspect / height


def _pane_size(size: tuple[int, int], panes: int, columns: int) -> tuple[int, int]:
    rows = -(-panes // columns)
    return (size[0] - GAP * (columns - 1)) // columns, (size[1] - GAP * (rows - 1)) // rows


def _game_area(size: tuple[int, int], panes: int, columns: int, aspect: Fraction) -> Fraction:
    """Area of a game that fills its pane, pixel^2."""
    wide, high = _pane_size(size, panes, columns)
    return min(Fraction(wide), high * aspect) ** 2 / aspect
