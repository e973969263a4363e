"""What pictures and films cost.

    .venv/bin/python scripts/bench_video.py overlay [--frames 240]

`overlay` composes pictures of 1920x1080 of a policy with the network of the Nature paper, every number
of which changes, on one core, and draws the same panels with matplotlib in the same process, in turn:
as most people would, updating a figure that is made once, and drawing only its artists that change
("blitting"). Forward passes are not part of it.
`export` trains a run of the demo's configuration and times `export batch`: four films of 1280x720 with the
full overlay, at the game's speed and with its sound, from the start of the command to the finished files.
`memory` makes two time-lapses at 10 frames a second, a minute long and `--seconds`, and compares the most
memory that the processes of each had together.
Ends with 1 if a figure misses its limit.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import psutil

from arcade_rl.machine import cores

SIZE = (1920, 1080)
LIMIT_MS = 4
TIMES_FASTER = 20
LEAST_RATE = 60
CORES = 2
"""Number of cores that an export is given."""
LIMIT_GROWTH = 1.1
FILMS = 4
"""Number of films whose frames are counted together."""
STEPS = 100_000
"""Steps of the run that films are made of: over an hour of Breakout."""
SHORT_S = 60
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


def export(folder: Path, seconds: int) -> None:
    """Frames of a film in a second of the clock, from the start of the command to its end."""
    run = _trained(folder)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    began = time.perf_counter()
    _call("export", "batch", run, "--preset", "debug-720p", "--sort", "-length", "--limit", FILMS,
          "--clip-seconds", seconds / FILMS, "--out", folder / "films")  # fmt: skip
    wall = time.perf_counter() - began
    frames = sum(_film(path)["frames"] for path in (folder / "films").glob("*.mp4"))
    rate = frames / wall
    print(f"{frames} frames of 1280x720, full overlay, in {wall:.1f} s on {cores()} cores")
    print(limited("export", rate, LEAST_RATE, " frames/s", least=True))


def memory(folder: Path, seconds: int) -> None:
    """The peak of all processes of an export together, for a short and for a long film."""
    run = _trained(folder)
    peaks = {}
    for length in (SHORT_S, seconds):
        began = time.perf_counter()
        with _Peak() as peak:
            film = _timelapse(run, folder / f"film-{length}.mp4", length, "--fps", "10")
        peaks[length] = peak.bytes
        print(
            f"{film['seconds']:.0f} s, {film['frames']} frames: {peak.bytes / 2**20:.0f} MiB at most, "
            f"drawn in {time.perf_counter() - began:.0f} s"
        )
        print(limited("length", film["seconds"] / length, 0.99, " of what was asked", least=True))
    print(limited("memory, long against short", peaks[seconds] / peaks[SHORT_S], LIMIT_GROWTH, ""))


def _trained(folder: Path) -> Path:
    """A run of the demo's configuration, cut short."""
    run = folder / "run"
    config = Path(__file__).parent.parent / "configs" / "breakout" / "quick.toml"
    _call("train", config, "--run", run.name, "--runs-dir", folder, "--steps", STEPS,
          "--set", "checkpoint.every=1")  # fmt: skip
    return run


def _timelapse(run: Path, out: Path, seconds: int, *options: str) -> dict[str, Any]:
    """Export a time-lapse at the game's speed; what its sidecar says of it."""
    _call("export", "timelapse", run, "--preset", "debug-720p", "--speed", 1,
          "--total-seconds", seconds, "--out", out, *options)  # fmt: skip
    return _film(out)


def _film(path: Path) -> dict[str, Any]:
    """What the sidecar of a film says of the film."""
    film: dict[str, Any] = json.loads(path.with_name(f"{path.name}.json").read_bytes())["film"]
    return film


def _call(*arguments: object) -> None:
    command = [sys.executable, "-m", "arcade_rl", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{shlex.join(command)} failed: {done.stderr}")


class _Peak:
    """The most memory that the processes below this one had together, looked at every so often."""

    def __enter__(self) -> Self:
        self.bytes, self._is_over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(0.2):
            total = 0
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    total += process.memory_info().rss
            self.bytes = max(self.bytes, total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    command = commands.add_parser("overlay", help="composing pictures, beside matplotlib")
    command.add_argument("--frames", type=int, default=240)
    command = commands.add_parser("export", help="frames of a film a second")
    command.add_argument("--seconds", type=int, default=60)
    command = commands.add_parser("memory", help="of a short and a long film")
    command.add_argument("--seconds", type=int, default=3600)
    arguments = parser.parse_args()
    if arguments.what == "overlay":
        overlay(arguments.frames)
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure = {"export": export, "memory": memory}[arguments.what]
            measure(Path(folder), arguments.seconds)
    for what in MISSED:
        print(f"missed: {what}")
    sys.exit(bool(MISSED))


if __name__ == "__main__":
    main()
