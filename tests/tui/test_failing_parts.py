"""What fails beside the cockpit is told on its screens."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from arcade_rl.tui.dialogs import ChooseDialog
from arcade_rl.tui.messages import Projected
from arcade_rl.tui.projection import Projection, Subject
from arcade_rl.tui.start_view import StartView

if TYPE_CHECKING:
    from tui.conftest import Opened

FAILS = "echo 'arcade-rl: error: the disk is on fire' >&2; exit 3"


def test_lists_of_games_that_fail_are_told_and_asked_for_again(
    cockpit: Opened, made_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, real = tmp_path / "python", sys.executable
    program.write_text(f"#!/bin/sh\n{FAILS}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))

    async def play() -> None:
        async with cockpit(made_up) as screen:
            view = screen.app.view("start")
            assert isinstance(view, StartView)
            await screen.press("5")
            await screen.shows("arcade-rl config list --json failed: the disk is on fire")
            await screen.until(lambda: not view._is_finding)
            some = f'case "$*" in *plugins*) {FAILS};; esac; exec {real} "$@"'
            program.write_text(f"#!/bin/sh\n{some}\n")
            await screen.press("t")
            await screen.until(lambda: isinstance(screen.app.screen, ChooseDialog), 60.0)
            assert screen.app._said == "arcade-rl plugins list --json failed: the disk is on fire"
            await screen.press("enter")
            await screen.until(lambda: view.form.is_ready and not view._is_checking, 60.0)
            assert "arcade-rl plugins show" in screen.app._said
            assert screen.app._said.endswith("failed: the disk is on fire")

    asyncio.run(play())


def last_word(projection: Projection, told: queue.Queue[Projected]) -> str:
    """What a projection says at its end."""
    try:
        while not (message := told.get(timeout=60)).is_fault:
            continue
        return message.caption
    finally:
        projection.close()


def test_the_last_line_of_a_projector_that_crashes_is_shown(made_up: Path) -> None:
    told: queue.Queue[Projected] = queue.Queue()
    no_number: Any = "wide"
    subject = Subject("episode", made_up / "learned", 1)
    said = last_word(Projection(subject, no_number, 10, told.put), told)
    assert said.startswith("the picture has ended: ValueError: invalid literal for int()")


def test_the_signal_that_ends_a_projector_is_named(made_up: Path) -> None:
    told: queue.Queue[Projected] = queue.Queue()
    projection = Projection(Subject("live", made_up / "learned", 0), 20, 10, told.put)
    projection.process.kill()
    assert last_word(projection, told) == "the picture has ended: SIGKILL"


def damage(root: Path, name: str, statement: str) -> None:
    with closing(sqlite3.connect(root / name / "run.db")) as connection, connection:
        connection.execute(statement)


def test_values_that_are_damaged_are_told_where_their_run_is_shown(
    cockpit: Opened, made_up_copy: Path
) -> None:
    damage(made_up_copy, "learned", "update updates set \"values\" = '{' where number in (5, 7, 9)")
    damage(made_up_copy, "collapsed", "update updates set time = 'noon' where number = 160")
    damage(made_up_copy, "tried-again", "update episodes set raw_return = 'much' where number = 9")

    async def play() -> None:
        async with cockpit(made_up_copy, (200, 60)) as screen:
            faults = {row.name: row.fault for row in screen.app.rows if row.fault}
            assert set(faults) == {"collapsed", "tried-again"}
            assert all("run.db holds values that cannot be" in said for said in faults.values())
            for name, said in (
                ("learned", "the values of 3 updates cannot be read, and curves leave them out"),
                ("tried-again", "run.db holds values that cannot be"),
            ):
                screen.app.choose(name)
                await screen.press("2")
                await screen.until(lambda said=said: said in " ".join(screen.text.split()))  # type: ignore[misc]

    asyncio.run(play())


def test_a_page_of_episodes_that_is_damaged_is_told_in_its_place(
    cockpit: Opened, made_up_copy: Path
) -> None:
    damage(made_up_copy, "learned", "update episodes set length = 'long' where number = 700")

    async def play() -> None:
        async with cockpit(made_up_copy, (200, 60)) as screen:
            screen.app.choose("learned")
            await screen.press("3")
            await screen.shows("1,600 recorded episodes of learned")
            table = screen.app.shown.main()
            table.action_move(699)  # type: ignore[attr-defined]
            await screen.until(lambda: table.count == 0)  # type: ignore[attr-defined]
            said = " ".join(screen.lines[3].split())
            assert "length" in said, screen.text
            assert "reindex" in " ".join(screen.text.split())

    asyncio.run(play())
