#!/usr/bin/env python
"""How well the window keeps time, and how soon it answers.

    scripts/bench_viewer.py RUN:EPISODE [--seconds 60] [--size 1280x720]

Start it on a display, or through `xvfb-run -a`; without a display it draws into memory. RUN must keep
two checkpoints or more. A busy machine shows in every figure: the last line says how busy it was.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from arcade_rl.overlay.layout import Detail
from arcade_rl.playback.programme import programme_of
from arcade_rl.playback.references import find_source
from arcade_rl.viewer.viewer import Viewer, ViewerOptions
from arcade_rl.viewer.window import ViewerWindow

SOON_S, LATE_S = 0.004, 0.008
TIMES = 60
FIRST = """
import sys, time
began = float(sys.argv.pop(1))
from arcade_rl import cli
from arcade_rl.viewer.window import ViewerWindow

def tell(self, picture):
    import os
    print(time.time() - began, flush=True)
    os._exit(0)

ViewerWindow.show = tell
sys.exit(cli.run(sys.argv[1:]))
"""


@contextmanager
def opened(reference: str, size: tuple[int, int], detail: Detail) -> Iterator[Viewer]:
    """A viewer of an episode with its policy, if the detail shows that."""
    headless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    window = ViewerWindow(size, "bench", headless)
    viewer = Viewer(programme_of(find_source(reference, None), 0), window, ViewerOptions(detail))
    try:
        viewer.open()
        viewer.play_frames(1)
        yield viewer
    finally:
        viewer.close()
        window.close()


def pacing(reference: str, size: tuple[int, int], seconds: float) -> str:
    """Shares of frames near their time, over so many seconds of play, and the drift."""
    late: list[float] = []
    with opened(reference, size, "full") as viewer:
        before = psutil.Process().memory_info().rss
        viewer.on_drawn = late.append
        frames, began = _play(viewer, seconds)
        took, rate = time.perf_counter() - began, float(viewer.slide.session.declaration.frame_rate)
        grown = psutil.Process().memory_info().rss - before
        skipped = viewer.player.skipped
    soon, rarely = (sum(lag <= limit for lag in late) / len(late) for limit in (SOON_S, LATE_S))
    return (
        f"pacing over {took:.0f} s at {size[0]}x{size[1]}, full overlay: {soon:.1%} of drawn frames "
        f"within 4 ms, {rarely:.1%} within 8 ms; game frames played {frames}, not drawn {skipped}; "
        f"drift {frames - took * rate:+.1f} frames; memory grew by {grown / 2**20:.1f} MiB"
    )


def _play(viewer: Viewer, seconds: float) -> tuple[int, float]:
    """Play for so many seconds, again from the start at the end. Returns the game frames that were
    played, and when playing began."""
    viewer.player.seek(0)
    while viewer.player.is_seeking:
        viewer.player.tick(0)
    frames = shown = 0
    viewer.player.play()
    viewer._last = began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        viewer.turn()
        now = viewer.player.scene.playback.frame
        frames, shown = frames + max(now - shown, 0), now
        if not viewer.player.is_playing:
            break
    return frames, began


def first_picture(reference: str, detail: str) -> float:
    """Wall time from the start of a process to its first picture, s."""
    arguments = ["watch", reference, "--overlay", detail, "--headless", "--frames", "0"]
    done = subprocess.run(
        [sys.executable, "-c", FIRST, str(time.time()), *arguments, "--screenshot", "x.png"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout)


def answers(viewer: Viewer, keys: Sequence[str]) -> list[float]:
    """Time from each key to the picture that shows its effect, s."""
    return [_answer(viewer, key) for key in keys]


def _answer(viewer: Viewer, key: str) -> float:
    began = time.perf_counter()
    viewer.press(key)
    while viewer.player.is_seeking:
        viewer.player.tick(0)
    viewer.window.show(viewer.draw())
    return time.perf_counter() - began


def said(what: str, found: Sequence[float]) -> str:
    ordered = sorted(found)
    return (
        f"{what}: {1000 * statistics.median(ordered):.0f} ms in the middle, "
        f"{1000 * ordered[int(0.95 * (len(ordered) - 1))]:.0f} ms at 95 %"
    )


def measure(reference: str, size: tuple[int, int], seconds: float) -> Iterator[str]:
    times: dict[str, Callable[[], float]] = {
        "recording": lambda: first_picture(reference, "minimal"),
        "with policy": lambda: first_picture(reference, "full"),
    }
    for name, once in times.items():
        yield f"first picture, {name}: {min(once() for _ in range(3)):.2f} s at best"
    with opened(reference, size, "full") as viewer:
        answers(viewer, ["9"])
        yield said("ten steps back", answers(viewer, ["["] * 20))
        answers(viewer, ["9"])
        yield said("a step back", answers(viewer, [","] * TIMES))
        yield said("another checkpoint, first time", answers(viewer, "<"))
        yield said("another checkpoint, again", answers(viewer, "><" * 10))
    yield pacing(reference, size, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", metavar="RUN:EPISODE")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1280x720")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    for line in measure(given.reference, (width, height), given.seconds):
        print(line, flush=True)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    Path("x.png").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
