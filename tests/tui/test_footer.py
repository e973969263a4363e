"""The last line: whole keys, as many as fit, with the way out and the help whatever the width."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arcade_rl.tui.dialogs import PageDialog
from arcade_rl.tui.footer import KeyLine, ShownKey, fitting

if TYPE_CHECKING:
    from tui.conftest import Opened

KEYS = [
    ShownKey("slash", "/", "Filter", "filter"),
    ShownKey("at", "@", "Commands", "log"),
    ShownKey("question_mark", "?", "Help", "help"),
    ShownKey("q", "q", "Quit", "quit"),
    ShownKey("i", "i", "Pin", "pin"),
]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (13, "? Help q Quit"),
        (21, "? Help q Quit"),
        (22, "/ Filter ? Help q Quit"),
        (32, "/ Filter ? Help q Quit"),
        (33, "/ Filter @ Commands ? Help q Quit"),
        (39, "/ Filter @ Commands ? Help q Quit i Pin"),
    ],
)
def test_the_first_keys_are_shown_whole_and_what_is_needed_always(width: int, shown: str) -> None:
    """A later key that is short does not take the place of an earlier one."""
    found = fitting(KEYS, width)
    assert " ".join(f"{key.sign} {key.description}" for key in found) == shown


def test_a_click_on_a_key_presses_the_key(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up, (80, 24)) as screen:
            line = screen.lines[-1]
            await screen.pilot.click(KeyLine, offset=(line.index("Help"), 0))
            await screen.shows("Keys on the screen")
            assert isinstance(screen.app.screen, PageDialog)
            await screen.press("escape")
            await screen.pilot.resize_terminal(60, 20)
            await screen.until(lambda: screen.lines[-1].rstrip().endswith("q Quit"))

    asyncio.run(play())
