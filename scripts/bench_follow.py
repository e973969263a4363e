#!/usr/bin/env python
"""What a window that follows a training costs the training, and how well the window keeps time.

    scripts/bench_follow.py CONFIG [--pairs 24] [--rollouts 4] [--size 1280x720]

Trains the configuration once, with a window beside it that rests and follows the training in turn, for so
many rollouts each. Every stretch in which the window follows is compared with the mean of the two around
it in which it rests, so that a training or a machine that becomes slower little by little changes
nothing. Where there are two cores or more, the training has all but the last one, and the window has
that one. Without a display the window has one of Xvfb's, on its own core, where Xvfb is installed, and
draws into memory where not.

Every comparison says how much of a core all other programs had meanwhile; the figures are told for all
comparisons, and for those in which others had little. Where speed falls and processor time does not,
something else has had the cores of the training; where both change, the cores were slower themselves.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, astuple, dataclass, fields
from math import comb
from pathlib import Path

import psutil
from bench_viewer import DISPLAY, Pace, TimedWindow, paced, spent_elsewhere

from arcade_rl.playback.followed_programme import FollowedEpisodes
from arcade_rl.playback.following import Following
from arcade_rl.recording.feed import PlayedRollout
from arcade_rl.recording.frames import FeedDecoder
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.feed import FeedReader
from arcade_rl.runs.watched import LocalFeed
from arcade_rl.viewer.viewer import Viewer, ViewerOptions

FEW = 0.1
"""Processor time of other programs that is little, in cores."""
ENDLESS = 10**9
"""Steps of a training that a measurement ends."""


def follow(run: RunDirectory, size: tuple[int, int]) -> Iterator[str]:
    """Follow a training in this process, in stretches: each begins and ends with a line on stdin, and
    the last one with the end of stdin. Yields a line once there is something to rest from, and then
    what came of every stretch."""
    with closing(Following(LocalFeed(run))) as following, closing(TimedWindow(size)) as window:
        viewer = Viewer(FollowedEpisodes(following), window, ViewerOptions())
        with closing(viewer):
            viewer.open()
            viewer.play_frames(1)
            viewer.player.play()
            yield "ready"
            while sys.stdin.readline():
                following.poll()  # what has arrived meanwhile is no part of the stretch
                found = paced(viewer, lambda: not select.select([sys.stdin], [], [], 0)[0])
                yield json.dumps(asdict(found))
                sys.stdin.readline()


class FollowingWindow:
    """A window that follows a training from a process of its own. Where this process has no display,
    the window has one of Xvfb's, whose server then has the same core as the window."""

    def __init__(self, run: RunDirectory, size: str, cores: set[int], folder: Path) -> None:
        """Waits until the window has drawn its first picture with the policy."""
        command = [sys.executable, os.path.abspath(__file__), "--window", str(run.path)]
        if not DISPLAY and shutil.which("xvfb-run"):
            command = ["xvfb-run", "-a", "-s", "-screen 0 1920x1200x24", *command]
        self._process = pinned([*command, "--size", size], cores, folder)
        self._said("ready")

    def go_on(self) -> None:
        """Let the window show what arrives."""
        self._tell()

    def rest(self) -> Pace:
        """Let the window wait; returns how well it kept time."""
        self._tell()
        return Pace(**json.loads(self._said("{")))

    def close(self) -> None:
        """Close the window."""
        self._process.communicate()

    def _tell(self) -> None:
        assert self._process.stdin is not None, "it was opened with a pipe"
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def _said(self, beginning: str) -> str:
        """The next line that begins like this: pygame greets on stdout, too."""
        assert self._process.stdout is not None, "it was opened with a pipe"
        for line in self._process.stdout:
            if line.startswith(beginning):
                return line
        raise SystemExit("the window ended too early")


def pinned(command: Sequence[str], cores: set[int], folder: Path) -> subprocess.Popen[str]:
    """Start a process on these cores."""
    return subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )  # fmt: skip


class Training:
    """A training that runs until it is closed, on cores of its own, seen through its feed."""

    def __init__(self, config: str, cores: set[int], folder: Path) -> None:
        self.run = RunDirectory(folder / "runs" / "bench")
        words = ["train", config, "--run", "bench", "--steps", str(ENDLESS)]
        for word in (f"chunk.steps={ENDLESS}", "train.env_processes=1", "train.threads=1"):
            words += ["--set", word]
        command = [sys.executable, "-m", "arcade_rl", *words]
        self._started = pinned(command, cores, folder)
        self._process = psutil.Process(self._started.pid)
        self._reader, self._decoder = FeedReader(self.run.feed), FeedDecoder()

    def play(self, rollouts: int) -> tuple[PlayedRollout, float]:
        """Wait for so many more rollouts at least; returns the newest one, and the processor time that
        the training has taken until now, s."""
        newest: PlayedRollout | None = None
        while rollouts > 0 or newest is None:
            for frame in self._reader.poll():
                assert isinstance(frame, bytes), "nothing of the feed is lost"
                item = self._decoder.decode(frame)
                if isinstance(item, PlayedRollout):
                    newest, rollouts = item, rollouts - 1
            if self._started.poll() is not None:
                raise SystemExit("the training ended too early")
            time.sleep(0.005)
        return newest, self._spent_s()

    def _spent_s(self) -> float:
        processes = [self._process, *self._process.children(recursive=True)]
        return sum(it.user + it.system for it in (one.cpu_times() for one in processes))

    def close(self) -> None:
        """End the training; what it has saved is of no interest."""
        for process in [*self._process.children(recursive=True), self._process]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._started.communicate()
        self._reader.close()


@dataclass(frozen=True, slots=True)
class Stretch:
    """How a training did for some rollouts."""

    step_s: float
    """Wall time of a step, s."""
    cpu_s: float
    """Processor time that a step took of all processes of the training, s."""
    others: float
    """Processor time of all programs but this one, the training and the window, in cores."""

    def mean(self, other: Stretch) -> Stretch:
        """The mean of two stretches."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Stretch(*((one + two) / 2 for one, two in pairs))


def stretch(training: Training, rollouts: int) -> Stretch:
    """Measure so many rollouts, after one in which a window begins to show or to rest."""
    before, cpu_s = training.play(1)
    began, others_s = time.perf_counter(), others()
    after, cpu_after_s = training.play(rollouts)
    part = (others() - others_s) / (time.perf_counter() - began)
    steps = after.steps - before.steps
    return Stretch((after.ended - before.ended) / steps, (cpu_after_s - cpu_s) / steps, part)


def others() -> float:
    """Processor time of all programs but this one and what it has started, since the machine began,
    s. What other machines took from this one counts, too."""
    whole = psutil.cpu_times()
    busy = sum(whole) - whole.idle - whole.iowait - whole.guest - whole.guest_nice
    own = time.process_time() + spent_elsewhere()
    return busy - own


def compare(config: str, rollouts: int, pairs: int, size: str) -> Iterator[str]:
    """Lines with the figures of one training beside which a window is live and rests in turn."""
    cores = sorted(os.sched_getaffinity(0))
    ours, theirs = (set(cores[:-1]) or set(cores)), {cores[-1]}
    os.sched_setaffinity(0, theirs)
    yield f"the training has the cores {sorted(ours)}, the window {sorted(theirs)}"
    found: list[tuple[Stretch, Stretch]] = []
    """The means of the stretches around, and the stretch between them."""
    paces: list[Pace] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        training = stack.enter_context(closing(Training(config, ours, folder)))
        training.play(2)
        window = stack.enter_context(closing(FollowingWindow(training.run, size, theirs, folder)))
        before = stretch(training, rollouts)
        for pair in range(pairs):
            window.go_on()
            live = stretch(training, rollouts)
            paces.append(window.rest())
            after = stretch(training, rollouts)
            found.append((before.mean(after), live))
            before = after
            yield f"pair {pair + 1}: {_compared(*found[-1])}"
    quiet = [it for it, (alone, live) in enumerate(found) if max(alone.others, live.others) < FEW]
    for what, places in (("all", range(len(found))), (f"others below {FEW:g} of a core", quiet)):
        if places:
            yield from _figures(what, [found[it] for it in places], [paces[it] for it in places])


def _figures(
    what: str, found: Sequence[tuple[Stretch, Stretch]], paces: Sequence[Pace]
) -> Iterator[str]:
    speeds = between([alone.step_s / live.step_s for alone, live in found])
    yield f"{what}: window: {together(paces).words}"
    yield f"{what}: steps/s with a live window (limit -1 %): {speeds}"
    times = between([live.cpu_s / alone.cpu_s for alone, live in found])
    yield f"{what}: processor time of a step: {times}"


def _compared(alone: Stretch, live: Stretch) -> str:
    return (
        f"{1 / alone.step_s:,.0f} steps/s while the window rests, {1 / live.step_s:,.0f} while it is live, "
        f"{alone.step_s / live.step_s - 1:+.1%}; {1e6 * alone.cpu_s:.1f} and {1e6 * live.cpu_s:.1f} us of "
        f"the processor for a step, {live.cpu_s / alone.cpu_s - 1:+.1%}; others had {alone.others:.2f} "
        f"and {live.others:.2f} of a core"
    )


def together(paces: Sequence[Pace]) -> Pace:
    """What came of several stretches of one window."""
    sums = {field.name: sum(getattr(pace, field.name) for pace in paces) for field in fields(Pace)}
    return Pace(**sums | {"rate": paces[0].rate, "slowest_s": max(it.slowest_s for it in paces)})


def between(ratios: Sequence[float]) -> str:
    """The median of ratios, and the interval that their order gives for it, whatever the distribution:
    the narrowest one of at least 95 %, or the whole range of few ratios."""
    ordered, count = sorted(ratios), len(ratios)
    outside, rank = 2 * 0.5**count, 0
    while rank + 1 < count // 2 and outside + 2 * comb(count, rank + 1) * 0.5**count <= 0.05:
        rank += 1
        outside += 2 * comb(count, rank) * 0.5**count
    return (
        f"{statistics.median(ordered) - 1:+.2%} in the middle of {count} pairs, between "
        f"{ordered[rank] - 1:+.2%} and {ordered[-1 - rank] - 1:+.2%} with {1 - outside:.0%} confidence"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", metavar="CONFIG", nargs="?")
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--rollouts", type=int, default=4, help="rollouts of each stretch")
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--window", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    if given.window is not None:
        for line in follow(RunDirectory(given.window), (width, height)):
            print(line, flush=True)
        return
    if given.config is None:
        parser.error("give CONFIG")
    config = given.config if ":" in given.config else os.path.abspath(given.config)
    for line in compare(config, given.rollouts, given.pairs, given.size):
        print(line, flush=True)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
