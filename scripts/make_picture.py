"""docs/film.png: a frame of a film that a real `scripts/demo` made.

scripts/demo && .venv/bin/python scripts/make_picture.py runs/<run>/videos/milestones.mp4
"""

from __future__ import annotations

import sys
from pathlib import Path

import av

from arcade_rl.playback.thumbnail import write_png

PICTURE = Path(__file__).parent.parent / "docs" / "film.png"
AFTER_S = 11.5
"""Where the frame is, from the beginning of the last chapter."""


def main(film: Path) -> None:
    with av.open(film) as container:
        last = container.chapters()[-1]
        wanted = float(last["start"] * last["time_base"]) + AFTER_S
        for frame in container.decode(video=0):
            if frame.time >= wanted:
                write_png(PICTURE, frame.to_ndarray(format="rgb24"))
                return
    sys.exit(f"{film} has no frame {AFTER_S} s into its last chapter")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
