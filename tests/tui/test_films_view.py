"""Screen 4: the films of a run, their still pictures, and exports with their progress."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from arcade_rl.errors import LockedError
from arcade_rl.runs.films import films_in
from arcade_rl.runs.making import FilmInMaking, films_in_making, making
from arcade_rl.tui.film_rows import film_rows
from arcade_rl.tui.films_view import read_still
from arcade_rl.tui.glyphs import ASCII
from arcade_rl.tui.jobs import StartedCommand
from arcade_rl.tui.picture import StillBox

if TYPE_CHECKING:
    from conftest import CommandLine
    from tui.conftest import Opened


MAKING = """
import sys, time
from pathlib import Path
from arcade_rl.runs.films import films_in
from arcade_rl.runs.making import making
with making(Path(sys.argv[1])) as folder:
    (folder / "01.mp4").write_bytes(b"part of it")
    print("made", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def another_export(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """(the film, the process that makes it)."""
    film = tmp_path / "videos" / "progression.mp4"
    process = subprocess.Popen(
        [sys.executable, "-c", MAKING, str(film)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "made\n"
    yield film, process
    process.kill()
    process.wait()
    process.stdout.close()


def make_films(folder: Path) -> None:
    """Files as an export leaves them, but for what is in the films."""
    (folder / "clips").mkdir(parents=True)
    picture = np.full((60, 80, 3), (0, 0, 200), np.uint8)
    for number, name in enumerate(("milestones.mp4", "clips/one.gif")):
        (folder / name).write_bytes(b"film" * (number + 1))
        cv2.imwrite(str(folder / f"{name}.png"), picture)
        facts = {
            "film": {"seconds": 65.0 + number, "width": 1280, "height": 720},
            "provenance": {"clips": [{"title": name.upper()}]},
        }
        (folder / f"{name}.json").write_text(json.dumps(facts))
        os.utime(folder / name, (1000 + number, 1000 + number))
    (folder / "part.mp4.tmp").write_bytes(b"")
    (folder / "damaged.mp4").write_bytes(b"x")
    (folder / "damaged.mp4.json").write_text("{")
    (folder / "damaged.mp4.png").write_bytes(b"no picture")
    os.utime(folder / "damaged.mp4", (10, 10))


def test_films_are_read_with_what_their_sidecars_say(tmp_path: Path) -> None:
    make_films(tmp_path)
    one, two, damaged = films_in(tmp_path)
    assert (one.name, one.seconds, one.picture, one.bytes) == ("clips/one.gif", 66.0, "1280x720", 8)
    assert two.still == tmp_path / "milestones.mp4.png"
    assert (damaged.seconds, damaged.picture) == (None, "")
    picture = read_still(tmp_path / "milestones.mp4.png", 20, 10)
    assert picture is not None
    assert picture.shape == (14, 20, 3)
    assert (picture == (200, 0, 0)).all()
    assert read_still(tmp_path / "damaged.mp4.png", 20, 10) is None


def test_the_films_of_milestones_lie_below_the_film_of_all(tmp_path: Path) -> None:
    make_films(tmp_path)
    parts = tmp_path / "milestones"
    parts.mkdir()
    for number, percent in ((2, "50 %"), (1, "0 %")):
        film = parts / f"{number:02}.mp4"
        film.write_bytes(b"part")
        facts = {"film": {"seconds": 5}, "provenance": {"clips": [{"title": percent}]}}
        film.with_name(f"{film.name}.json").write_text(json.dumps(facts))
        film.with_name(f"{film.name}.png").write_bytes(b"")
    films = films_in(tmp_path)
    assert [(one.name, one.whole) for one in films] == [
        ("clips/one.gif", ""), ("milestones.mp4", ""),
        ("milestones/01.mp4", "milestones.mp4"), ("milestones/02.mp4", "milestones.mp4"),
        ("damaged.mp4", ""),
    ]  # fmt: skip
    assert films[2].still == parts / "01.mp4.png"
    names = [row.cells[0].text for row in film_rows(films, [], ASCII)]
    assert names[1:4] == ["milestones.mp4  MILESTONES.MP4", "+ 01.mp4  0 %", "+ 02.mp4  50 %"]


def test_a_film_that_another_process_makes_is_known_until_that_process_ends(
    another_export: tuple[Path, subprocess.Popen[str]],
) -> None:
    film, process = another_export
    (one,) = films_in_making(film.parent)
    assert (one.path, one.files, one.bytes) == (film, 1, 10)
    assert films_in(film.parent) == [], "a part of a film in the making is no film"
    (row,) = film_rows([], [], ASCII, [one])
    assert [cell.text for cell in row.cells[:4]] == [
        "progression.mp4",
        "making",
        "10 bytes",
        "1 file",
    ]
    with pytest.raises(LockedError, match="is being made by another process"), making(film):
        pass
    process.kill()
    process.wait()
    assert films_in_making(film.parent) == []
    with making(film) as folder:
        assert list(folder.iterdir()), "what the killed process left"


def test_a_film_that_the_cockpit_makes_is_listed_once() -> None:
    others = [FilmInMaking(Path(name), 1.0, 1, 1) for name in ("milestones.mp4", "episode_000007.mp4", "timelapse.mp4")]  # fmt: skip
    commands = [
        StartedCommand(f"arcade-rl export {words}", "film", 0.0, exit_code=code)
        for words, code in (("milestones a", None), ("episode a:7", None), ("html a:8", None))
    ]
    names = [row.cells[0].text for row in film_rows([], commands, ASCII, others)]
    assert names == [*["film: begins"] * 3, "timelapse.mp4"]
    commands[1].exit_code = 0
    assert len(film_rows([], commands, ASCII, others)) == 2 + 2


def test_a_reopened_cockpit_shows_an_export_that_was_begun_before(
    cockpit: Opened, made_up_copy: Path
) -> None:
    film = made_up_copy / "half-way" / "videos" / "milestones.mp4"

    async def play() -> None:
        with making(film) as folder:
            async with cockpit(made_up_copy) as screen:
                await screen.press("4")
                await screen.shows("milestones.mp4", "making", "0 files")
                await screen.press("X")
                await screen.shows("end that process where it was started")
                (folder / "01.mp4").write_bytes(b"part")
                await screen.shows("1 file ")
                (folder / "01.mp4").unlink()
                folder.rmdir()
                await screen.shows("no film yet")

    asyncio.run(play())


def test_films_are_listed_with_their_picture(cockpit: Opened, made_up_copy: Path) -> None:
    make_films(made_up_copy / "half-way" / "videos")

    async def play() -> None:
        async with cockpit(made_up_copy) as screen:
            await screen.press("4")
            await screen.shows(
                "clips/one.gif", "1:06", "milestones.mp4", "damaged.mp4", "one.gif.png"
            )
            box = screen.app.screen.query_one(StillBox)
            assert box._picture is not None
            await screen.pilot.resize_terminal(80, 24)
            await screen.until(lambda: box._picture is not None and box._picture.shape[1] == 32)
            await screen.until(lambda: "5 runs" in screen.lines[0])
            await screen.press("end")
            await screen.shows("damaged.mp4.png is no picture")
            await screen.press("escape", "end", "4")
            await screen.shows("no film yet: e makes one of the milestones")

    asyncio.run(play())


def test_json_has_the_films_of_the_table(arcade_rl: CommandLine, made_up_copy: Path) -> None:
    videos = made_up_copy / "half-way" / "videos"
    make_films(videos)
    with making(videos / "timelapse.mp4"):
        done = arcade_rl("runs", "show", "half-way", "--runs-dir", str(made_up_copy), "--json")
    shown = json.loads(done.stdout)
    assert [one["name"] for one in shown["films"]] == ["clips/one.gif", "milestones.mp4", "damaged.mp4"]  # fmt: skip
    assert shown["films"][1]["file"] == str(videos / "milestones.mp4")
    assert shown["films"][1]["seconds"] == 65.0
    assert [one["file"] for one in shown["making"]] == [str(videos / "timelapse.mp4")]


def test_an_export_is_started_by_key_and_its_failure_is_told(
    cockpit: Opened, made_up: Path
) -> None:
    """The demo has no checkpoints, so that there is nothing to film."""

    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("4", "e")
            (command,) = screen.app.commands.commands
            assert command.text.startswith("arcade-rl export milestones half-way")
            await screen.shows("film of half-way:")
            await screen.until(lambda: command.is_over, 120.0)
            assert command.exit_code == 3
            await screen.shows("film of half-way:", "installed plugin")
            assert "no installed plugin offers a game named demo" in command.last_line

    asyncio.run(play())
