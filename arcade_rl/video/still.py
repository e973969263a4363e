"""A picture of one moment, as a film shows it."""

from __future__ import annotations

from arcade_rl.contracts import Frame
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.playback.moments import Position, ends_of, step_at
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.session import Session
from arcade_rl.playback.sources import Source, opened
from arcade_rl.video.look import Look

WARM_UP_S = 10
"""Time before the moment whose pictures are drawn too, s: colours and bars of the full overlay are
scaled by the last seconds."""


def draw_still(source: Source, at: Position | None, look: Look) -> tuple[Frame, int]:
    """The picture after the step at this position, or of the end, and the number of that step.

    The picture is the film's frame, if the film begins with the episode and the moment lies in its
    first `WARM_UP_S` seconds; later, colours of the network may differ a little. UsageError for a
    position beyond the episode.
    """
    overlay = look.appearance.overlay()
    with opened(source, look.wants(overlay)) as session:
        session.play_to_end()
        step = len(session)
        if at is not None:
            step = step_at(at, "at", ends_of(session), session.declaration.frame_rate)
        heading, subtitle = look.titles(session)
        billing = Billing(heading=heading, subtitle=subtitle, speed=float(look.speed))
        return _draw(overlay, session, billing, step), step


def _draw(overlay: Overlay, session: Session, billing: Billing, step: int) -> Frame:
    first = _first_of_warm_up(session, step) if overlay.detail == "full" and step else step
    scenes = session.scenes(session.seek(first), billing)
    for scene in scenes:
        picture = overlay.compose(scene)
    while session.position < step:
        for scene in session.scenes(session.step(), billing):
            picture = overlay.compose(scene)
    return picture.copy()


def _first_of_warm_up(session: Session, step: int) -> int:
    """The first step whose pictures are drawn, from 1."""
    ends = ends_of(session)
    begin = ends[step] - WARM_UP_S * float(session.declaration.frame_rate)
    return max(int((ends < begin).sum()), 1)
