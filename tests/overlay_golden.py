"""Pictures that were looked at and found good, small, and how a new one is compared with them.

.venv/bin/python tests/overlay_golden.py    draws all of them anew; look at them before they are kept
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from overlay_scenes import (
    CARD,
    altered,
    buttons_scene,
    cnn_scene,
    deep_scene,
    first_scene,
    long_scene,
    many_scene,
    mlp_scene,
    robot_scene,
    trot_scene,
    with_banner,
)

from arcade_rl.contracts import Frame
from arcade_rl.overlay.layout import Detail
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Scene
from arcade_rl.overlay.theme import theme

FOLDER = Path(__file__).parent / "golden"
LONGER = 480
"""Longer side of a kept picture, pixel."""
MEAN, LOCAL = 0.6, 14.0
"""Difference that is forgiven, of 255: over the whole picture, and over any 8x8 pixels of it."""


@dataclass(frozen=True)
class Case:
    scene: Callable[[], Scene] | None
    """None for the title card."""
    size: tuple[int, int] = (1280, 720)
    theme: str = "dark"
    signs: str = "blue-orange"
    detail: Detail = "full"
    within: tuple[int, int] | None = None
    """Size of the whole picture, of a pane."""


CASES = {
    "cnn": Case(cnn_scene, (1920, 1080)),
    "cnn-tall": Case(cnn_scene, (1080, 1920), "light"),
    "cnn-small": Case(cnn_scene, (854, 480)),
    "cnn-minimal": Case(lambda: with_banner(cnn_scene(), 0.6), (960, 540), detail="minimal"),
    "cnn-poster": Case(cnn_scene, (1080, 1920), "light", detail="minimal"),
    "cnn-square": Case(cnn_scene, (1080, 1080)),
    "pane-beside": Case(cnn_scene, (1080, 637), detail="minimal", within=(1080, 1920)),
    "pane-below": Case(cnn_scene, (637, 1080), detail="minimal", within=(1920, 1080)),
    "cnn-none": Case(cnn_scene, (640, 540), detail="none"),
    "no-policy": Case(lambda: altered(cnn_scene(), activity=None, trace=None)),
    "mlp": Case(mlp_scene, (2560, 1440), "light", "green-red"),
    "no-curve": Case(lambda: replace(mlp_scene(), curve=None)),
    "robot": Case(robot_scene),
    "buttons": Case(buttons_scene, theme="light"),
    "many": Case(many_scene),
    "deep": Case(deep_scene, (1080, 1920)),
    "groups": Case(lambda: many_scene((5, 4, 3), "turn"), (1080, 1920)),
    "long": Case(long_scene),
    "first": Case(first_scene),
    "card": Case(None),
    "trot": Case(trot_scene),
    "trot-light": Case(trot_scene, (1920, 1080), "light", "green-red"),
    "trot-tall": Case(trot_scene, (720, 1280)),
    "trot-begins": Case(lambda: altered(trot_scene(90), activity=None, trace=None)),
}


def draw(case: Case) -> Frame:
    overlay = Overlay(case.size, theme(case.theme, case.signs), case.detail, case.within)
    return overlay.card(CARD) if case.scene is None else overlay.compose(case.scene())


def small(picture: Frame) -> Frame:
    """The picture shrunk by area to what is kept."""
    height, width = picture.shape[:2]
    part = LONGER / max(height, width)
    size = (round(width * part), round(height * part))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def kept(name: str) -> Frame:
    image = cv2.imread(str(FOLDER / f"{name}.png"))
    assert image is not None, f"{name}.png is missing; draw it with tests/overlay_golden.py"
    return np.asarray(image[:, :, ::-1], np.uint8)


def difference(one: Frame, other: Frame) -> tuple[float, float]:
    """Mean difference of two pictures, and the largest mean over 8x8 pixels."""
    apart = np.abs(one.astype(np.float32) - other).mean(2)
    return float(apart.mean()), float(cv2.blur(apart, (8, 8)).max())


def is_alike(one: Frame, other: Frame) -> bool:
    mean, local = difference(one, other)
    return mean <= MEAN and local <= LOCAL


def main() -> None:
    cv2.setNumThreads(1)
    FOLDER.mkdir(exist_ok=True)
    for name, case in CASES.items():
        path = FOLDER / f"{name}.png"
        picture = np.ascontiguousarray(small(draw(case))[:, :, ::-1])
        cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
