"""A real window on a display of X11 follows a real training."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from desktop import Desktop, wait_for
from supervised import call, start, wait_until
from toy_runs import ENDLESS, SLOW, TRAIN

from arcade_rl.runs.directory import RunDirectory

ACCENT = (52, 224, 178)
"""Colour of the frame around the chosen episode of a wall."""


def framed(desktop: Desktop) -> tuple[int, int] | None:
    """Where the frame of the chosen episode begins; None where there is no wall."""
    picture = desktop.picture()[:660]
    rows, columns = np.nonzero((picture == ACCENT).all(2))
    if len(rows) < 500:
        return None
    return int(columns.min()), int(rows.min())


def ended(process: subprocess.Popen[str]) -> str:
    """Nothing while the process lives. The test fails with what the process said, if it has ended."""
    assert process.poll() is None, process.communicate()
    return ""


@pytest.mark.very_slow  # test_desktop.py drives a window, and test_pursuit_real.py follows trainings
@pytest.mark.usefixtures("leave_nothing_running")
def test_a_training_is_watched_with_keys_and_mouse(desktop: Desktop, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "r")
    start(tmp_path, [*TRAIN, *ENDLESS, *SLOW])
    wait_until(lambda: run.feed.is_dir() and any(run.feed.iterdir()))
    command = [sys.executable, "-m", "arcade_rl", "watch", str(run.path), "--overlay", "minimal"]
    process = desktop.start(command, XDG_STATE_HOME=str(tmp_path))
    try:
        wait_for(lambda: desktop.sees() or ended(process))
        desktop.find()
        wait_for(lambda: "shown" if desktop.picture().any() else "")
        window = psutil.Process(process.pid)
        assert all(it.nice() > psutil.Process().nice() for it in [window, *window.children()])
        desktop.press("j", "e", "E", "space", "Home", "space")
        desktop.press("W")
        wait_for(lambda: "wall" if framed(desktop) else "")
        first = framed(desktop)
        desktop.press("e")
        wait_for(lambda: "next" if framed(desktop) not in (None, first) else "")
        desktop.press("space", "5", "plus", "space", "Return")
        wait_for(lambda: "one" if framed(desktop) is None else "")
        desktop.press("W")
        wait_for(lambda: "wall" if framed(desktop) else "")
        desktop.do("mousemove", 300, 300)
        desktop.do("click", 1)
        wait_for(lambda: "one" if framed(desktop) is None else "")
        assert call(tmp_path, ["stop", "r"])[0] == 0
        desktop.press("End", "j", "Home", "q")
        assert process.wait(60) == 0
        assert process.communicate() == ("", "")
    finally:
        process.kill()
        process.wait()
