"""One clip: an episode or a part of it, drawn frame by frame into a film."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

from arcade_rl.contracts import Frame
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Banner, Card
from arcade_rl.playback.captions import final_score
from arcade_rl.playback.moments import WHOLE, Excerpt, Stretch, scores_of, stretch_of
from arcade_rl.playback.picking import Picked
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.session import Session
from arcade_rl.playback.sources import Source, opened
from arcade_rl.playback.thumbnail import write_png
from arcade_rl.video.look import Look
from arcade_rl.video.showing import Showing, hold
from arcade_rl.video.sidecar import thumbnail_of
from arcade_rl.video.writer import FilmFacts, FilmWriter

CARD_S = Fraction(5, 2)
"""Time for which a title card is shown, s."""
CLOSING_S = Fraction(1)
"""Time for which the end of an episode stays on show with the final score, s."""

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
    """One episode, or a part of it, and the texts that introduce the episode."""

    path: Path
    source: Source
    title: str
    """Title of the clip's chapter."""
    card: Card | None = None
    """Title card shown before the episode, to which the final score is added; None for no card."""
    episode: int = 1
    """Place of the episode among all episodes of the film, from 1."""
    episodes: int = 1
    """Number of episodes of the film."""
    banner: str = ""
    """Line across the game while the clip begins, with the final score below. The final score
    stands there again when the episode ends. "" for neither."""
    note: str = ""
    """Words behind the heading; "" for none."""
    excerpt: Excerpt = WHOLE
    """Part of the episode that is shown."""
    picked: Picked | None = None
    """What the episode was picked from; None where it was asked for by name."""

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
                still, provenance = self._draw(film, look, overlay, session, report)
            write_png(thumbnail_of(self.path), still)
            return Rendered(self.path, self.title, film.facts, (provenance,))

    def draw(self, film: FilmWriter, look: Look, report: Report) -> tuple[Frame, dict[str, Any]]:
        """Draw the clip into a film that other clips are drawn into too; returns its last picture
        and its provenance."""
        overlay = look.appearance.overlay()
        with self._opened(look, overlay, report) as session:
            return self._draw(film, look, overlay, session, report)

    @contextmanager
    def _opened(self, look: Look, overlay: Overlay, report: Report) -> Iterator[Session]:
        """Open the episode, played to its end so that its length is known."""
        wants = look.wants(overlay, look.has_sound)
        with opened(self.source, wants, lambda: report(0.0)) as session:
            session.play_to_end()
            yield session

    def _draw(
        self, film: FilmWriter, look: Look, overlay: Overlay, session: Session, report: Report
    ) -> tuple[Frame, dict[str, Any]]:
        """Draw the title card and the episode; returns the last picture and the provenance."""
        timing = look.timing(session.declaration.frame_rate)
        final = final_score(session.declaration, session.recording.metadata)
        if film.format.has_chapters:
            film.chapter(self.title)
        if self.card is not None:
            card = replace(self.card, lines=[final, *self.card.lines])
            hold(film, overlay.card(card), timing.frames(CARD_S))
        stretch = stretch_of(session, self.excerpt, look.speed)
        billing = self._billing(look, session, stretch, final)
        showing = Showing(film, overlay, timing, session, billing)
        picture = showing.draw(stretch, self.excerpt.limit, report)
        if self.banner and session.is_at_end and look.appearance.detail != "none":
            end = replace(showing.scene, banner=Banner(final, "", 1.0))
            picture = overlay.compose(end).copy()
            hold(film, picture, timing.frames(CLOSING_S))
        return picture, self._provenance(session, stretch)

    def _billing(self, look: Look, session: Session, stretch: Stretch, final: str) -> Billing:
        heading, subtitle = look.titles(session, self.note)
        return Billing(
            episode=self.episode,
            episodes=self.episodes,
            heading=heading,
            subtitle=subtitle,
            banner=self.banner,
            detail=final if self.banner else "",
            begins=stretch.frames + 1,
            speed=float(look.speed),
        )

    def _provenance(self, session: Session, stretch: Stretch) -> dict[str, Any]:
        """Where the shown episode comes from, what it was picked from, and its part that is
        shown."""
        until = session.position
        before, after, final = scores_of(session, (stretch.before, until, len(session)))
        shown = {
            "metric": session.declaration.headline_metric.name,
            "from_step": stretch.before,
            "to_step": until,
            "score_before": before,
            "score_after": after,
            "final_score": final,
        }
        picked = None
        if self.picked is not None:
            picked = {"pick": self.picked.pick, "scores": list(self.picked.scores)}
        return {**session.provenance(), "picked": picked, "shown": shown}
