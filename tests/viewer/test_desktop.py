"""A real window on a display of X11, with keys and a mouse that are really pressed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from desktop import Desktop, wait_for
from watched import write_episode

from arcade_rl.contracts import Frame

X11 = {
    "?": "question", ".": "period", ",": "comma", "]": "bracketright", "[": "bracketleft", "+": "plus",
    "-": "minus", "<": "less", ">": "greater", "f11": "F11", "home": "Home", "end": "End",
    "escape": "Escape", "return": "Return",
}  # fmt: skip
"""Names that X11 has for keys that it does not call as the table does."""
WITHOUT_RUN = ["e", "E", "d", "<", ">", "j", "W", "g", "return"]
"""Keys that only tell that a file has one episode and no policy."""


def changed(desktop: Desktop, before: Frame) -> Frame:
    """What the display shows once that is another picture than before."""
    wait_for(lambda: "yes" if (desktop.picture() != before).any() else "")
    return desktop.picture()


def size_of(desktop: Desktop, window: str) -> tuple[int, int]:
    text = desktop.do("getwindowgeometry", "--shell", window)
    values = dict(line.split("=") for line in text.splitlines())
    return int(values["WIDTH"]), int(values["HEIGHT"])


def white(picture: Frame) -> int:
    """Number of pixels in the colour of panels."""
    return int((picture == 255).all(2).sum())


def lit(picture: Frame) -> int:
    """Width of what is not black, 0 where everything is."""
    columns = np.flatnonzero(picture.any(axis=(0, 2)))
    return int(columns[-1] - columns[0]) + 1 if len(columns) else 0


def test_a_window_obeys_keys_the_mouse_and_the_desktop(desktop: Desktop, tmp_path: Path) -> None:
    episode = write_episode(tmp_path)
    command = [sys.executable, "-m", "arcade_rl", "watch", str(episode), "--theme", "light"]
    process = desktop.start(command, XDG_STATE_HOME=str(tmp_path))
    try:
        window = desktop.find()
        assert size_of(desktop, window) == (1280, 720)
        wait_for(lambda: "shown" if desktop.picture().any() else "")
        desktop.press("space", "Home")

        before = white(desktop.picture())
        desktop.press("question")
        wait_for(lambda: "card" if white(desktop.picture()) > before + 100_000 else "")
        desktop.press("question", "bracketright", "k", *"here", "Return")
        kept = episode.with_name(f"{episode.name}.markers.json")
        wait_for(lambda: "kept" if kept.exists() else "")
        assert json.loads(kept.read_bytes())["markers"] == [{"step": 10, "name": "here"}]

        for key in [
            *WITHOUT_RUN,
            *[
                ".",
                ",",
                "[",
                "+",
                "-",
                "n",
                "N",
                "5",
                "o",
                "o",
                "o",
                "l",
                "2",
                "v",
                "v",
                "T",
                "T",
                "home",
                "end",
            ],
        ]:
            desktop.press(X11.get(key, key))
        desktop.do("windowsize", "--sync", window, 900, 600)
        wait_for(lambda: "smaller" if lit(desktop.picture()) == 900 else "")

        before = desktop.picture()
        desktop.do("mousemove", "--window", window, 450, 562)
        desktop.do("click", 1)
        changed(desktop, before)

        desktop.press("F11")
        wait_for(lambda: "full" if lit(desktop.picture()) > 1300 else "")
        desktop.find()
        desktop.press("F11")
        wait_for(lambda: "small" if lit(desktop.picture()) == 900 else "")
        desktop.find()
        desktop.press("q")
        assert process.wait(60) == 0
        assert process.communicate() == ("", "")
    finally:
        process.kill()
        process.wait()
    state = json.loads((tmp_path / "arcade-rl" / "window.json").read_bytes())
    assert (state["width"], state["height"]) == (900, 600)
