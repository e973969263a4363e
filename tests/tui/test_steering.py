"""A real training is started from screen 5, and paused, stopped, resumed, killed and deleted by keys."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from supervised import processes_of

from arcade_rl.runs.directory import RunDirectory
from arcade_rl.tui.dialogs import AskDialog, ChooseDialog, LineDialog
from arcade_rl.tui.start_view import StartView

if TYPE_CHECKING:
    from cockpit import Screenful
    from tui.conftest import Opened

LONG = {
    "train.total_steps": "100000000", "train.n_steps": "64", "train.batch_size": "128",
    "chunk.steps": "4096", "options.step_time_s": "0.002", "checkpoint.milestones": '"50%"',
    "engine.backoff_s": "0.05",
}  # fmt: skip


def state_of(screen: Screenful, name: str) -> str:
    return next((row.state for row in screen.app.rows if row.name == name), "")


async def until_over(screen: Screenful) -> None:
    """Wait until the newest command has ended, and well."""
    command = screen.app.commands.commands[-1]
    await screen.until(lambda: command.is_over, 120.0)
    assert command.exit_code == 0, (command.text, command.last_line)


@pytest.mark.slow
@pytest.mark.very_slow  # test_keys.py presses each of these keys
def test_the_life_of_a_run(cockpit: Opened, tmp_path: Path) -> None:
    async def play() -> None:
        async with cockpit(tmp_path) as screen:
            await screen.press("5")
            await screen.until(lambda: isinstance(screen.app.screen, ChooseDialog), 60.0)
            table = screen.app.screen.query_one("RowTable")
            while table.row().key != "toy":  # type: ignore[attr-defined]
                await screen.press("down")
            await screen.press("enter")
            view = screen.app.view("start")
            assert isinstance(view, StartView)
            await screen.until(lambda: view.form.is_ready, 60.0)
            await screen.shows("valid; no earlier run of this game")

            await screen.press("slash")
            await screen.type("n_envs")
            await screen.press("enter", "enter")
            assert isinstance(screen.app.screen, LineDialog)
            await screen.shows("Number of parallel environments")
            await screen.press("backspace")
            await screen.type("none")
            await screen.press("enter")
            await screen.until(lambda: bool(view.form.fault), 60.0)
            await screen.shows("not valid: --set: train.n_envs")
            await screen.press("s")
            assert screen.app.commands.commands == []
            for key, value in {**LONG, "train.n_envs": "8"}.items():
                view.form.set(key, value)
            view._check_soon()
            await screen.press("N")
            await screen.type("r")
            await screen.press("enter")
            await screen.until(lambda: view.form.is_ready and not view._is_checking, 60.0)
            assert "n_envs = 8" in view.form.toml
            await screen.press("s")
            assert isinstance(screen.app.screen, AskDialog)
            await screen.press("y")
            await until_over(screen)
            await screen.until(lambda: state_of(screen, "r") == "training", 120.0)
            assert screen.app.shown.id == "runs"

            await screen.press("D")
            assert len(screen.app.screen_stack) == 1, "a run that trains is not deleted"
            await screen.press("p")
            await screen.until(lambda: state_of(screen, "r") == "paused", 120.0)
            await screen.press("p")
            await screen.until(lambda: state_of(screen, "r") == "training", 120.0)
            await screen.press("K")
            await screen.shows("Kill r?", "`s` would save first.")
            await screen.press("enter")
            assert state_of(screen, "r") == "training", "enter alone is no"
            await screen.press("K", "y")
            await screen.until(lambda: state_of(screen, "r") == "stale", 60.0)
            await screen.press("r")
            await until_over(screen)
            await screen.until(lambda: state_of(screen, "r") == "training", 120.0)
            await screen.press("s")
            await screen.until(lambda: state_of(screen, "r") == "stopped", 120.0)
            await screen.press("at")
            await screen.shows(
                "kill -9", "arcade-rl stop r", "arcade-rl resume r", "arcade-rl train toy"
            )
            await screen.press("escape", "D")
            await screen.shows("Delete r?", "of checkpoints, episodes and films.")
            await screen.press("y")
            await until_over(screen)
            await screen.until(lambda: screen.app.rows == [], 60.0)

    try:
        asyncio.run(play())
    finally:
        for process in processes_of(RunDirectory(tmp_path / "r")):
            process.kill()
