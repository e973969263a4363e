"""The frame of the cockpit: screens, keys, help, the command log, and terminals of all sizes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arcade_rl.tui.terminal import DARK, LIGHT, theme_of_terminal

if TYPE_CHECKING:
    from conftest import CommandLine
    from tui.conftest import Opened


def test_the_screens_go_round_and_escape_goes_back(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            assert "5 runs: 2 done" in screen.lines[0]
            await screen.press("down", "enter")
            await screen.shows("tried-again  failed", "Chunks")
            await screen.press("escape")
            assert screen.app.shown.id == "runs"
            await screen.press("2")
            assert screen.app.shown.id == "run"
            await screen.press("1")
            assert screen.app.shown.id == "runs"

    asyncio.run(play())


def test_a_terminal_that_is_too_small_has_one_line(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up, (59, 20)) as screen:
            assert "60x20 is needed, q quits" in screen.lines[0]
            assert "".join(screen.lines[1:]) == ""
            await screen.pilot.resize_terminal(80, 24)
            await screen.shows("learned")

    asyncio.run(play())


def test_importing_and_using_the_cockpit_needs_no_torch(made_up: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from arcade_rl.tui.app import Cockpit, CockpitOptions\n"
        "async def play():\n"
        "    app = Cockpit(CockpitOptions(Path(sys.argv[1])))\n"
        "    async with app.run_test(size=(120, 40)) as pilot:\n"
        "        for key in '2345132q':\n"
        "            await pilot.press(key)\n"
        "            await pilot.pause(0.2)\n"
        "asyncio.run(play())\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(made_up)], capture_output=True, text=True, check=True
    )
    assert "textual" in done.stdout.split()
    assert not {"torch", "stable_baselines3", "sb3_contrib"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("colours", "theme"),
    [("15;0", DARK), ("0;15", LIGHT), ("0;default;7", LIGHT), ("", DARK), ("nonsense", DARK)],
)
def test_the_theme_fits_the_background(colours: str, theme: str) -> None:
    assert theme_of_terminal(colours) == theme


def test_without_a_terminal_the_command_says_what_to_use(arcade_rl: CommandLine) -> None:
    done = arcade_rl("tui")
    assert (done.returncode, done.stdout) == (3, "")
    assert "there is no terminal" in done.stderr
    assert "arcade-rl runs list" in done.stderr
    done = arcade_rl("tui", "--demo", "--runs-dir", "x")
    assert done.returncode == 2
