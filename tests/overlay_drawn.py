"""Pictures of scenes in the dark theme, and the texts in them."""

from __future__ import annotations

from arcade_rl.contracts import Frame
from arcade_rl.overlay.canvas import PlacedText
from arcade_rl.overlay.layout import Detail, Rect
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Scene
from arcade_rl.overlay.theme import Colour, theme

DARK = theme()


def compose(scene: Scene, size: tuple[int, int] = (1280, 720), detail: Detail = "full") -> Frame:
    return Overlay(size, DARK, detail).compose(scene).copy()


def texts(
    scene: Scene, size: tuple[int, int] = (1280, 720), detail: Detail = "full"
) -> tuple[PlacedText, ...]:
    overlay = Overlay(size, DARK, detail)
    overlay.compose(scene)
    return overlay.texts


def drawn(scene: Scene, size: tuple[int, int] = (1280, 720)) -> list[str]:
    return [placed.drawn for placed in texts(scene, size)]


def has(picture: Frame, box: Rect, colour: Colour) -> int:
    """Pixels of exactly this colour in a box."""
    return int((picture[box.region] == colour).all(2).sum())
