"""What pictures and films cost.

    .venv/bin/python scripts/bench_video.py overlay [--frames 240]

`overlay` composes pictures of 1920x1080 of a policy with the network of the Nature paper, every number
of which changes, on one core, and draws the same panels with matplotlib in the same process, in turn:
as most people would, updating a figure that is made once, and drawing only its artists that change
("blitting"). Forward passes are not part of it.
Ends with 1 if a figure misses its limit.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SIZE = (1920, 1080)
LIMIT_MS = 4
TIMES_FASTER = 20
ROUND = 24
"""Pictures that the overlay composes in a row."""
PLOTTED = 3
"""Pictures that matplotlib draws after them, each way."""

MISSED: list[str] = []
"""Figures that miss their limits."""


def limited(what: str, value: float, limit: float, unit: str, least: bool = False) -> str:
    """A figure in words, with its limit."""
    if value < limit if least else value > limit:
        MISSED.append(what)
    return f"{what}: {value:.4g}{unit} ({'at least' if least else 'limit'} {limit:g}{unit})"


def overlay(frames: int) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    import cv2
    from overlay_scenes import cnn_scene
    from plotted_panels import Plotted

    from arcade_rl.overlay.overlay import Overlay
    from arcade_rl.overlay.theme import theme

    cv2.setNumThreads(1)
    scenes = [cnn_scene(step, step % 4) for step in range(ROUND)]
    composed = Overlay(SIZE, theme())
    plain, blitting = (Plotted(SIZE, scenes[0], blits) for blits in (False, True))
    ways: dict[str, tuple[Callable[[Any], Any], Sequence[Any]]] = {
        "overlay": (composed.compose, scenes),
        "matplotlib": (plain.draw, scenes[:PLOTTED]),
        "matplotlib, blitting": (blitting.draw, scenes[:PLOTTED]),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(-(-frames // ROUND) + 1):
        for name, (draw, shown) in ways.items():
            took[name].append(each(draw, shown))
    medians = {name: statistics.median(times[1:]) * 1e3 for name, times in took.items()}
    print(limited("overlay, median", medians["overlay"], LIMIT_MS, " ms a picture"))
    print(f"overlay, fastest round: {min(took['overlay']) * 1e3:.3g} ms a picture")
    for name in ("matplotlib", "matplotlib, blitting"):
        print(f"{name}, median: {medians[name]:.4g} ms a picture")
    ratio = medians["matplotlib"] / medians["overlay"]
    print(limited("matplotlib over overlay", ratio, TIMES_FASTER, "", least=True))
    print(f"blitting over overlay: {medians['matplotlib, blitting'] / medians['overlay']:.4g}")


def each(draw: Callable[[Any], Any], scenes: Sequence[Any]) -> float:
    """Seconds that a picture takes."""
    started = time.perf_counter()
    for scene in scenes:
        draw(scene)
    return (time.perf_counter() - started) / len(scenes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    command = commands.add_parser("overlay", help="composing pictures, beside matplotlib")
    command.add_argument("--frames", type=int, default=240)
    arguments = parser.parse_args()
    if arguments.what == "overlay":
        overlay(arguments.frames)
    for what in MISSED:
        print(f"missed: {what}")
    sys.exit(bool(MISSED))


if __name__ == "__main__":
    main()
