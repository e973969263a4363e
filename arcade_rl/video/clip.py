"""One clip: an episode, drawn frame by frame into a film."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

from arcade_rl.contracts import Frame
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Card
from arcade_rl.playback.scenes import Beat, Billing, beats
from arcade_rl.playback.show import Show
from arcade_rl.playback.thumbnail import write_png
from arcade_rl.video.look import Look, Timing
from arcade_rl.video.sidecar import thumbnail_of
from arcade_rl.video.sources import Opened, Source, opened
from arcade_rl.video.writer import FilmFacts, FilmWriter

CARD_S = Fraction(5, 2)
"""A title card is seen for so long."""

Report: TypeAlias = Callable[[float], None]
"""Called with the part of a clip that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A clip on disk, with a still picture of its end beside it."""

    path: Path
    title: str
    """Of its chapter."""
    facts: FilmFacts
    shown: tuple[dict[str, Any], ...]
    """Where what it shows comes from: one for each pane."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One episode and what is said about it."""

    path: Path
    source: Source
    title: str
    """Of its chapter."""
    card: Card | None = None
    """Shown before it."""
    episode: int = 1
    """Its place among those of the film, from 1."""
    episodes: int = 1
    banner: str = ""
    """Shown while it begins; "" for none."""
    detail: str = ""
    """A smaller line below the banner."""
    limit: Fraction | None = None
    """Seconds of the film after which it is cut off; None: it is shown to its end."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """What it shows."""
        return (self.source,)

    def moved(self, folder: Path) -> Clip:
        """The same, made in another folder."""
        return replace(self, path=folder / self.path.name)

    def render(self, look: Look, report: Report) -> Rendered:
        """Draw it into a film of its own."""
        overlay = look.overlay()
        with self._opened(look, overlay, report) as (source, show):
            native = show.played.declaration.frame_rate
            with look.open(self.path, native, show.declaration) as film:
                still = self._draw(film, look, overlay, source, show, report)
            write_png(thumbnail_of(self.path), still)
            return Rendered(self.path, self.title, film.facts, (source.provenance,))

    def draw(self, film: FilmWriter, look: Look, report: Report) -> tuple[Frame, dict[str, Any]]:
        """Draw it into a film that others are drawn into too. (its last picture, where it is from)"""
        overlay = look.overlay()
        with self._opened(look, overlay, report) as (source, show):
            return self._draw(film, look, overlay, source, show, report), source.provenance

    @contextmanager
    def _opened(
        self, look: Look, overlay: Overlay, report: Report
    ) -> Iterator[tuple[Opened, Show]]:
        with opened(self.source, look, lambda: report(0.0)) as source:
            performance, player = source.performance, source.player
            with Show(performance, player, look.has_sound, look.camera, overlay) as show:
                yield source, show

    def _draw(
        self,
        film: FilmWriter,
        look: Look,
        overlay: Overlay,
        source: Opened,
        show: Show,
        report: Report,
    ) -> Frame:
        """Returns the last picture."""
        timing = Timing(show.played.declaration.frame_rate, look)
        if film.format.has_chapters:
            film.chapter(self.title)
        if self.card is not None:
            picture = overlay.card(self.card)
            for _ in range(timing.frames(CARD_S)):
                film.write(picture)
            if film.has_sound:
                film.silence()
        billing = Billing(
            source.title, source.standing, self.episode, self.episodes, self.banner, self.detail
        )
        shown = beats(show, source.resolved, billing, float(look.speed))
        most = None if self.limit is None else max(timing.frames(self.limit), 1)
        return _draw_episode(film, overlay, timing, shown, len(show.recording), most, report)


def _draw_episode(
    film: FilmWriter,
    overlay: Overlay,
    timing: Timing,
    shown: Iterator[Beat],
    steps: int,
    most: int | None,
    report: Report,
) -> Frame:
    """Draw an episode of so many steps, or its first `most` frames of the film; the last picture."""
    picture: Frame | None = None
    frame = written = 0
    for beat in shown:
        for scene in beat.scenes:
            count = timing.count(frame)
            if most is not None:
                count = min(count, most - written)
            if count or picture is None:
                picture = overlay.compose(scene)
            for _ in range(count):
                film.write(picture)
            frame, written = frame + 1, written + count
        part = beat.scenes[-1].playback.step / steps
        report(part if most is None else max(part, written / most))
        if written == most:
            break  # the sound of a step that is cut off would last longer than its pictures
        if film.has_sound and beat.sound is not None:
            film.sound(beat.sound)
    assert picture is not None, "an episode has a step, and a step a frame"
    if not written:
        film.write(picture)
    return picture.copy()
