"""Breakout's lives are found in a real window, with keys that are really pressed."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from desktop import Desktop, wait_for

from arcade_rl.cli.experiment import resolve_target
from arcade_rl.playback.machine import Machine

LIVES = 0x39
SEED = 1
LOST = 3
"""Lives that are lost until one address is left."""
X11 = {" ": "space", "_": "underscore", "/": "slash", ":": "colon", "-": "minus", ".": "period"}


def steps_between_lives() -> list[int]:
    """Steps without a move until each life is lost, counted from the one before."""
    with closing(Machine(resolve_target("breakout", ()), SEED)) as machine:
        found, before = list[int](), 0
        action = machine.action_of("noop")
        while len(found) < LOST:
            machine.step(action)
            series = machine.histories[-1].trace("lives_lost", machine.declaration).series
            if series[-1] > len(found):
                found.append(machine.steps - before)
                before = machine.steps
    return found


def write(desktop: Desktop, text: str) -> None:
    """Type a text and end the line."""
    desktop.press(*(X11.get(letter, letter) for letter in text), "Return")


@pytest.mark.slow
@pytest.mark.very_slow  # test_ram_window.py presses the same keys without a display
def test_keys_find_breakouts_lives(desktop: Desktop, tmp_path: Path) -> None:
    words = ["plugins", "ram", "breakout", "--window", "--seed", str(SEED)]
    process = desktop.start(
        [sys.executable, "-m", "arcade_rl", *words], XDG_STATE_HOME=str(tmp_path / "state")
    )
    try:
        desktop.find()
        wait_for(lambda: "shown" if desktop.picture().any() else "")
        write(desktop, ":kind u8")
        for steps in steps_between_lives():
            write(desktop, f":play {steps - 2} noop")
            desktop.press("s", "period", "period", "minus")
        write(desktop, "wlives")
        write(desktop, f":lines {tmp_path / 'found'}")
        written = tmp_path / "found" / "breakout_memory.py"
        wait_for(lambda: "written" if written.is_file() else "")
        assert f'"lives": ({LIVES:#04x}' in written.read_text()

        before = desktop.picture()
        desktop.do("keydown", "Left")
        desktop.press("x", "Tab")  # the first key puts the card with the answer away
        wait_for(lambda: "moved" if np.mean(desktop.picture() != before) > 0.001 else "")
        desktop.do("keyup", "Left")
        desktop.press("Escape")
        said, errors = process.communicate(timeout=120)
        assert (process.returncode, said, errors) == (0, "", "")
    finally:
        process.kill()
        process.wait()
