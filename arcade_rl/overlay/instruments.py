"""The panel INSTRUMENTS: what the game tells besides its picture, such as feet on the ground and
joints."""

from __future__ import annotations

from arcade_rl.overlay.canvas import Canvas
from arcade_rl.overlay.gauges import GaugesView
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.scene import Dashboard
from arcade_rl.overlay.tracks import TracksView


class InstrumentsPanel:
    """Tracks, and gauges below or beside them. Tracks and gauges that have no room are left out,
    and the heading says so."""

    def __init__(self, canvas: Canvas, box: Rect, dashboard: Dashboard) -> None:
        style = canvas.style
        self.tracks: TracksView | None = None
        self.gauges: GaugesView | None = None
        self.shown: Dashboard | None = None
        inside = canvas.panel(box)
        room = inside.below(style.px(34))
        upper, lower = _split(canvas, room, dashboard)
        left_out = []
        if upper is not None:
            it = dashboard
            self.tracks = TracksView(canvas, upper, it.tracks, it.length, it.seconds)
        elif dashboard.tracks:
            left_out.append(f"{len(dashboard.tracks)} tracks")
        without = len(dashboard.gauges)
        if lower is not None:
            self.gauges = GaugesView(canvas, lower, dashboard.gauges)
            without = self.gauges.left_out
        if without:
            left_out.append(f"{without} gauges")
        remark = f"{' and '.join(left_out)} have no room" if left_out else ""
        canvas.heading(inside, "INSTRUMENTS", remark)

    def draw(self, dashboard: Dashboard) -> None:
        """Draw the instruments, unless this dashboard is the one that was drawn the last time."""
        if dashboard is self.shown:
            return
        self.shown = dashboard
        if self.tracks is not None:
            self.tracks.draw(dashboard.history)
        if self.gauges is not None:
            self.gauges.draw(dashboard.values, dashboard.targets)


def _split(canvas: Canvas, room: Rect, dashboard: Dashboard) -> tuple[Rect | None, Rect | None]:
    """Rooms of the tracks and of the gauges; None where the game has none of them, or they have no
    room."""
    gap = canvas.style.px(16)
    has_tracks = bool(dashboard.tracks)
    least = TracksView.least(canvas, dashboard.tracks) if has_tracks else 0
    if least > room.height:
        has_tracks = False
    fits = room.height >= GaugesView.least(canvas)
    if not has_tracks:
        return None, room if dashboard.gauges and fits else None
    if not dashboard.gauges:
        return room, None
    if room.width > max(2.2 * room.height, canvas.style.px(640)):
        left = room.left(int(0.38 * room.width))
        return left, room.beside(left.width + 2 * gap) if fits else None
    most = TracksView.most(canvas, dashboard.tracks)
    upper = room.top(min(most, max(least, int(room.height * 0.42))))
    lower = room.below(upper.height + gap)
    return (upper, lower) if lower.height >= GaugesView.least(canvas) else (room, None)
