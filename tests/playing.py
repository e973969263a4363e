"""A window in which a test plays: keys are posted to the system's queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pygame
from watched import SIZE

from arcade_rl.config import from_assignments, resolve
from arcade_rl.playback.verify import verify
from arcade_rl.recording.format import decode
from arcade_rl.recording.recording import Recording
from arcade_rl.registry import load_game
from arcade_rl.viewer.driving import Match
from arcade_rl.viewer.viewer import Viewer, ViewerOptions
from arcade_rl.viewer.window import ViewerWindow

KEYS = {
    "left": pygame.K_LEFT, "up": pygame.K_UP, "right": pygame.K_RIGHT, "down": pygame.K_DOWN,
    "a": pygame.K_a, "w": pygame.K_w, "d": pygame.K_d, "s": pygame.K_s, "x": pygame.K_x,
    "tab": pygame.K_TAB, "return": pygame.K_RETURN,
}  # fmt: skip
PAD = 7
"""Instance of the only pad."""


@contextmanager
def playing(
    folder: Path, *assignments: str, opponent: str | None = None, detail: Any = "minimal"
) -> Iterator[Viewer]:
    """A viewer in which somebody plays, whose countdown is over."""
    resolved = resolve([from_assignments([*assignments])], load_game)
    window = ViewerWindow(SIZE, "test", headless=True)
    options = ViewerOptions(detail=detail, plays=folder)
    viewer = Viewer(Match(resolved, opponent, 5), window, options)
    try:
        viewer.open()
        viewer.driving.count_down()
        viewer._poll()
        viewer.draw()
        yield viewer
    finally:
        viewer.close()
        window.close()


def post(viewer: Viewer, kind: int, **values: Any) -> None:
    """Something happens to the window."""
    pygame.event.post(pygame.Event(kind, values))
    for event in viewer.window.events(0):
        viewer.take(event)


def look(viewer: Viewer) -> None:
    """Take in what happened to the pads."""
    for event in viewer.window.events(0):
        viewer.take(event)


def hold(viewer: Viewer, *keys: str) -> None:
    for key in keys:
        post(viewer, pygame.KEYDOWN, key=KEYS[key], unicode=key if len(key) == 1 else "")


def release(viewer: Viewer, *keys: str) -> None:
    for key in keys:
        post(viewer, pygame.KEYUP, key=KEYS[key])


def step(viewer: Viewer, count: int = 1) -> None:
    """Let so many steps of the toy pass, of two frames each; the pictures are drawn."""
    for _ in range(count):
        before = viewer.player.position
        while viewer.player.position == before and not viewer.player.is_at_end:
            viewer.player.tick(1 / 30 + 1e-9)
        viewer._poll()
        viewer.draw()


def only_file(folder: Path) -> Recording:
    (path,) = folder.iterdir()
    return decode(path.read_bytes())


def assert_true(recording: Recording) -> None:
    (found,) = verify([recording])
    assert (found.fault, found.divergence) == ("", None)
