"""`arcade-rl play` and `arcade-rl branches`, from the command line to the file or to the error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pygame
import pytest
from desktop import wait_for
from recorded import recording

from arcade_rl.playback.verify import verify
from arcade_rl.recording.format import decode, encode
from arcade_rl.recording.recording import PERSON, Drive, Parent, Play
from arcade_rl.runs.plays import write_play
from arcade_rl.viewer.window import ViewerWindow

if TYPE_CHECKING:
    from conftest import CommandLine


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["go2"], 2, "go2 has no buttons that people could press: its plugin declares no controls"),
        (["nope"], 3, "no installed plugin offers a game named nope"),
        (
            ["toy", "--output", "game.mp4"],
            2,
            "--output game.mp4 would be a recording; give a name that e",
        ),
        (["toy", "--output", "gone/x.msgpack.lz4"], 3, "the folder gone does not exist"),
        (["toy", "--camera", "top"], 2, "toy has no camera 'top'"),
        (["toy", "--seed", "-1"], 2, "Invalid value for '--seed'"),
        (["toy", "--set", "options.length=no"], 2, "options.length"),
        (["toy", "--opponent", "random"], 2, "toy has one seat; nobody sits opposite"),
        (["toy", "--opponent", "gone@3"], 3, "gone"),
    ],
)
def test_what_cannot_be_played_is_said_in_one_line(
    arcade_rl: CommandLine, words: list[str], code: int, message: str
) -> None:
    done = arcade_rl("play", *words, SDL_VIDEODRIVER="dummy")
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_no_display_is_exit_3(arcade_rl: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    done = arcade_rl("play", "toy")
    assert done.returncode == 3
    assert "no display was found" in done.stderr
    assert "xvfb-run" in done.stderr
    assert "--headless" not in done.stderr  # an option that `play` does not have


def test_a_window_that_is_closed_at_once_leaves_no_file(
    arcade_rl: CommandLine,
    folder_of_commands: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    ViewerWindow((1280, 720), "test", headless=True)  # the queue of the keys belongs to a display
    pygame.event.post(pygame.Event(pygame.KEYDOWN, key=pygame.K_ESCAPE, unicode=""))
    done = arcade_rl("play", "toy", "--mute", "--overlay", "none", SDL_VIDEODRIVER="dummy")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert os.listdir(folder_of_commands) == []


def test_a_killed_window_leaves_what_was_written_by_then(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "arcade_rl", "play", "toy", "--set", "options.length=100000"]
    variables = {"SDL_VIDEODRIVER": "dummy", "XDG_STATE_HOME": str(tmp_path / "state")}
    process = subprocess.Popen(
        [*command, "--overlay", "none"], cwd=tmp_path, env={**os.environ, **variables},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_for(lambda: "yes" if list((tmp_path / "plays").glob("*.lz4")) else "")
    finally:
        process.kill()
        assert process.communicate() == ("", "")
    (path,) = (tmp_path / "plays").glob("*.lz4")
    left = decode(path.read_bytes())
    assert left.is_stopped
    (found,) = verify([left])
    assert (found.fault, found.divergence) == ("", None)


def write(folder: Path, name: str, parent: Parent | None = None, stopped: bool = False) -> Parent:
    """A game in a folder, and the moment of it after 40 steps."""
    play = Play((Drive(0, PERSON),), stopped, parent)
    it = recording(100)
    it = replace(it, metadata=replace(it.metadata, run=name), play=play)
    sha256 = write_play(folder / f"{name}.msgpack.lz4", it)
    return Parent(name, 123, 3, sha256, 40)


def test_games_are_listed_below_those_that_they_go_on_from(
    arcade_rl: CommandLine, folder_of_commands: Path
) -> None:
    plays = folder_of_commands / "plays"
    first = write(plays, "b")
    second = write(plays, "c", first, stopped=True)
    write(plays, "d", second)
    write(plays, "a", first)
    write(plays, "e", Parent("run", 7, 3, "ab" * 32, 9))
    write(plays, "f", Parent("run", 0, 50, "", 8))
    (plays / "agent.msgpack.lz4").write_bytes(encode(recording(10)))
    done = arcade_rl("branches", "list")
    assert done.stderr == ""
    rest = "100 steps, return 12, person"
    assert done.stdout.splitlines() == [
        f"b.msgpack.lz4  {rest}",
        f"  a.msgpack.lz4  from step 40, {rest}",
        f"  c.msgpack.lz4  from step 40, {rest}, left before its end",
        f"    d.msgpack.lz4  from step 40, {rest}",
        f"e.msgpack.lz4  from step 9 of run:7, {rest}",
        f"f.msgpack.lz4  from step 8 of run@50, {rest}",
    ]
    listed = json.loads(arcade_rl("branches", "list", "--json").stdout)
    assert [one["depth"] for one in listed] == [0, 1, 1, 2, 0, 0]
    assert listed[1]["parent"]["sha256"] == first.sha256
    assert listed[2]["stopped"] is True


def test_damaged_files_are_named_after_the_others(
    arcade_rl: CommandLine, folder_of_commands: Path
) -> None:
    done = arcade_rl("branches", "list")
    assert done.returncode == 3
    assert "plays is no folder; `arcade-rl play GAME` puts there what it records" in done.stderr
    plays = folder_of_commands / "plays"
    write(plays, "b")
    (plays / "broken.msgpack.lz4").write_bytes(b"nonsense")
    done = arcade_rl("branches", "list")
    assert done.returncode == 4
    assert len(done.stdout.splitlines()) == 1
    assert "plays/broken.msgpack.lz4 is not read as a recorded episode" in done.stderr


def test_an_episode_says_who_drove(arcade_rl: CommandLine, folder_of_commands: Path) -> None:
    plays = folder_of_commands / "plays"
    first = write(plays, "a")
    write(plays, "b", first, stopped=True)
    shown = arcade_rl("episodes", "show", "plays/b.msgpack.lz4").stdout.splitlines()
    assert "steps     100, left before its end" in shown
    assert "drivers   person from step 0" in shown
    assert f"branch    of a:123 at step 40, SHA-256 {first.sha256}" in shown
    values = json.loads(arcade_rl("episodes", "show", "plays/b.msgpack.lz4", "--json").stdout)
    assert values["play"]["parent"]["sha256"] == first.sha256
