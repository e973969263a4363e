#!/usr/bin/env python
"""How well the window keeps time, and how soon it answers.

    scripts/bench_viewer.py RUN:EPISODE [--seconds 60] [--size 1280x720]
    scripts/bench_viewer.py RUN:EPISODE --keys 30 [--size 1280x720]

With --keys, keys are pressed at random for so many minutes, all those of the table and the mouse on the
bar. RUN may get markers. An exception ends the script; the figures are how the memory grows of the
window's process, and of the processes in which its games are played.

Start the script on a display, or through `xvfb-run -a`; without a display it draws into memory.
RUN must keep two checkpoints or more. A busy machine shows in every figure: the last line says how busy
it was.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from arcade_rl.playback.programme import programme_of
from arcade_rl.playback.references import find_source
from arcade_rl.runs.directory import runs_directory
from arcade_rl.viewer.bar import HEIGHT
from arcade_rl.viewer.keys import BY_KEY
from arcade_rl.viewer.picture import Appearances
from arcade_rl.viewer.viewer import Viewer, ViewerOptions
from arcade_rl.viewer.window import Pointed, Pressed, ViewerWindow, WindowEvent

DISPLAY = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
"""The display that windows open on; nothing where they draw into memory."""
SOON_S, LATE_S = 0.004, 0.008
TIMES = 60
WARM_UP_KEYS = 600
"""Keys after which everything that keys show was shown."""
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


class TimedWindow(ViewerWindow):
    """A window that notes for how long nobody looks at its keys."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__(size, "bench", headless=not DISPLAY)
        self.longest_s = 0.0
        """Longest time between two looks at the keys, s."""
        self._looked = time.perf_counter()

    def events(self, wait: float) -> list[WindowEvent]:
        self.longest_s = max(self.longest_s, time.perf_counter() - self._looked)
        found = super().events(wait)
        self._looked = time.perf_counter()
        return found

    def forget(self) -> None:
        """Begin anew: what was before is not counted."""
        self.longest_s, self._looked = 0.0, time.perf_counter()


@dataclass(frozen=True, slots=True)
class Pace:
    """How well a window kept time."""

    seconds: float
    """Time in which an episode played, without waits and the opening of episodes, s."""
    frames: int
    """Frames of the game that were played in this time."""
    rate: float
    """Frames per second of the game."""
    drawn: int
    """Frames that were shown at their time."""
    soon: int
    """Shown frames within 4 ms of their time."""
    rarely: int
    """Shown frames within 8 ms of their time."""
    skipped: int
    """Frames of the game that were not drawn."""
    episodes: int
    """Episodes that were opened."""
    slowest_s: float
    """Longest time between two looks at the keys, s."""
    cpu_s: float
    """Processor time of the window's process while the episode played, and of the processes of its
    games, s: says more than the rest on a busy machine."""

    @property
    def words(self) -> str:
        """The figures, as people read them."""
        if not (self.drawn and self.seconds):
            return "nothing was played"
        drift = (self.frames - self.seconds * self.rate) / self.seconds * 60
        return (
            f"{self.drawn} frames shown in {self.seconds:.1f} s, {self.soon / self.drawn:.1%} within 4 ms "
            f"and {self.rarely / self.drawn:.1%} within 8 ms of their time; {self.skipped} of "
            f"{self.frames} game frames not drawn; drift {drift:+.1f} frames a minute; "
            f"{1000 * self.cpu_s / self.drawn:.1f} ms of the processor for a drawn frame; "
            f"{self.episodes} episodes opened; longest time between two looks at the keys "
            f"{1000 * self.slowest_s:.0f} ms"
        )


@contextmanager
def opened(reference: str, window: TimedWindow) -> Iterator[Viewer]:
    """A viewer of an episode with all panels. One window serves all viewers of a process: Xvfb takes
    no other while it tidies up after the last one."""
    viewer = Viewer(programme_of(find_source(reference, None), 0), window, ViewerOptions())
    with closing(viewer):
        viewer.open()
        viewer.play_frames(1)
        yield viewer


def pacing(reference: str, window: TimedWindow, seconds: float) -> str:
    """How well a window keeps time over so many seconds of play, again from the start at the end."""
    with opened(reference, window) as viewer:
        before = psutil.Process().memory_info().rss
        viewer.player.seek(0)
        while viewer.player.is_seeking:
            viewer.player.tick(0)
        viewer.player.play()
        began = time.perf_counter()
        found = paced(viewer, lambda: time.perf_counter() - began < seconds)
        grown = psutil.Process().memory_info().rss - before
    return (
        f"pacing at {window.size[0]}x{window.size[1]}, full overlay: {found.words}; memory grew by "
        f"{grown / 2**20:.1f} MiB"
    )


def spent_elsewhere() -> float:
    """Processor time of the processes that this one has started and that live, s."""
    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return sum(it.user + it.system for it in times)


def paced(viewer: Viewer, goes_on: Callable[[], bool]) -> Pace:
    """Let a window that plays go on as long as a condition holds, and see how well it keeps time."""
    late: list[float] = []
    seconds, frames, episodes, cpu_s, skipped = 0.0, 0, 0, 0.0, viewer.player.skipped
    viewer.shutter.on_shown = late.append
    viewer.shutter.load(viewer.player)  # a picture that was prepared long ago is not late
    window = viewer.window
    assert isinstance(window, TimedWindow), "a bench opened it"
    window.forget()
    elsewhere = -spent_elsewhere()
    while goes_on():
        player, until, cpu = viewer.player, viewer.shutter.until, time.process_time()
        shown, was_playing = player.scene.playback.frame, player.is_playing
        was_drawn = viewer.shutter.is_drawn  # the first picture belongs to the opening
        viewer.turn()
        if player is not viewer.player:
            episodes += 1
        elif was_playing and player.is_playing and was_drawn:
            seconds += viewer.shutter.until - until
            frames += player.scene.playback.frame - shown
            cpu_s += time.process_time() - cpu
        elif player.is_at_end and viewer.pursuit is None:
            player.play()
    elsewhere += spent_elsewhere()
    soon, rarely = (sum(lag <= limit for lag in late) for limit in (SOON_S, LATE_S))
    return Pace(
        seconds, frames, float(viewer.slide.session.declaration.frame_rate), len(late), soon, rarely,
        viewer.player.skipped - skipped, episodes, window.longest_s, cpu_s + elsewhere,
    )  # fmt: skip


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
    with closing(TimedWindow(size)) as window:
        with opened(reference, window) as viewer:
            answers(viewer, ["9"])
            yield said("ten steps back", answers(viewer, ["["] * 20))
            answers(viewer, ["9"])
            yield said("a step back", answers(viewer, [","] * TIMES))
            yield said("another checkpoint, first time", answers(viewer, "<"))
            yield said("another checkpoint, again", answers(viewer, "><" * 10))
        yield pacing(reference, window, seconds)


# --- keys at random ------------------------------------------------------------------------------


def press_at_random(viewer: Viewer, rng: random.Random) -> None:
    """Press a key or click on the bar, and let a few turns pass. Nothing closes the window."""
    keys = [*BY_KEY, *"score>=1, value", "return", "return", "backspace"]
    if rng.random() < 0.1:
        width, height = viewer.window.size
        y = height - HEIGHT + rng.randrange(HEIGHT)
        viewer.take(Pointed(rng.randrange(width), y, is_down=True, is_click=True))
    else:
        viewer.take(Pressed(rng.choice(keys)))
    viewer.is_closed = False
    for _ in range(rng.randrange(4)):
        viewer.turn()


def memory() -> tuple[float, float]:
    """Memory of this process and of all its children, MiB."""
    own = psutil.Process()
    children = own.children(recursive=True)
    return own.memory_info().rss / 2**20, sum(it.memory_info().rss for it in children) / 2**20


def put_back(viewer: Viewer, reference: str) -> None:
    """Show what was shown first, as it was shown first: memory differs with what is on show."""
    viewer.leave_several()
    viewer.editor, viewer.look = None, Appearances("full", "dark", "blue-orange")
    if viewer.window.is_full:
        viewer.window.change_full_screen()
    viewer.programme = programme_of(find_source(reference, None), 0)
    viewer.show(viewer.programme.source)
    viewer.play_frames(1)
    gc.collect()


def random_keys(reference: str, size: tuple[int, int], minutes: float) -> Iterator[str]:
    """What so many minutes of keys at random do to the memory, in ten parts after a first one that is
    not counted: what is shown for the first time is loaded then. That part lasts for `WARM_UP_KEYS`
    keys at least. After each part the memory is measured with the same picture."""
    os.environ["ARCADE_RL_RUNS_DIR"] = os.path.abspath(runs_directory(None))
    place = os.path.abspath(reference) if os.sep in reference else reference
    programme = programme_of(find_source(place, None), 0)
    rng, count = random.Random(0), 0
    with tempfile.TemporaryDirectory() as name, closing(TimedWindow(size)) as window:
        os.environ["XDG_STATE_HOME"] = name
        os.chdir(name)
        viewer = Viewer(programme, window, ViewerOptions(folder=Path(name, "pictures")))
        with closing(viewer):
            viewer.open()
            began, before = time.monotonic(), 0.0
            for part in range(11):
                until = time.monotonic() + 6 * minutes
                while time.monotonic() < until or count < WARM_UP_KEYS:
                    press_at_random(viewer, rng)
                    count += 1
                put_back(viewer, place)
                own, children = memory()
                before = own if part == 0 else before
                yield (
                    f"{count} keys in {(time.monotonic() - began) / 60:.1f} minutes: {own:.0f} MiB, "
                    f"{own - before:+.1f} since the first part; {children:.0f} MiB in other processes"
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", metavar="RUN:EPISODE")
    parser.add_argument("--keys", metavar="MINUTES", type=float)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1280x720")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    if given.keys is not None:
        lines = random_keys(given.reference, (width, height), given.keys)
    else:
        lines = measure(given.reference, (width, height), given.seconds)
    for line in lines:
        print(line, flush=True)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    Path("x.png").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
