#!/usr/bin/env python3
"""How quick the cockpit is with many runs and many episodes, on a terminal of its own (a pty).

    .venv/bin/python scripts/bench_tui.py [--runs 500] [--episodes 100000] [--idle 20]
    .venv/bin/python scripts/bench_tui.py --picture runs    # the first run of a folder plays episode 1
    .venv/bin/python scripts/bench_tui.py --grow 60         # minutes beside a run that grows
    .venv/bin/python scripts/bench_tui.py --grow 10 --quicken 6    # the same hour in ten minutes
    .venv/bin/python scripts/bench_tui.py --slow            # curves of a run that grows, at 20 KB/s

Prints, as JSON: seconds to the first screen and until every run is read, milliseconds from a key to the
last byte that answers it, the processor that an idle cockpit takes, and its memory. With --grow: by how
many MB the memory grows in 3,600 looks at a run that is shown and has an update and eight episodes
between two looks, which are one second apart, or so many times as often with --quicken. With --slow:
milliseconds from a key to its answer while the curves of such a run are drawn on a slow terminal.
Folders are kept in --folder, so that another call need not make them again.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import re
import select
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

import psutil

from arcade_rl.recording.ended import COLUMNS
from arcade_rl.runs import looks
from arcade_rl.runs.database import Database
from arcade_rl.runs.events import Episodes
from arcade_rl.runs.queries import update_of
from arcade_rl.tui.demo import DemoStory, make_story

QUIET_S = 0.15
"""Time without a byte after which an answer is taken to be whole, seconds."""
ASK, ANSWER = b"\x1b[6n", b"\x1b[1;1R"
"""What a program asks a terminal for the place of its cursor with, and an answer."""
CODES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


@cache
def compiled() -> dict[str, str]:
    """Variables with which Python finds every module compiled, as it does where the program is installed
    and was used before, whatever the variables of this process say."""
    folder = Path(tempfile.gettempdir()) / "bench-tui-compiled"
    found = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder)}
    code = "import arcade_rl.__main__, arcade_rl.tui.app, arcade_rl.tui.projector"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **found}, check=True)
    return found


class DrawnTerminal:
    """A terminal that a program draws on, read as fast as `bytes_per_s` allows."""

    def __init__(self, argv: list[str], size: tuple[int, int], bytes_per_s: float | None) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environment["XDG_STATE_HOME"] = tempfile.mkdtemp()
        environment |= compiled()
        self.process = subprocess.Popen(
            argv,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        self._rate = bytes_per_s
        self.total, self.last, self.drawn = 0, time.monotonic(), bytearray()
        self.asked, self._rest = 0, b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self.ours], [], [], 1.0)
            if not ready:
                continue
            try:
                data = os.read(self.ours, 65_536 if self._rate is None else 1_000)
            except OSError:
                return
            if self._rate is not None:
                time.sleep(len(data) / self._rate)
            self.total += len(data)
            self.last = time.monotonic()
            self.drawn += data
            del self.drawn[:-200_000]
            *asked, self._rest = (self._rest + data).split(ASK)  # a read may end within a question
            self._rest = self._rest[-len(ASK) + 1 :]
            self.asked += len(asked)
            os.write(self.ours, ANSWER * len(asked))

    def wait_for(self, text: bytes, timeout_s: float = 60.0) -> float:
        """Seconds until the text was drawn."""
        return self.wait_until(lambda: text in self.drawn, repr(text), timeout_s)

    def wait_until(
        self, condition: Callable[[], bool], what: str, timeout_s: float = 60.0
    ) -> float:
        """Seconds until the condition holds of what was drawn."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > timeout_s:
                newest = CODES.sub(b"", bytes(self.drawn[-4_000:])).decode(errors="replace")
                raise SystemExit(f"{what} was not drawn in {timeout_s} s, but {newest[-300:]!r}")
            time.sleep(0.002)
        return time.monotonic() - began

    def plays(self) -> bool:
        """Whether the newest line above the picture is there and says that the episode plays."""
        _, found, line = bytes(self.drawn).rpartition(b"episode 1  step ")
        return bool(found) and len(line) > 120 and b"paused" not in line

    def press(self, key: bytes) -> float:
        """Milliseconds from a key to the last byte of its answer."""
        before, began = self.total, time.monotonic()
        os.write(self.ours, key)
        while self.total == before and time.monotonic() - began < 5.0:
            time.sleep(0.001)
        while time.monotonic() - self.last < QUIET_S:
            time.sleep(0.005)
        return 1000 * (self.last - began)

    def first_byte(self, key: bytes) -> float:
        """Milliseconds from a key to the first byte after it."""
        before, began = self.total, time.monotonic()
        os.write(self.ours, key)
        while self.total == before and time.monotonic() - began < 5.0:
            time.sleep(0.001)
        return 1000 * (time.monotonic() - began)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def make_runs(folder: Path, runs: int, episodes: int) -> None:
    """Make one run with many episodes, and copies of a small one."""
    if (folder / "many").is_dir() and len(list(folder.iterdir())) == runs:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    updates = 2_000
    make_story(folder, DemoStory("many", updates, 50, max(episodes // updates, 1)))
    make_story(folder, DemoStory("run-0000", 40, 10, 8, age_s=2 * 86_400.0))
    for number in range(1, runs - 1):
        name = f"run-{number:04d}"
        shutil.copytree(folder / "run-0000", folder / name)


def measure_pictures(folder: Path) -> dict[str, object]:
    """Pictures a second on a quick terminal, and how long a key takes on one of 20 KB/s."""
    argv = [sys.executable, "-m", "arcade_rl", "tui", "--runs-dir", str(folder)]
    figures: dict[str, object] = {}
    for name, rate in (("quick", None), ("20 KB/s", 20_000.0)):
        terminal = DrawnTerminal(argv, (160, 50), rate)
        try:
            terminal.wait_for(b"100 %")  # "done" stands above the column, too
            terminal.press(b"3")
            terminal.wait_for(b"recorded episodes")
            os.write(terminal.ours, b"\r")
            terminal.wait_for(b"episode 1  step")
            os.write(terminal.ours, b"\x1b[H")
            time.sleep(1.0)
            asked, total, began = terminal.asked, terminal.total, time.monotonic()
            time.sleep(4.0)
            spent = time.monotonic() - began
            figures[f"{name}: parts of pictures a second"] = round(
                (terminal.asked - asked) / spent, 1
            )
            figures[f"{name}: bytes a second"] = round((terminal.total - total) / spent)
            for key in (b"\x1b[H", b"-", b"-", b"-"):  # slower, so that it does not end meanwhile
                os.write(terminal.ours, key)
                time.sleep(0.3)
            waits = []
            for _ in range(10):
                terminal.drawn.clear()
                began = time.monotonic()
                os.write(terminal.ours, b" ")
                terminal.wait_for(b"paused")
                waits.append(1000 * (time.monotonic() - began))
                # Where both keys were answered by one picture, its line would be as before, and would
                # not be drawn; at its end an episode is not paused.
                terminal.drawn.clear()
                os.write(terminal.ours, b"\x1b[H ")
                terminal.wait_until(terminal.plays, "a picture that plays")
                time.sleep(0.5)
            figures[f"{name}: key to answer, ms"] = quantiles(waits)
        finally:
            terminal.close()
    return figures


def quickened(times: float) -> list[str]:
    """The command of a cockpit that looks at its runs so many times as often as usual."""
    if times == 1.0:
        return [sys.executable, "-m", "arcade_rl"]
    interval = f"app.LOOK_INTERVAL_S = {1.0 / times}"
    code = f"from arcade_rl.tui import app; {interval}; from arcade_rl.__main__ import main; main()"
    return [sys.executable, "-c", code]


def open_growing(folder: Path, times: float, rate: float | None) -> tuple[DrawnTerminal, Path]:
    """(a terminal with the curves of a run that can grow, run.db of that run)."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make_story(folder, DemoStory("done", 200, 20))
    run = make_story(folder, DemoStory("grows", 100_000, 100_000, 8, "running", done=0.002))
    argv = [*quickened(times), "tui", "--runs-dir", str(folder)]
    terminal = DrawnTerminal(argv, (160, 50), rate)
    terminal.wait_for(b"grows")
    terminal.press(b"2")
    terminal.wait_for(b"Entropy")
    return terminal, run.database


def measure_growth(folder: Path, minutes: float, times: float) -> dict[str, object]:
    """How much memory a cockpit takes that shows a run which grows, over these minutes."""
    samples: list[tuple[float, float]] = []
    terminal, path = open_growing(folder, times, None)
    began = time.monotonic()
    try:
        process = psutil.Process(terminal.process.pid)
        with closing(Database.open(path)) as database:
            while time.monotonic() - began < 60 * minutes:
                _grow(database)
                samples.append((len(samples) / 3600, process.memory_info().rss / 1e6))
                time.sleep(1.0 / times)
        pictures = terminal.total
    finally:
        terminal.close()
    settled = samples[len(samples) // 4 :]  # what is loaded once has been loaded
    slope, _ = statistics.linear_regression(*zip(*settled, strict=True))
    eighths = [samples[k * (len(samples) - 1) // 8][1] for k in range(9)]
    return {
        "minutes": minutes, "updates": len(samples), "bytes_drawn": pictures,
        "memory_mb_at_each_eighth": [round(one, 1) for one in eighths],
        "grown_mb_since_the_first_eighth": round(eighths[8] - eighths[1], 1),
        "growth_mb_in_3600_looks": round(slope, 1),
    }  # fmt: skip


def measure_slow_curves(folder: Path) -> dict[str, object]:
    """How long a key takes on a terminal of 20 KB/s on which curves are drawn every second."""
    terminal, path = open_growing(folder, 1.0, 20_000.0)
    is_over = threading.Event()

    def grow() -> None:
        with closing(Database.open(path)) as database:
            while not is_over.wait(1.0):
                _grow(database)

    growing = threading.Thread(target=grow)
    growing.start()
    waits = []
    try:
        time.sleep(3.0)
        total, began = terminal.total, time.monotonic()
        for _ in range(20):
            terminal.drawn.clear()
            pressed = time.monotonic()
            os.write(terminal.ours, b"m")
            terminal.wait_for(b"smoothed")
            waits.append(1000 * (time.monotonic() - pressed))
            time.sleep(1.1)
        spent = time.monotonic() - began
        drawn = terminal.total - total
    finally:
        is_over.set()
        growing.join()
        terminal.close()
    return {
        "20 KB/s, curves: key to answer, ms": quantiles(waits),
        "bytes a second": round(drawn / spent),
    }


def _grow(database: Database) -> None:
    """Add an update and eight episodes to a run, as its worker would."""
    running, newest = database.running_attempt(), looks.newest_update(database)
    assert running is not None
    assert newest is not None
    update = update_of(newest)
    first = database.newest_episode() + 1
    row = dict(next(database.rows("select * from episodes order by number desc limit 1")))
    columns = {column.name: [row[column.name]] * 8 for column in COLUMNS}
    terms = {name: [row[f"term_{name}"]] * 8 for name in database.term_names()}
    metrics = {name: [row[f"metric_{name}"]] * 8 for name in database.metric_names()}
    columns["step"] = [update.steps + 128 * k for k in range(1, 9)]
    now = time.time()
    for event in (
        Episodes(first, columns, terms, metrics, now),
        replace(update, update=update.update + 1, steps=update.steps + 1024, time=now),
    ):
        database.record(running["chunk"], running["attempt"], event)


def quantiles(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return {"median": round(statistics.median(values), 1), "p95": round(cuts[-1], 1), "most": round(max(values), 1)}  # fmt: skip


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--episodes", type=int, default=100_000)
    parser.add_argument("--idle", type=float, default=20.0, help="seconds to watch an idle cockpit")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bench-tui")
    parser.add_argument("--picture", type=Path, help="folder of runs, the first of which plays")
    parser.add_argument("--grow", type=float, help="minutes beside a run that grows")
    parser.add_argument("--quicken", type=float, default=1.0, help="looks a second, with --grow")
    parser.add_argument("--slow", action="store_true", help="curves on a slow terminal")
    given = parser.parse_args()
    growing, figures = given.folder.with_name("bench-tui-grows"), dict[str, object]()
    if given.grow or given.slow:
        if given.grow:
            figures |= measure_growth(growing, given.grow, given.quicken)
        if given.slow:
            figures |= measure_slow_curves(growing)
        print(json.dumps(figures, indent=1))
        return
    if given.picture:
        print(json.dumps(measure_pictures(given.picture), indent=1))
        return
    make_runs(given.folder, given.runs, given.episodes)
    argv = [sys.executable, "-m", "arcade_rl", "tui", "--runs-dir", str(given.folder)]
    terminal = DrawnTerminal(argv, (160, 50), None)
    figures |= {"runs": given.runs, "episodes": given.episodes}
    process = psutil.Process(terminal.process.pid)
    try:
        figures["first_screen_s"] = round(terminal.wait_for(b"run-0"), 3)
        figures["first_screen_processor_s"] = round(sum(process.cpu_times()[:2]), 3)
        done = f"{given.runs} done".encode()
        figures["all_read_s"] = round(figures["first_screen_s"] + terminal.wait_for(done), 3)  # type: ignore[operator]
        time.sleep(3.0)
        figures["keys_in_runs_ms"] = quantiles([terminal.press(b"j") for _ in range(40)])
        process.cpu_percent()
        memory = process.memory_info().rss
        time.sleep(given.idle)
        figures["idle_percent_of_a_core"] = process.cpu_percent()
        terminal.press(b"=")
        terminal.press(b"/")
        for letter in b"many\r":
            terminal.press(bytes([letter]))
        began = time.monotonic()
        terminal.press(b"3")
        terminal.wait_for(b"recorded episodes of many")
        figures["episodes_opened_s"] = round(time.monotonic() - began, 3)
        time.sleep(2.0)
        figures["keys_in_episodes_ms"] = quantiles([terminal.press(b"\x1b[6~") for _ in range(40)])
        began = time.monotonic()
        terminal.press(b"2")
        terminal.wait_for(b"Entropy")
        figures["run_opened_s"] = round(time.monotonic() - began, 3)
        time.sleep(3.0)
        opened = process.memory_info().rss
        figures["keys_in_run_ms"] = quantiles([terminal.press(b"t") for _ in range(40)])
        process.cpu_percent()
        time.sleep(given.idle)
        figures["idle_in_run_percent_of_a_core"] = process.cpu_percent()
        figures["memory_mb"] = round(process.memory_info().rss / 1e6, 1)
        figures["memory_of_the_open_run_mb"] = round((opened - memory) / 1e6, 1)
        figures["memory_grown_since_mb"] = round((process.memory_info().rss - opened) / 1e6, 1)
    finally:
        terminal.close()
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
