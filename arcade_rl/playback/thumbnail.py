"""A picture of a recorded episode."""

from __future__ import annotations

from pathlib import Path

import cv2

from arcade_rl.playback.library import Episode
from arcade_rl.runs.files import write_atomically


def write_thumbnail(episode: Episode, path: Path, step: int | None) -> int:
    """Write the game's picture after `step` steps, or the last one, as PNG in its own size; returns
    the step. ValueError if the episode has no such step."""
    with episode.replay() as replay:
        moment = replay.seek(len(replay) if step is None else step)
    _, data = cv2.imencode(".png", cv2.cvtColor(moment.frames[-1], cv2.COLOR_RGB2BGR))
    write_atomically(path, data.tobytes())
    return moment.step
