"""Screen 3: recorded episodes of a real run, found, sorted, played, verified."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import RecordedSource, opened
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import (
    Query,
    find_episodes,
    find_numbers,
    nearest_recorded,
    read_numbered,
)
from arcade_rl.tui.episode_rows import parse_query
from arcade_rl.tui.episodes_view import EpisodesView
from arcade_rl.tui.halfblocks import resized
from arcade_rl.tui.picture import PictureBox, PictureScreen

if TYPE_CHECKING:
    from cockpit import Screenful
    from tui.conftest import Opened


def view_of(screen: Screenful) -> EpisodesView:
    view = screen.app.view("episodes")
    assert isinstance(view, EpisodesView)
    return view


def test_pages_are_what_the_whole_list_has(recorded: Path) -> None:
    run = RunDirectory(recorded / "r")
    for text in ("", "hits>=10 sort:-return", "reason:record sort:length"):
        query = parse_query(text)
        whole = list(find_episodes(run, query))
        numbers = find_numbers(run, query)
        assert numbers == [row.number for row in whole]
        assert read_numbered(run, numbers[5:25]) == whole[5:25]
    assert read_numbered(run, [3, 10**9, 1]) == [*find_episodes(run, Query())][2::-2]
    assert nearest_recorded(run, 0) == 1
    assert nearest_recorded(run, 10**9) == max(find_numbers(run, Query()))


def test_episodes_are_filtered_and_sorted_as_on_the_command_line(
    cockpit: Opened, recorded: Path
) -> None:
    run = RunDirectory(recorded / "r")

    async def play() -> None:
        async with cockpit(recorded) as screen:
            await screen.press("3")
            whole = find_numbers(run, Query())
            await screen.shows(f"{len(whole):,} recorded episodes of r")
            await screen.press("slash")
            await screen.type("hits>=12")
            wanted = find_numbers(run, parse_query("hits>=12"))
            assert 0 < len(wanted) < len(whole)
            await screen.shows(f"{len(wanted):,} recorded episodes of r")
            await screen.press("enter", "greater_than_sign", "equals_sign")
            wanted = find_numbers(run, parse_query("hits>=12 sort:-return"))
            await screen.until(lambda: view_of(screen)._numbers == wanted)
            assert "--metric 'hits>=12' --sort -return --json" in view_of(screen).command
            await screen.press("slash")
            await screen.type(" nope>1")
            await screen.shows("episodes have no 'nope'")

    asyncio.run(play())


def test_enter_plays_the_episode_with_the_game_s_own_pictures(
    cockpit: Opened, recorded: Path
) -> None:
    async def play() -> None:
        async with cockpit(recorded, (80, 24)) as screen:
            await screen.press("3")
            await screen.shows("recorded episodes of r")
            await screen.press("down", "enter")
            assert isinstance(screen.app.screen, PictureScreen)
            box = screen.app.screen.query_one(PictureBox)
            await screen.until(lambda: box.pictures > 2)
            await screen.press("space", "end")
            await screen.shows("episode 2  step")
            await screen.until(lambda: "paused" in screen.text or _is_at_end(screen))
            await screen.press("home")
            await screen.shows("step 0 of")
            await screen.until(lambda: box._goal is not None and not box._is_sending)
            with opened(RecordedSource(recorded / "r", 2), Wants()) as session:
                frame = session.seek(0).moment.frames[-1]
            assert box._goal is not None
            columns, rows = box._goal.shape[1], box._goal.shape[0]
            await screen.until(lambda: (box._shown == resized(frame, columns, rows)).all())
            process = box._projection.process if box._projection else None
            await screen.press("escape")
            assert not isinstance(screen.app.screen, PictureScreen)
            assert process is not None
            await screen.until(lambda: process.poll() is not None)

    asyncio.run(play())


def _is_at_end(screen: Screenful) -> bool:
    words = screen.lines[0].split()
    return words[3] == words[5]


def test_an_episode_that_is_gone_is_said_so(cockpit: Opened, made_up: Path) -> None:
    """The demo has rows of recordings and no files."""

    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("3")
            await screen.shows("recorded episodes")
            await screen.press("enter")
            await screen.shows("no installed plugin")
            await screen.press("escape")

    asyncio.run(play())


def test_an_episode_is_verified_by_key_and_the_log_has_the_command(
    cockpit: Opened, recorded: Path
) -> None:
    async def play() -> None:
        async with cockpit(recorded) as screen:
            await screen.press("3")
            await screen.shows("recorded episodes of r")
            await screen.press("down", "V")
            (command,) = screen.app.commands.commands
            await screen.until(lambda: command.is_over)
            assert command.exit_code == 0, command.last_line
            await screen.press("at")
            await screen.shows("arcade-rl episodes verify r 2", "ok")
            assert command.text == f"arcade-rl episodes verify r 2 --runs-dir {recorded}"

    asyncio.run(play())
