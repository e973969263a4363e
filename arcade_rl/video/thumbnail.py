"""A still picture of a film."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from arcade_rl.errors import ArcadeError
from arcade_rl.runs.files import write_atomically


def thumbnail_of(film: Path) -> Path:
    """Where the still picture of a film lies."""
    return film.with_name(f"{film.name}.png")


def write_thumbnail(path: Path, frame: np.ndarray) -> None:
    """Write a frame, (H, W, 3) uint8 RGB, as a PNG. It replaces an older one."""
    whole, encoded = cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    if not whole:
        raise ArcadeError(f"{path}: a frame of {frame.shape} could not be made a PNG")
    write_atomically(path, encoded.tobytes())
