"""One clip: an episode, drawn frame by frame into a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Card
from arcade_rl.overlay.theme import find_theme
from arcade_rl.playback.scenes import Billing, beats
from arcade_rl.playback.show import Show
from arcade_rl.video.look import Look, Timing
from arcade_rl.video.sources import Opened, Source, opened
from arcade_rl.video.writer import Film, open_film

CARD_S = Fraction(5, 2)
"""A title card is seen for so long."""

Report: TypeAlias = Callable[[float], None]
"""Called with the part of a clip that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A clip on disk."""

    path: Path
    title: str
    """Of its chapter."""
    frames: int
    seconds: float
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

    def render(self, look: Look, threads: int, force: bool, report: Report) -> Rendered:
        """Draw it and write its file. `threads`: of the encoder; 0 as many as there are cores."""
        with opened(self.source, look.detail == "full") as source:
            with Show(source.performance, source.player, look.has_sound()) as show:
                return self._draw(source, show, look, threads, force, report)

    def _draw(
        self, source: Opened, show: Show, look: Look, threads: int, force: bool, report: Report
    ) -> Rendered:
        timing = Timing(show.played.game.frame_rate, look)
        overlay = Overlay(look.size, find_theme(look.theme, look.signs), look.detail)
        sound_rate = show.declaration.sound_rate if look.has_sound() else 0
        billing = Billing(
            source.title, source.standing, self.episode, self.episodes, self.banner, self.detail
        )
        with open_film(
            self.path, look.size, timing.rate, crf=look.crf, encoding=look.encoding,
            sound_rate=sound_rate, threads=threads, force=force,
        ) as film:  # fmt: skip
            film.chapter(self.title)
            if self.card is not None:
                _show_card(film, overlay, self.card, timing, sound_rate)
            self._show_episode(film, overlay, show, source, billing, timing, report)
            film.finish()
            return Rendered(self.path, self.title, film.frames, film.seconds, (source.provenance,))

    def _show_episode(
        self,
        film: Film,
        overlay: Overlay,
        show: Show,
        source: Opened,
        billing: Billing,
        timing: Timing,
        report: Report,
    ) -> None:
        left = None if self.limit is None else timing.frames(self.limit)
        frame = 0
        for beat in beats(show, source.resolved, billing):
            for scene in beat.scenes:
                count = timing.count(frame)
                if left is not None:
                    count = min(count, left)
                    left -= count
                if count:
                    picture = overlay.compose(scene)
                    for _ in range(count):
                        film.write(picture)
                frame += 1
            if beat.sound is not None:
                film.sound(beat.sound)
            report(beat.scenes[-1].playback.step / len(show.recording))
            if left == 0:
                break


def _show_card(film: Film, overlay: Overlay, card: Card, timing: Timing, sound_rate: int) -> None:
    picture, count = overlay.card(card), timing.frames(CARD_S)
    for _ in range(count):
        film.write(picture)
    if sound_rate:
        samples = round(sound_rate * count / timing.rate)
        film.sound(np.zeros((samples, 1), np.int16))
