"""Screen 5 offers a run for each of several seeds, and says what it starts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_rl.tui.dialogs import AskDialog, ChooseDialog, LineDialog
from arcade_rl.tui.start_view import StartView

if TYPE_CHECKING:
    from tui.conftest import Opened


def test_several_seeds_are_checked_and_asked_for(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            view = screen.app.view("start")
            assert isinstance(view, StartView)
            await screen.press("5")
            await screen.until(lambda: isinstance(screen.app.screen, ChooseDialog))
            await screen.press("escape")
            view.form.choose("toy")
            view.form.name = "half"
            view._check_soon()
            await screen.until(lambda: view.form.is_ready and not view._is_checking)
            await screen.shows("arcade-rl config show toy --json")
            await screen.press("S")
            await screen.type("0..x")
            await screen.shows(" 0..x ")  # what is typed can be seen
            await screen.press("enter")
            assert isinstance(screen.app.screen, LineDialog), "seeds that are none stay open"
            await screen.shows("names no seeds; expected such as 0..4")
            await screen.press("backspace", "2", "enter")
            await screen.shows(
                "name: half   seeds: 0..2, 3 runs", "--run half --seeds 0..2 --detach"
            )
            await screen.press("s")
            assert isinstance(screen.app.screen, AskDialog)
            await screen.shows("Start 3 runs at once?", "--seeds 0..2", "They go on when")
            await screen.press("escape")
            assert screen.app.commands.commands == []
            await screen.press("S", *["backspace"] * 4, "enter")
            await screen.until(lambda: view.form.seeds == "")
            assert "seeds:" not in screen.text.partition("s starts")[0]

    asyncio.run(play())
