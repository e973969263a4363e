#!/usr/bin/env python
"""How well the window keeps time, and how soon it answers.

    scripts/bench_viewer.py RUN:EPISODE [--seconds 60] [--size 1280x720]
    scripts/bench_viewer.py --follow CONFIG [--steps 60000] [--rounds 3] [--size 1280x720]

The second form trains the same configuration twice in each round, with a window that follows it and
without, and compares steps per second; the order changes from round to round. Where there are two cores
or more, the training has all but the last one, and the window has that one. Start it on a display, or through `xvfb-run -a`; without a display it draws into memory. RUN must keep
two checkpoints or more. A busy machine shows in every figure: the last line says how busy it was.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from arcade_rl.overlay.layout import Detail
from arcade_rl.playback.followed_programme import FollowedEpisodes
from arcade_rl.playback.following import Following
from arcade_rl.playback.programme import programme_of
from arcade_rl.playback.references import find_source
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.watched import LocalFeed
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
        viewer.shutter.on_shown = late.append
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
    viewer.shutter.restart()
    began = time.perf_counter()
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


# --- a window that follows a training ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Followed:
    """How well a window kept time while it followed a training."""

    seconds: float
    """Time in which an episode played, without waits and the opening of episodes, s."""
    frames: int
    """Frames of the game that were played in this time."""
    rate: float
    """Frames per second of the game."""
    drawn: int
    soon: int
    """Drawn frames within 4 ms of their time."""
    rarely: int
    """Drawn frames within 8 ms of their time."""
    episodes: int
    slowest_s: float
    """Longest time between two looks at the keys, s."""


def follow(run: RunDirectory, size: tuple[int, int]) -> Followed:
    """Follow a training in this process until it is over."""
    late: list[float] = []
    seconds, frames, episodes, slowest = 0.0, 0, 0, 0.0
    while not any(run.feed.glob("*.feed")):
        time.sleep(0.05)
    headless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    window = ViewerWindow(size, "bench", headless)
    with closing(Following(LocalFeed(run))) as following, closing(window):
        viewer = Viewer(FollowedEpisodes(following), window, ViewerOptions())
        viewer.open()
        viewer.shutter.on_shown = late.append
        viewer.player.play()
        viewer.shutter.restart()
        while following.status.phase in ("waiting", "live", "between chunks"):
            player, began, last = viewer.player, time.perf_counter(), viewer.shutter.until
            shown, was_playing = player.scene.playback.frame, player.is_playing
            viewer.turn()
            took = time.perf_counter() - began
            slowest = max(slowest, took)
            if player is not viewer.player:
                episodes += 1
            elif was_playing and player.is_playing:
                seconds += viewer.shutter.until - last
                frames += player.scene.playback.frame - shown
        rate = float(viewer.slide.session.declaration.frame_rate)
        viewer.close()
    soon, rarely = (sum(lag <= limit for lag in late) for limit in (SOON_S, LATE_S))
    return Followed(seconds, frames, rate, len(late), soon, rarely, episodes, slowest)


def pinned(command: Sequence[str], cores: set[int], folder: Path) -> subprocess.Popen[str]:
    """Start a process on these cores."""
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trained:
    """A training."""

    speed: float
    """Steps per second."""
    cpu_s: float
    """Processor time of all its processes, s: says more than the speed on a busy machine."""


def train(config: str, steps: int, has_window: bool, size: str) -> tuple[Trained, Followed | None]:
    """How a training did, and its window."""
    cores = sorted(os.sched_getaffinity(0))
    ours, theirs = (set(cores[:-1]) or set(cores)), {cores[-1]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = RunDirectory(folder / "runs" / "bench")
        words = [
            "train",
            config,
            "--run",
            "bench",
            "--steps",
            str(steps),
            "--set",
            f"chunk.steps={steps}",
        ]
        words += ["--set", "train.env_processes=1", "--set", "train.threads=1"]
        trainer = pinned([sys.executable, "-m", "arcade_rl", *words], ours, folder)
        window = None
        if has_window:
            command = [sys.executable, os.path.abspath(__file__), "--window", str(run.path)]
            window = pinned([*command, "--size", size], theirs, folder)
        _, status, used = os.wait4(trainer.pid, 0)
        trainer.returncode = os.waitstatus_to_exitcode(status)
        if trainer.returncode:
            raise SystemExit(f"the training of {config} failed")
        state = checkpoints.newest(run.checkpoints)
        assert state is not None, "it trained"
        said = window.communicate()[0] if window else ""
    found = Followed(**json.loads(said)) if said else None
    return Trained(state.steps / state.trained_s, used.ru_utime + used.ru_stime), found


def compare(config: str, steps: int, rounds: int, size: str) -> Iterator[str]:
    """Lines with the figures of trainings with and without a window."""
    ratios, shares = [], []
    for number in range(rounds):
        order = (True, False) if number % 2 else (False, True)
        found = {has_window: train(config, steps, has_window, size) for has_window in order}
        (alone, _), (watched, window) = found[False], found[True]
        ratios.append(watched.speed / alone.speed)
        shares.append(watched.cpu_s / alone.cpu_s)
        yield f"round {number + 1}: {alone.speed:,.0f} steps/s alone, {watched.speed:,.0f} with a window, {ratios[-1] - 1:+.1%}; processor time {alone.cpu_s:.1f} s and {watched.cpu_s:.1f} s"
        if window is not None and window.drawn and window.seconds:
            drift = (window.frames - window.seconds * window.rate) / window.seconds * 60
            yield (
                f"  window: {window.frames} frames in {window.seconds:.1f} s, drift {drift:+.1f} frames a "
                f"minute; {window.soon / window.drawn:.1%} of drawn frames within 4 ms, "
                f"{window.rarely / window.drawn:.1%} within 8 ms; {window.episodes} episodes; longest time "
                f"between two looks at the keys {1000 * window.slowest_s:.0f} ms"
            )
    yield (
        f"with a window: {statistics.median(ratios) - 1:+.1%} steps/s (limit -1 %), "
        f"{statistics.median(shares) - 1:+.1%} processor time of the training; medians of {rounds} pairs"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", metavar="RUN:EPISODE", nargs="?")
    parser.add_argument("--follow", metavar="CONFIG")
    parser.add_argument("--steps", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1280x720")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    if given.window is not None:
        print(json.dumps(asdict(follow(RunDirectory(given.window), (width, height)))))
        return
    if (given.reference is None) == (given.follow is None):
        parser.error("give RUN:EPISODE or --follow CONFIG")
    if given.follow is not None:
        config = given.follow if ":" in given.follow else os.path.abspath(given.follow)
        lines = compare(config, given.steps, given.rounds, given.size)
    else:
        lines = measure(given.reference, (width, height), given.seconds)
    for line in lines:
        print(line, flush=True)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    Path("x.png").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
