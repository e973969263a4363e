"""The toy's screens with cameras: one that sees its colours, and one that sees red alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from arcade_rl_toy import HEIGHT, WIDTH

from arcade_rl.contracts import Frame, ScreenStep

CAMERAS = ("colour", "red")


def viewed(screen: type) -> Any:
    """The screen, seen from one of `CAMERAS` at any size."""

    class Viewed(screen):
        _camera, _size = CAMERAS[0], (WIDTH, HEIGHT)

        def view(self, camera: str | None, size: tuple[int, int] | None) -> None:
            self._camera, self._size = camera or self._camera, size or self._size

        def reset(self, seed: int) -> Frame:
            return self._seen(super().reset(seed))

        def step(self, action: Any) -> ScreenStep:
            shown = super().step(action)
            return replace(shown, frames=[self._seen(frame) for frame in shown.frames])

        def _seen(self, frame: Frame) -> Frame:
            large = cv2.resize(frame, self._size, interpolation=cv2.INTER_NEAREST)
            shown = np.array([1, 0, 0] if self._camera == "red" else [1, 1, 1], np.uint8)
            return np.asarray(large * shown, np.uint8)

    class ViewedStates(Viewed):
        def show(self, state: Any) -> Any:
            return [self._seen(frame) for frame in super().show(state)]

    return ViewedStates if hasattr(screen, "show") else Viewed
