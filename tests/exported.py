"""Exports of runs of the toy, and what their films are when they are decoded again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import pytest

from arcade_rl import cli

SMALL = ("--preset", "debug-720p")
PER_STEP = 2
"""Frames of a step of the toy, whose rate is 30."""
CARD_FRAMES = 75
"""Frames of a title card."""


class Exported:
    """What one `arcade-rl export` did."""

    def __init__(self, capfd: pytest.CaptureFixture[str], arguments: tuple[object, ...]) -> None:
        self.code = cli.run(["export", *map(str, arguments)])
        said = capfd.readouterr()
        self.paths = [Path(line) for line in said.out.splitlines()]
        self.error = said.err


def film(path: Path) -> dict[str, Any]:
    """What a film is when it is decoded."""
    with av.open(path) as container:
        video = container.streams.video[0]
        frames = sum(1 for _ in container.decode(video))
        return {
            "size": (video.width, video.height),
            "frames": frames,
            "rate": video.average_rate,
            "sound": len(container.streams.audio),
            "chapters": [
                (one["metadata"]["title"], float(one["start"] * one["time_base"]))
                for one in container.chapters()
            ],
        }


def sidecar(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.with_name(f"{path.name}.json").read_bytes())
    return content
