"""Pictures as files, such as a picture of a recorded episode."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from pathlib import Path

import cv2
import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.errors import ArcadeError
from arcade_rl.overlay.game import scale, scaling
from arcade_rl.playback.game import find_game
from arcade_rl.playback.library import Episode
from arcade_rl.runs.files import write_atomically


def write_thumbnail(
    episode: Episode, path: Path, step: int | None, camera: str | None = None
) -> int:
    """Write the game's picture after `step` steps, or the last picture, as PNG, and return the step.
    The picture has as many lines as the game's, and the shape that the game's screen had. `camera`:
    the view, in a game that has cameras. ValueError if the episode has no such step."""
    with episode.replay(camera=camera) as replay:
        moment = replay.seek(len(replay) if step is None else step)
    write_png(
        path, in_shape(moment.frames[-1], find_game(episode.metadata).declaration.pixel_aspect)
    )
    return moment.step


def in_shape(frame: Frame, pixel_aspect: Fraction) -> Frame:
    """The frame with square pixels and as many lines as before."""
    if pixel_aspect == 1:
        return frame
    height, width = frame.shape[:2]
    how = scaling((width, height), pixel_aspect, (ceil(width * pixel_aspect), height))
    picture: Frame = np.empty((how.size[1], how.size[0], 3), np.uint8)
    scale(frame, how, picture)
    return picture


def write_png(path: Path, frame: Frame) -> None:
    """Write a picture as PNG to a file, which replaces an older one."""
    whole, encoded = cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    if not whole:
        raise ArcadeError(f"{path}: a frame of {frame.shape} could not be made a PNG")
    write_atomically(path, encoded.tobytes())
