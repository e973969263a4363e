"""`arcade-rl watch`, from the command line to the picture or to the error."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import pygame
import pytest
from make_run import Made
from watched import write_episode

from arcade_rl.cli.watch import export_command
from arcade_rl.viewer.clip import ClipOrder
from arcade_rl.viewer.window import ViewerWindow

if TYPE_CHECKING:
    from conftest import CommandLine

HEADLESS = ["--headless", "--frames", "20", "--screenshot", "shot.png"]


def test_no_display_is_needed_for_a_screenshot_and_no_torch_for_a_recording(tmp_path: Path) -> None:
    """Neither a display nor the libraries of X11 nor torch; stdout holds the path alone."""
    script = (
        "import sys; from arcade_rl import cli\n"
        "code = cli.run(sys.argv[1:])\n"
        "print(code, [name for name in ('torch', 'stable_baselines3') if name in sys.modules])"
    )
    arguments = ["watch", str(write_episode(tmp_path)), *HEADLESS]
    absent = {"DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=tmp_path, capture_output=True, text=True,
        env={name: value for name, value in os.environ.items() if name not in absent}, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("shot.png\n0 []\n", "")
    picture = cv2.imread(str(tmp_path / "shot.png"))
    assert picture is not None
    assert picture.shape == (720, 1280, 3)


def test_a_checkpoint_plays_without_a_display(
    every: Made, arcade_rl: CommandLine, folder_of_commands: Path
) -> None:
    done = arcade_rl("watch", f"{every.run.path}@latest", *HEADLESS, "--sampled")
    assert (done.returncode, done.stdout, done.stderr) == (0, "shot.png\n", "")
    assert (folder_of_commands / "shot.png").stat().st_size > 10_000


def test_a_clip_of_a_file_is_written_after_its_window_is_closed(
    arcade_rl: CommandLine, folder_of_commands: Path, tmp_path: Path
) -> None:
    ViewerWindow((1280, 720), "test", headless=True)  # the queue of the keys belongs to a display
    for key in "c]cq":
        pygame.event.post(pygame.Event(pygame.KEYDOWN, key=ord(key), unicode=key))
    episode = str(write_episode(tmp_path))
    done = arcade_rl("watch", episode, SDL_VIDEODRIVER="dummy", XDG_STATE_HOME=str(tmp_path))
    film = "episode_000123.msgpack.lz4_clip_0-10.mp4"
    said = f"writing {film}\nclip: {film}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", said)
    assert (folder_of_commands / film).stat().st_size > 1_000


def test_a_clip_has_the_look_of_its_window() -> None:
    order = ClipOrder("first:3", 0, 9, Path("a.mp4"), "none", "light", "green-red", "front")
    words = export_command(order)
    for option, value in (("--theme", "light"), ("--signs", "green-red"), ("--camera", "front")):
        assert words[words.index(option) + 1] == value
    assert "--camera" not in export_command(replace(order, camera=None))


def test_a_missing_display_says_the_way_out(
    every: Made, arcade_rl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    done = arcade_rl("watch", f"{every.run.path}:1")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("arcade-rl: error: no display was found (")
    assert "xvfb-run" in done.stderr
    assert "--headless" in done.stderr
    done = arcade_rl("watch", f"{every.run.path}:1", SDL_VIDEODRIVER="nonsense")
    assert done.returncode == 3
    assert "nonsense not available" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--headless"], 2, "belong together"),
        (["--frames", "3"], 2, "belong together"),
        (["--headless", "--frames", "3", "--screenshot", "a.jpg"], 2, "is no PNG file"),
        ([*HEADLESS, "--seed", "3"], 2, "was recorded"),
        ([*HEADLESS, "--camera", "front"], 2, "has no camera 'front'"),
    ],
)
def test_mistakes_are_one_line(
    every: Made, arcade_rl: CommandLine, arguments: list[str], code: int, message: str
) -> None:
    done = arcade_rl("watch", f"{every.run.path}:1", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_not_there_is_said(arcade_rl: CommandLine) -> None:
    assert arcade_rl("watch", "nobody:1", *HEADLESS).returncode == 3
    assert arcade_rl("watch", "none.msgpack.lz4", *HEADLESS).returncode == 3
