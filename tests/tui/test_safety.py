"""Whatever happens to the cockpit, a training beside it is the one that it would have been."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from supervised import assert_same, call, start, wait_until
from toy_runs import LENGTH, TRAIN, begun

from arcade_rl.runs.directory import RunDirectory

LONG = ["--steps", "20480", "--set", "chunk.steps=4096"]
"""Two minutes where every step takes 50 ms."""


class Terminal:
    """A cockpit on a terminal of its own, which somebody reads."""

    def __init__(self, root: Path) -> None:
        self._ours, theirs = pty.openpty()
        self.resize(100, 30)
        self.drawn = bytearray()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "arcade_rl", "tui", "--runs-dir", str(root)],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(theirs)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 65_536):
                self.drawn += data
        except OSError:
            return

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def wait_for(self, text: bytes) -> None:
        wait_until(lambda: text in self.drawn)


@pytest.mark.slow
@pytest.mark.very_slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("times", "length"), [(3, LENGTH), (10, LONG)], ids=["3", "10"])
def test_killing_closing_and_resizing_the_cockpit_changes_no_byte_of_a_training(
    tmp_path: Path, leave_nothing_running: None, times: int, length: list[str]
) -> None:
    """Each time, a cockpit is resized four times and killed."""
    quiet, beside = tmp_path / "quiet", tmp_path / "beside"
    quiet.mkdir()
    beside.mkdir()
    assert call(quiet, [*TRAIN, *length])[0] == 0
    training = start(beside, [*TRAIN, *length, "--set", "options.step_time_s=0.05"])
    run = RunDirectory(beside / "r")
    wait_until(lambda: begun(run))
    for _ in range(times):
        terminal = Terminal(beside)
        terminal.wait_for(b"1 run")
        terminal.press(b"\r")
        for size in ((60, 20), (200, 60), (30, 5), (100, 30)):
            terminal.resize(*size)
            os.kill(terminal.process.pid, signal.SIGWINCH)
            time.sleep(0.05)
        terminal.process.kill()
        assert terminal.process.wait(30) == -signal.SIGKILL
    terminal = Terminal(beside)
    terminal.wait_for(b"1 run")
    terminal.press(b"q")
    assert terminal.process.wait(30) == 0
    assert training.process.poll() is None, "all of that happened beside the training"
    assert training.wait() == 0, training.stderr
    assert_same(RunDirectory(quiet / "r"), run)


def test_ctrl_c_ends_nothing_and_q_leaves_the_terminal_as_it_was(
    made_up: Path, tmp_path: Path
) -> None:
    terminal = Terminal(made_up)
    terminal.wait_for(b"learned")
    terminal.press(b"\x03")
    time.sleep(0.3)
    assert terminal.process.poll() is None
    terminal.press(b"q")
    assert terminal.process.wait(30) == 0
    terminal.wait_for(b"\x1b[?1049l")  # back from the alternate screen
