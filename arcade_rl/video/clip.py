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
from arcade_rl.playback.clock import Timing
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.session import Session
from arcade_rl.playback.sources import Source, opened
from arcade_rl.playback.thumbnail import write_png
from arcade_rl.video.look import Look
from arcade_rl.video.sidecar import thumbnail_of
from arcade_rl.video.writer import FilmFacts, FilmWriter

CARD_S = Fraction(5, 2)
"""Time for which a title card is shown, s."""

Report: TypeAlias = Callable[[float], None]
"""A function that is called with the part of a clip that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A clip on disk, with a still picture of its end beside it."""

    path: Path
    title: str
    """Title of the clip's chapter."""
    facts: FilmFacts
    shown: tuple[dict[str, Any], ...]
    """Provenance of the shown episodes: one for each pane."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One episode, and the texts that introduce the episode."""

    path: Path
    source: Source
    title: str
    """Title of the clip's chapter."""
    card: Card | None = None
    """Title card shown before the episode; None for no card."""
    episode: int = 1
    """Place of the episode among all episodes of the film, from 1."""
    episodes: int = 1
    """Number of episodes of the film."""
    banner: str = ""
    """Line across the game while the episode begins; "" for none."""
    detail: str = ""
    """A smaller line below the banner."""
    limit: Fraction | None = None
    """Time in the film after which the episode is cut off, s; None shows the episode to its end."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Source of the episode that the clip shows."""
        return (self.source,)

    def moved(self, folder: Path) -> Clip:
        """This clip, made in another folder."""
        return replace(self, path=folder / self.path.name)

    def render(self, look: Look, report: Report) -> Rendered:
        """Draw the clip into a film of its own."""
        overlay = look.appearance.overlay()
        with self._opened(look, overlay, report) as session:
            declaration = session.declaration
            with look.open(self.path, declaration.frame_rate, declaration) as film:
                still = self._draw(film, look, overlay, session, report)
            write_png(thumbnail_of(self.path), still)
            return Rendered(self.path, self.title, film.facts, (session.provenance(),))

    def draw(self, film: FilmWriter, look: Look, report: Report) -> tuple[Frame, dict[str, Any]]:
        """Draw the clip into a film that other clips are drawn into too; returns its last picture
        and its provenance."""
        overlay = look.appearance.overlay()
        with self._opened(look, overlay, report) as session:
            return self._draw(film, look, overlay, session, report), session.provenance()

    @contextmanager
    def _opened(self, look: Look, overlay: Overlay, report: Report) -> Iterator[Session]:
        """Open the episode, played to its end so that its length is known."""
        wants = look.wants(overlay, look.has_sound)
        with opened(self.source, wants, lambda: report(0.0)) as session:
            session.play_to_end()
            yield session

    def _draw(
        self, film: FilmWriter, look: Look, overlay: Overlay, session: Session, report: Report
    ) -> Frame:
        """Draw the title card and the episode; returns the last picture."""
        timing = look.timing(session.declaration.frame_rate)
        if film.format.has_chapters:
            film.chapter(self.title)
        if self.card is not None:
            picture = overlay.card(self.card)
            for _ in range(timing.frames(CARD_S)):
                film.write(picture)
            if film.has_sound:
                film.silence()
        billing = Billing(
            episode=self.episode,
            episodes=self.episodes,
            banner=self.banner,
            detail=self.detail,
            speed=float(look.speed),
        )
        most = None if self.limit is None else max(timing.frames(self.limit), 1)
        return _draw_episode(film, overlay, timing, session, billing, most, report)


def _draw_episode(
    film: FilmWriter,
    overlay: Overlay,
    timing: Timing,
    session: Session,
    billing: Billing,
    most: int | None,
    report: Report,
) -> Frame:
    """Draw an episode, for `most` frames of the film at most; returns the last picture."""
    picture: Frame | None = None
    frame = written = 0
    for shown in session:
        for scene in session.scenes(shown, billing):
            count = timing.count(frame)
            if most is not None:
                count = min(count, most - written)
            if count or picture is None:
                picture = overlay.compose(scene)
            for _ in range(count):
                film.write(picture)
            frame, written = frame + 1, written + count
        part = session.position / len(session)
        report(part if most is None else max(part, written / most))
        if written == most:
            break  # the sound of a step that is cut off would last longer than its pictures
        if film.has_sound and shown.moment.sound is not None:
            film.sound(shown.moment.sound)
    assert picture is not None, "an episode has a step, and a step a frame"
    if not written:
        film.write(picture)
    return picture.copy()
