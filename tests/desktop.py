"""A display of X11 without a screen, and hands on its keyboard and mouse: Xvfb and xdotool."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from arcade_rl.contracts import Frame

PROGRAMS = ("Xvfb", "xdotool")
SIZE = (1400, 900)
PATIENCE_S = 120


def missing() -> str:
    """What to do where the programs are not installed; "" where they are."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{' and '.join(absent)} missing: apt-get install xvfb xdotool" if absent else ""


class Desktop:
    """One display, with one window at a time."""

    def __init__(self, folder: Path) -> None:
        reading, writing = os.pipe()
        self._screen = folder / "Xvfb_screen0"
        size = f"{SIZE[0]}x{SIZE[1]}x24"
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-fbdir", str(folder),
             "-nolisten", "tcp"],
            pass_fds=[writing], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(writing)
        with os.fdopen(reading) as pipe:
            self.display = f":{pipe.readline().strip()}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait(10)

    def start(self, command: Sequence[str], **variables: str) -> subprocess.Popen[str]:
        """Start a program on this display."""
        environment = {**os.environ, **variables, "DISPLAY": self.display}
        environment.pop("SDL_VIDEODRIVER", None)
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def do(self, *arguments: object) -> str:
        """What xdotool says."""
        done = subprocess.run(
            ["xdotool", *map(str, arguments)],
            env={**os.environ, "DISPLAY": self.display}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout.strip()

    def find(self) -> str:
        """The window, once it is there, with the keyboard on it."""
        window = wait_for(self.sees)
        self.do("windowfocus", "--sync", window)
        return window

    def sees(self) -> str:
        """The window; "" where there is none yet."""
        return self.do("search", "--onlyvisible", "--class", "arcade-rl")

    def press(self, *keys: str) -> None:
        """Press keys by the names that X11 has for them."""
        self.do("key", "--delay", 30, *keys)

    def picture(self) -> Frame:
        """What the display shows. (height, width, 3), uint8, RGB."""
        raw = self._screen.read_bytes()
        header = np.frombuffer(raw[:100], ">u4")
        begin = int(header[0] + header[19] * 12)
        width, height, line = int(header[4]), int(header[5]), int(header[12])
        pixels = np.frombuffer(raw[begin : begin + line * height], np.uint8)
        return pixels.reshape(height, line // 4, 4)[:, :width, 2::-1].copy()


def wait_for(found: Callable[[], str]) -> str:
    """What a function finds, once it finds something."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if answer := found():
            return answer
        time.sleep(0.1)
    raise AssertionError("nothing was found in time")
