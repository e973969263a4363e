"""Keys that no other test presses: each does what the page on the cockpit says."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.command import CommandPalette

from arcade_rl.tui.curve import CurvePlot
from arcade_rl.tui.episodes_view import EpisodesView
from arcade_rl.tui.picture import PictureBox, PictureScreen
from arcade_rl.tui.projection import Subject

if TYPE_CHECKING:
    from cockpit import Screenful
    from tui.conftest import Opened


@pytest.fixture
def commands_that_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that the cockpit starts waits until it is interrupted."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\ntrap 'exit 130' INT\nwhile :; do sleep 0.1; done\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def curve(screen: Screenful) -> CurvePlot:
    return screen.app.screen.query_one("#curve-0", CurvePlot)


def texts(screen: Screenful) -> list[str]:
    """Everything that was started, without the folder of the runs."""
    return [one.text.partition(" --runs-dir")[0] for one in screen.app.commands.commands]


def test_keys_of_tables(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("3")
            await screen.shows("recorded episodes")
            view = screen.app.view("episodes")
            assert isinstance(view, EpisodesView)
            await screen.until(lambda: view.chosen == 1)
            for keys, number in (
                (("j", "j"), 3), (("k",), 2), (("pagedown",), None), (("pageup",), 2),
                (("ctrl+f",), None), (("ctrl+b",), 2), (("G",), len(view._numbers)), (("home",), 1),
            ):  # fmt: skip
                before = view.chosen
                await screen.press(*keys)
                assert number is None or view.chosen == number, keys
                assert view.chosen is not None
                assert before is not None
                assert number is not None or view.chosen > before + 10, keys
            await screen.press("greater_than_sign")
            await screen.until(lambda: view._query.sort == "return")
            await screen.press("less_than_sign")
            await screen.until(lambda: view._query.sort == "number")

    asyncio.run(play())


def test_keys_of_runs_and_the_palette(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            before = screen.app.settings.sort
            await screen.press("greater_than_sign")
            assert screen.app.settings.sort != before
            await screen.press("less_than_sign")
            assert screen.app.settings.sort == before
            await screen.press("y")
            assert screen.app.clipboard.startswith("arcade-rl runs list --json")
            await screen.press("colon")
            assert isinstance(screen.app.screen, CommandPalette)
            await screen.type("films")
            await screen.until(lambda: "Go to screen 4" in screen.text)
            await screen.press("enter")
            await screen.until(lambda: screen.app.shown.id == "films")

    asyncio.run(play())


def test_keys_of_curves_and_panels(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("end", "enter")
            await screen.until(lambda: curve(screen).longest is not None)
            await screen.press("end")
            last = curve(screen).x_at_cursor
            assert last is not None
            places = [last]
            for key in ("h", "shift+left", "H"):
                await screen.press(key)
                places.append(curve(screen).x_at_cursor or 0.0)
            assert places == sorted(places, reverse=True)
            assert places[0] - places[1] < (places[1] - places[2]) / 5
            await screen.press("shift+right", "shift+right", "l")
            assert curve(screen).x_at_cursor == last
            await screen.press("j")
            assert curve(screen).measure.key == "score"
            await screen.press("k")
            assert curve(screen).measure.key == "return"
            await screen.press("left_square_bracket")
            assert curve(screen).measure.key not in ("return", "score")
            await screen.press("right_square_bracket", "down")
            assert curve(screen).measure.key == "score"
            await screen.press("up")
            focused = screen.app.focused
            await screen.press("tab")
            assert screen.app.focused is not focused

    asyncio.run(play())


@pytest.mark.usefixtures("commands_that_wait")
def test_windows_are_opened_and_an_export_is_ended(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            name = screen.app.chosen
            await screen.press("w")
            assert texts(screen) == [f"arcade-rl watch {name}"]
            await screen.press("3")
            view = screen.app.view("episodes")
            assert isinstance(view, EpisodesView)
            await screen.until(lambda: view.chosen == 1)
            await screen.press("w")
            assert texts(screen)[1:] == [f"arcade-rl watch {name}:1"]
            window = screen.app.action_watch_run
            screen.app.push_screen(PictureScreen(Subject("live", made_up / name, 0), screen.app.glyphs, window))  # fmt: skip
            await screen.press("w")
            assert texts(screen)[2:] == [f"arcade-rl watch {name}"]
            await screen.press("escape", "4", "e")
            await screen.shows("making")
            await screen.press("home", "X")
            export = screen.app.commands.commands[-1]
            await screen.until(lambda: export.is_over)
            assert export.exit_code == 130
            for command in screen.app.commands.running:
                command.interrupt()
            await screen.until(lambda: not screen.app.commands.running)

    asyncio.run(play())


def test_keys_of_pictures(cockpit: Opened, recorded: Path) -> None:
    async def play() -> None:
        async with cockpit(recorded, (80, 24)) as screen:
            await screen.press("3")
            await screen.shows("recorded episodes of r")
            await screen.press("enter")
            box = screen.app.screen.query_one(PictureBox)
            await screen.until(lambda: box.pictures > 0)
            await screen.press("space", "home")
            await screen.shows("step 0 of", "paused")
            for key, shown in (
                ("l", "step 10 of"), ("full_stop", "step 11 of"), ("comma", "step 10 of"),
                ("h", "step 0 of"), ("right", "step 10 of"), ("left", "step 0 of"),
                ("space", "step"), ("plus", "2x"), ("minus", "return"), ("minus", "0.5x"),
            ):  # fmt: skip
                await screen.press(key)
                await screen.shows(shown)
            assert "2x" not in screen.lines[0]
            await screen.press("q")
            assert not isinstance(screen.app.screen, PictureScreen)

    asyncio.run(play())


def test_delete_gives_a_key_its_default_back(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            view = screen.app.view("start")
            await screen.press("5")
            view.form.choose("toy")  # type: ignore[attr-defined]
            for key in ("delete", "backspace"):
                view.form.set("seed", "7")  # type: ignore[attr-defined]
                view._draw()  # type: ignore[attr-defined]
                view.keys.focus()  # type: ignore[attr-defined]
                await screen.press("home", key)
                assert view.form.assignments == {}, key  # type: ignore[attr-defined]

    asyncio.run(play())
