"""The window of `plugins ram` is drawn without a display, and what cannot be shown is one line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import pytest

if TYPE_CHECKING:
    from conftest import CommandLine

DRAWN = ["--headless", "--frames", "6", "--screenshot", "w.png"]


def test_the_window_is_drawn_without_a_display(
    arcade_rl: CommandLine, folder_of_commands: Path
) -> None:
    words = ["plugins", "ram", "breakout", "--window", *DRAWN]
    done = arcade_rl(*words, "-c", "play 200 noop", "-c", "watch 0x39 lives", "-c", "is 4")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "w.png"
    picture = cv2.imread(str(folder_of_commands / "w.png"))
    assert picture is not None
    assert picture.shape == (720, 1280, 3)
    assert picture[:690, :690].std() > 20
    assert picture[:690, 692:].std() > 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["breakout", *DRAWN], "--headless draws the window; give --window too"),
        (["breakout", "--window", "--headless"], "--headless, --frames and --screenshot belong together"),
        (["breakout", "--window", "--json"], "--json is for typed commands"),
        (["breakout", "--window", "--headless", "--frames", "1", "--screenshot", "w.gif"], "w.gif is no PNG"),
        (["acrobot", "--window", *DRAWN], "acrobot opens no memory"),
        (["retro", "--window", *DRAWN], "retro has no buttons that people could press"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_one_line(
    arcade_rl: CommandLine, words: list[str], said: str
) -> None:
    done = arcade_rl("plugins", "ram", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_command_that_fails_before_the_window_ends_with_its_code(arcade_rl: CommandLine) -> None:
    done = arcade_rl("plugins", "ram", "breakout", "--window", *DRAWN, "-c", "kind u9")
    assert done.returncode == 2
    assert "there is no kind 'u9'" in done.stderr
