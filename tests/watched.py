"""Windows without a display, on episodes that need no training or the smallest one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from recorded import played

from arcade_rl.playback.programme import programme_of
from arcade_rl.playback.sources import FiledSource, Source
from arcade_rl.recording.format import encode
from arcade_rl.recording.recording import Recording
from arcade_rl.registry import load_game
from arcade_rl.viewer.viewer import Viewer, ViewerOptions
from arcade_rl.viewer.window import ViewerWindow

SIZE = (1280, 720)
FRAMES_A_STEP = 2
"""Frames of a step of the toy."""


def toy_episode(**options: Any) -> Recording:
    """An episode of the toy in which random buttons are pressed."""
    game = load_game("toy")
    recording, _ = played(game, game.options(**options), seed=3)
    return replace(recording, metadata=replace(recording.metadata, rom_sha256=""))


def write_episode(folder: Path) -> Path:
    """The file of such an episode."""
    path = folder / "episode_000123.msgpack.lz4"
    path.write_bytes(encode(toy_episode()))
    return path


@contextmanager
def watching(
    source: Source | Path, size: tuple[int, int] = SIZE, options: ViewerOptions | None = None
) -> Iterator[Viewer]:
    """A viewer of a source, or of the file of an episode, whose first picture is drawn."""
    source = FiledSource(source) if isinstance(source, Path) else source
    window = ViewerWindow(size, "test", headless=True)
    viewer = Viewer(programme_of(source, 0), window, options or ViewerOptions())
    try:
        viewer.open()
        viewer.draw()
        yield viewer
    finally:
        viewer.close()
        window.close()


def press(viewer: Viewer, *keys: str) -> None:
    """Press keys, each once the one before has had its effect."""
    for key in keys:
        viewer.press(key)
        settle(viewer)
        viewer.draw()


def write(viewer: Viewer, key: str, text: str) -> None:
    """Press a key that asks for a line, and write the line."""
    press(viewer, key, *text, "return")


def settle(viewer: Viewer) -> None:
    """Let a seek arrive."""
    while viewer.player.is_seeking:
        viewer.attempt(lambda: viewer.player.tick(0.0))


def message(viewer: Viewer) -> str:
    """What the window has to say."""
    words = viewer.words()
    return words.error or words.middle
