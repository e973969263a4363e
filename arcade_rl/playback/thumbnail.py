"""Pictures as files, such as a picture of a recorded episode."""

from __future__ import annotations

from pathlib import Path

import cv2

from arcade_rl.contracts import Frame
from arcade_rl.errors import ArcadeError
from arcade_rl.playback.library import Episode
from arcade_rl.runs.files import write_atomically


def write_thumbnail(
    episode: Episode, path: Path, step: int | None, camera: str | None = None
) -> int:
    """Write the game's picture after `step` steps, or the last picture, as PNG in its own size, and
    return the step. `camera`: the view, in a game that has cameras. ValueError if the episode has
    no such step."""
    with episode.replay(camera=camera) as replay:
        moment = replay.seek(len(replay) if step is None else step)
    write_png(path, moment.frames[-1])
    return moment.step


def write_png(path: Path, frame: Frame) -> None:
    """Write a picture as PNG to a file, which replaces an older one."""
    whole, encoded = cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    if not whole:
        raise ArcadeError(f"{path}: a frame of {frame.shape} could not be made a PNG")
    write_atomically(path, encoded.tobytes())
