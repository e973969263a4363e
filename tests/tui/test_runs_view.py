"""Screen 1: filter, order, marks, the pinned run, columns, comparison, and names that are hostile."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit import Screenful

from arcade_rl.runs.comparison import differing
from arcade_rl.tui.app import Cockpit, CockpitOptions
from arcade_rl.tui.compare_view import CompareScreen
from arcade_rl.tui.runs_view import RunsView
from arcade_rl.tui.settings import settings_file
from arcade_rl.tui.view import FilterLine

if TYPE_CHECKING:
    from tui.conftest import Opened


def listed(screen: Screenful) -> list[str]:
    """Names of the runs in the order of the table."""
    view = screen.app.view("runs")
    assert isinstance(view, RunsView)
    return [row.name for row in view._rows]


def test_a_filter_leaves_what_meets_it_and_is_offered_again(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("slash")
            await screen.type("state:done")
            await screen.press("enter")
            assert set(listed(screen)) == {"learned", "learned-slower"}
            await screen.press("escape")
            assert len(listed(screen)) == 5
            await screen.press("slash")
            assert set(listed(screen)) == {"learned", "learned-slower"}
            await screen.type(" retrun>3")
            assert "runs have no 'retrun'; did you mean return?" in screen.text
            await screen.press("q")
            assert screen.app.is_running, "letters go into the line"

    asyncio.run(play())


def test_only_an_open_filter_takes_keys(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            for line in screen.app.screen.query(FilterLine):
                line.focus()
                assert screen.app.focused is not line
            await screen.press("slash", "x")
            await screen.shows("no run meets the filter")
            await screen.press("escape")
            await screen.until(lambda: screen.app.chosen != "")
            screen.app.screen.query(FilterLine).first().focus()
            await screen.press("x", "2")
            await screen.shows("Return")
            assert screen.app.shown.id == "run"

    asyncio.run(play())


def test_runs_are_sorted_and_the_cursor_follows_its_run(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("down")
            chosen = screen.app.chosen
            while screen.app.settings.sort != "return":
                await screen.press("greater_than_sign")
            returns = [row.mean_return for row in screen.app.view("runs")._rows]  # type: ignore[attr-defined]
            assert returns == sorted(returns, reverse=True)
            assert screen.app.chosen == chosen
            await screen.press("equals_sign")
            assert listed(screen)[0] == "collapsed"
            assert screen.app.chosen == chosen

    asyncio.run(play())


def test_marked_runs_are_compared_and_only_what_differs_is_listed(
    cockpit: Opened, made_up: Path
) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("c")
            assert "mark two runs or more" in screen.text
            await screen.press("home", "space", "space", "space")
            assert list(screen.app.marked) == ["half-way", "tried-again", "collapsed"]
            assert sorted(screen.app.marked.values()) == [0, 1, 2]
            await screen.press("home", "space", "c")
            assert isinstance(screen.app.screen, CompareScreen)
            await screen.shows("Compare collapsed, tried-again", "train.learning_rate", "0.003")
            assert "train.n_envs" not in screen.text
            assert "enter Episode" not in screen.lines[-1]
            await screen.press("x", "m", "L")
            await screen.shows("training time", "(log)")
            await screen.press("right_square_bracket")
            await screen.shows("Score")
            await screen.press("y")
            await screen.shows("copied: arcade-rl runs compare collapsed tried-again --measure")
            await screen.press("question_mark")
            await screen.shows("Keys on the screen Compare", "arcade-rl runs compare collapsed")
            await screen.press("escape", "escape")
            assert not isinstance(screen.app.screen, CompareScreen)
            await screen.press("c", "3")
            await screen.shows("recorded episodes")
            assert not isinstance(screen.app.screen, CompareScreen)

    asyncio.run(play())


def test_values_that_are_the_same_do_not_differ() -> None:
    one, two = {"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3], "c": None, "d": 0}
    assert differing([one, two]) == [("b", [[1, 2], [1, 3]]), ("d", [None, 0])]
    assert differing([one, one, one]) == []


def test_pin_and_columns_and_order_are_remembered(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("end", "i")
            assert listed(screen)[0] == "learned"
            await screen.press("C")
            await screen.shows("Columns", "what the run does now")
            await screen.press("space", "enter")
            assert "state" not in screen.lines[1]
            await screen.press("q")

    asyncio.run(play())
    stored = json.loads(settings_file().read_text())
    assert stored["pinned"] == "learned"
    assert "state" not in stored["columns"]

    async def again() -> None:
        async with cockpit(made_up) as screen:
            assert listed(screen)[0] == "learned"
            assert "state" not in screen.lines[1]

    asyncio.run(again())


def test_no_name_acts_as_markup_or_control_code(cockpit: Opened, made_up_copy: Path) -> None:
    name = "[bold red]x[reverse] \x1b[31m\u202egnp"
    shutil.move(made_up_copy / "learned", made_up_copy / name)
    notices = made_up_copy / name / "logs"
    (notices / "supervisor.log").write_text("[red]log\x1b]0;title\x07 [/red]\n")

    async def play() -> None:
        async with cockpit(made_up_copy) as screen:
            await screen.press("end")
            await screen.shows("[bold red]x[reverse] \\u001b[31m\\u202egnp")
            await screen.press("enter", *"ttttt")
            await screen.shows("[red]log\\u001b]0;title\\u0007 [/red]")
            for key in ("3", "1", "at", "escape", "question_mark", "escape", "slash"):
                await screen.press(key)
                assert "\x1b" not in screen.text
                assert "\u202e" not in screen.text

    asyncio.run(play())


def test_read_only_leaves_out_what_changes_a_run(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up, is_read_only=True) as screen:
            assert "5 Start" not in screen.lines[0]
            assert "read-only" in screen.lines[0]
            for key in ("r", "D", "p", "s", "K", "e", "v", "n", "5"):
                await screen.press(key)
            assert screen.app.commands.commands == []
            assert screen.app.shown.id == "runs"
            assert len(screen.app.screen_stack) == 1

    asyncio.run(play())


def test_a_run_that_appears_or_goes_is_seen(cockpit: Opened, made_up_copy: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up_copy) as screen:
            shutil.copytree(made_up_copy / "learned", made_up_copy / "second")
            shutil.rmtree(made_up_copy / "collapsed")
            await screen.until(lambda: {"second"} <= set(listed(screen)))
            assert "collapsed" not in listed(screen)

    asyncio.run(play())


def test_a_folder_without_runs_says_what_to_do(tmp_path: Path) -> None:
    async def play() -> None:
        app = Cockpit(CockpitOptions(tmp_path / "none"))
        async with app.run_test(size=(80, 24)) as pilot:
            await Screenful(app, pilot).shows("no runs yet: n starts one")

    asyncio.run(play())
