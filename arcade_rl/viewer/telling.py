"""The line of words at the bottom of a window on one episode: where it is, what goes on, and how it
plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arcade_rl.viewer.bar import Words
from arcade_rl.words import short_duration

if TYPE_CHECKING:
    from arcade_rl.viewer.viewer import Viewer

NARROW = 900
"""Width of a window below which there is no room for all words, pixel."""


def words_of(viewer: Viewer, message: str, is_urgent: bool) -> Words:
    """The line of words. `message`: what the window has to say just now; "" for nothing."""
    player, error = viewer.player, message if is_urgent else ""
    if viewer.editor is not None:
        middle, error = viewer.editor.line, ""
    else:
        middle = message or viewer.marker_at(player.position) or _going(viewer)
    return Words(_where(viewer), middle, _how(viewer), player.is_playing, error)


def _going(viewer: Viewer) -> str:
    if not viewer.player.is_seeking:
        return "" if viewer.pursuit is None else viewer.pursuit.words()
    return "running on" if viewer.player.goal is None else "seeking"


def _where(viewer: Viewer) -> str:
    session, scene = viewer.slide.session, viewer.player.scene
    rate = float(session.declaration.frame_rate)
    so_far = "" if session.is_whole else " so far"
    seconds = short_duration(scene.playback.frame / rate)
    return f"{seconds}   step {viewer.player.position:,} of {len(session):,}{so_far}"


def _how(viewer: Viewer) -> str:
    player = viewer.player
    if viewer.window.size[0] < NARROW:
        skipped = f"{player.skipped:,} not drawn   " if player.skipped else ""
        return f"{skipped}{player.speed:g}x   ?"
    skipped = f"{player.skipped:,} frames not drawn   " if player.skipped else ""
    how = viewer.driving.words or viewer.slide.session.about.chosen
    return f"{skipped}{how}   {player.speed:g}x   ? keys"
