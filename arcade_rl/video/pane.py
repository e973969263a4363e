"""One of several panes of a film, while its episodes run."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from arcade_rl.contracts import Frame
from arcade_rl.playback.beside import SessionLane, Succession
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.session import Session
from arcade_rl.playback.sources import Source, opened
from arcade_rl.video.clip import Report
from arcade_rl.video.look import Look

END_S = Fraction(3, 2)
"""Time for which the end of an episode is shown before the next one begins, s."""
REMEMBERED = 3
"""Number of earlier episodes of a pane whose results are shown."""


@dataclass(frozen=True, slots=True)
class Pane:
    """One of the episodes side by side."""

    source: Source
    label: str


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


class ShownPane:
    """A pane while its episodes run."""

    def __init__(
        self,
        pane: Pane,
        area: Area,
        look: Look,
        others: Sequence[Source],
        report: Report,
        stack: ExitStack,
    ) -> None:
        """`others`: the episodes that come after the pane's own; `stack`: closes what the pane
        opens."""
        self._label, self._look, self._area, self._report = pane.label, look, area, report
        self._overlay = look.appearance.overlay((area.width, area.height))
        self._drawn = -1
        self._first = stack.enter_context(self._opened(pane.source))
        self._first.play_to_end()  # so that the length of the film is known
        self._results: list[str] = []
        self._later: list[dict[str, Any]] = []
        self._lanes = self._open_lanes(others)
        stack.callback(self._lanes.close)
        hold = round(END_S * look.speed * self._first.declaration.frame_rate)
        self.lane = Succession(self._lane(self._first), self._lanes, hold)

    def paint(self, canvas: Frame) -> None:
        """Draw the pane's frame into the picture, unless the picture shows that frame already."""
        if self.lane.frame == self._drawn:
            return
        self._drawn, area = self.lane.frame, self._area
        picture = self._overlay.compose(self.lane.scene)
        canvas[area.top : area.bottom, area.left : area.right] = picture

    def finish(self) -> dict[str, Any]:
        """Close the episode on show; returns where the pane's episodes come from: the first, and in
        `then` those that came after it, if any did."""
        self._lanes.close()
        first = self._first.provenance()
        return {**first, "then": self._later} if self._later else first

    def _opened(self, source: Source) -> AbstractContextManager[Session]:
        return opened(source, self._look.wants(self._overlay), lambda: self._report(0.0))

    def _lane(self, session: Session) -> SessionLane:
        """The lane of an episode, with the results of those before it."""
        opponent, results = session.recording.metadata.opponent, self._results[-REMEMBERED:]
        note = f"before: {', '.join(results)}" if results else ""
        billing = Billing(
            heading=self._label,
            subtitle=None if self._look.appearance.detail == "full" else note,
            banner=f"against {opponent}" if opponent else "",
            speed=float(self._look.speed),
        )
        return SessionLane(session, billing)

    def _open_lanes(self, sources: Sequence[Source]) -> Generator[SessionLane]:
        """The lanes of the episodes after the first, each opened when the one before it is over; an
        episode is closed when the next one begins."""
        self._results.append(result_of(self._first))
        for source in sources:
            with self._opened(source) as session:
                try:
                    yield self._lane(session)
                    self._results.append(result_of(session))
                finally:
                    self._later.append(session.provenance())


def result_of(session: Session) -> str:
    """The headline's metric of an episode that is over, without its unit."""
    main = session.declaration.headline_metric
    metadata = session.recording.metadata
    return replace(main, unit="").render(metadata.metrics.get(main.name, metadata.raw_return))
