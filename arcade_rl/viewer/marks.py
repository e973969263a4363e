"""What lies along the bar of a window: the landmarks of the episode on show, and its markers."""

from __future__ import annotations

from pathlib import Path

from arcade_rl.playback.landmarks import Landmark, landmarks_of
from arcade_rl.playback.session import Session
from arcade_rl.runs.markers import Marker, read_markers
from arcade_rl.viewer.bar import Timeline


class Marks:
    """The marks of one episode after the other."""

    def __init__(self) -> None:
        self._markers: tuple[Marker, ...] = ()
        self._known, self._landmarks = -1, tuple[Landmark, ...]()
        """Steps of which the landmarks are known; -1 for none."""

    def forget_markers(self) -> None:
        """Show no markers, as another episode is on show."""
        self._markers = ()

    def forget_landmarks(self) -> None:
        """Find the landmarks anew, as they may be others for as many steps."""
        self._known = -1

    def read(self, path: Path | None) -> None:
        """Take in the markers of the episode. `path`: their file; None where there can be none."""
        self._markers = () if path is None else read_markers(path)

    def name_at(self, step: int) -> str:
        """Name of the marker of a step; "" where there is none."""
        return next((marker.name for marker in self._markers if marker.step == step), "")

    def timeline(self, session: Session, clip_start: int | None) -> Timeline:
        """What lies along the bar. `clip_start`: steps before the clip that was started; None where
        none was."""
        recording = session.recording
        if self._known != len(recording):
            self._known = len(recording)
            self._landmarks = landmarks_of(recording, session.declaration)
        return Timeline(len(recording), self._landmarks, self._markers, clip_start)
