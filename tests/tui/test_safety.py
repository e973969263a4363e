"""Whatever happens to the cockpit, a training beside it is the one that it would have been."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from unittest.mock import ANY

import psutil
import pytest
from supervised import assert_same, call, start, wait_until
from toy_runs import TRAIN, begun

from arcade_rl.runs.directory import RunDirectory

MANY = int(os.environ.get("COCKPITS", "10"))
"""Number of cockpits that the long test opens. A variable that began with ARCADE_RL_ would be taken for
a key of the configuration."""
STEPS_PER_S = 20
"""Steps per second of eight environments where every step takes 0.4 s."""
SLOW = ["--set", "options.step_time_s=0.4"]


def length(cockpits: int) -> list[str]:
    """Words for a training of ten seconds for each cockpit, in five chunks."""
    steps = 10 * STEPS_PER_S * cockpits
    return ["--steps", f"{steps}", "--set", f"chunk.steps={steps // 5}"]


class Terminal:
    """A cockpit on a terminal of its own, which somebody reads."""

    def __init__(self, root: Path) -> None:
        self._ours, theirs = pty.openpty()
        self.resize(100, 30)
        self.drawn = bytearray()
        self._is_read = True
        self.process = subprocess.Popen(
            [sys.executable, "-m", "arcade_rl", "tui", "--runs-dir", str(root)],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            while self._is_read:
                if select.select([self._ours], [], [], 0.1)[0]:
                    self.drawn += os.read(self._ours, 65_536)
        except OSError:
            return

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def close(self) -> None:
        """Give the terminal back, once its program has ended."""
        self._reader.join(30)
        os.close(self._ours)

    def stop_reading(self) -> None:
        self._is_read = False
        self._reader.join(30)

    def hang_up(self) -> None:
        """Close the terminal, which nobody reads any more, while its program runs."""
        os.close(self._ours)

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def wait_for(self, text: bytes) -> None:
        wait_until(lambda: text in self.drawn)


@pytest.mark.slow
@pytest.mark.very_slow
@pytest.mark.timeout(1800 + 60 * MANY)
@pytest.mark.parametrize("times", [4, MANY], ids=["few", "many"])
def test_killing_closing_and_resizing_the_cockpit_changes_no_byte_of_a_training(
    tmp_path: Path, leave_nothing_running: None, times: int
) -> None:
    """Each time, a cockpit is resized four times; every second one is killed, the others are closed."""
    quiet, beside = tmp_path / "quiet", tmp_path / "beside"
    quiet.mkdir()
    beside.mkdir()
    assert call(quiet, [*TRAIN, *length(times)]) == (0, ANY)
    training = start(beside, [*TRAIN, *length(times), *SLOW])
    run = RunDirectory(beside / "r")
    wait_until(lambda: begun(run), 120.0)
    for turn in range(times):
        terminal = Terminal(beside)
        terminal.wait_for(b"1 run")
        terminal.press(b"\r")
        for size in ((60, 20), (200, 60), (30, 5), (100, 30)):
            terminal.resize(*size)
            os.kill(terminal.process.pid, signal.SIGWINCH)
            time.sleep(0.05)
        if turn % 2:
            terminal.press(b"q")
            assert terminal.process.wait(30) == 0
        else:
            terminal.process.kill()
            assert terminal.process.wait(30) == -signal.SIGKILL
        terminal.close()
    assert training.process.poll() is None, "all of that happened beside the training"
    assert training.wait(60.0 + 30 * times) == 0, training.stderr
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


@pytest.mark.parametrize("is_full", [False, True], ids=["read", "full"])
def test_a_cockpit_without_a_terminal_ends_by_itself(recorded: Path, is_full: bool) -> None:
    """The terminal is nobody's controlling terminal, so that no signal says when it is gone. An
    episode plays meanwhile."""
    terminal = Terminal(recorded)
    terminal.wait_for(b"1 run")
    terminal.press(b"3")
    terminal.wait_for(b"recorded episodes of")
    terminal.press(b"\r")
    terminal.wait_for("▀".encode())
    children = psutil.Process(terminal.process.pid).children(recursive=True)
    assert children, "a process makes the pictures"
    terminal.stop_reading()
    if is_full:  # whoever draws waits for a reader that never comes
        time.sleep(2.0)
    terminal.hang_up()
    assert terminal.process.wait(30) == 0
    assert not psutil.wait_procs(children, 30)[1]
