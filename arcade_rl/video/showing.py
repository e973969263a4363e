"""Steps of an episode that become frames of a film."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from arcade_rl.contracts import Frame
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Scene
from arcade_rl.playback.clock import Timing
from arcade_rl.playback.moments import Stretch
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.session import Session, Shown
from arcade_rl.video.writer import FilmWriter


class Showing:
    """Draws a part of an episode into a film."""

    scene: Scene
    """The last scene that was drawn."""

    def __init__(
        self,
        film: FilmWriter,
        overlay: Overlay,
        timing: Timing,
        session: Session,
        billing: Billing,
    ) -> None:
        self._film, self._overlay, self._timing = film, overlay, timing
        self._session, self._billing = session, billing
        self._picture: Frame | None = None
        self._frame = self._written = 0

    def draw(
        self, stretch: Stretch, limit: Fraction | None, report: Callable[[float], None]
    ) -> Frame:
        """Draw the steps of the stretch, for `limit` seconds of the film at most; returns the last
        picture. `report` is called with the part that is done, 0 to 1."""
        most = None if limit is None else max(self._timing.frames(limit), 1)
        for shown in self._steps(stretch):
            self._draw_step(shown, most)
            done = self._session.position - stretch.before
            part = done / (stretch.until - stretch.before)
            report(part if most is None else max(part, self._written / most))
            if self._written == most:
                break  # the sound of a step that is cut off would last longer than its pictures
            if self._film.has_sound and shown.moment.sound is not None:
                self._film.sound(shown.moment.sound)
        assert self._picture is not None, "a stretch has a step, and a step a frame"
        if not self._written:
            self._film.write(self._picture)
        return self._picture.copy()

    def _steps(self, stretch: Stretch) -> Iterator[Shown]:
        if self._session.position != stretch.before:
            self._session.seek(stretch.before)
        while self._session.position < stretch.until:
            yield self._session.step()

    def _draw_step(self, shown: Shown, most: int | None) -> None:
        for scene in self._session.scenes(shown, self._billing):
            count = self._timing.count(self._frame)
            if most is not None:
                count = min(count, most - self._written)
            if count or self._picture is None:
                self.scene, self._picture = scene, self._overlay.compose(scene)
            for _ in range(count):
                self._film.write(self._picture)
            self._frame, self._written = self._frame + 1, self._written + count


def hold(film: FilmWriter, picture: Frame, frames: int) -> None:
    """Show a still picture in silence."""
    for _ in range(frames):
        film.write(picture)
    if film.has_sound:
        film.silence()
