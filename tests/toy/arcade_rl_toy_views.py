"""The toy's screens with cameras, one that sees its colours and one that sees red alone; and broken ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from arcade_rl_toy import HEIGHT, WIDTH, StagedToyScreen

from arcade_rl.contracts import Frame, Screen, ScreenStep

CAMERAS = ("colour", "red")


def viewed(screen: type) -> Any:
    """The screen, seen from one of `CAMERAS` at any size."""

    class Viewed(screen):
        _camera, _size = CAMERAS[0], (WIDTH, HEIGHT)

        def view(self, camera: str | None, size: tuple[int, int] | None) -> None:
            self._camera, self._size = camera or self._camera, size or self._size

        def reset(self, seed: int) -> Frame:
            return self._seen(super().reset(seed))

        def step(self, action: Any, replies: Any = None) -> ScreenStep:
            shown = super().step(action)
            return replace(shown, frames=[self._seen(frame) for frame in shown.frames])

        def _seen(self, frame: Frame) -> Frame:
            large = cv2.resize(frame, self._size, interpolation=cv2.INTER_NEAREST)
            shown = np.array([1, 0, 0] if self._camera == "red" else [1, 1, 1], np.uint8)
            return np.asarray(large * shown, np.uint8)

    class ViewedStates(Viewed):
        def show(self, state: Any) -> Any:
            return [self._seen(frame) for frame in super().show(state)]

    is_plain = screen.show is Screen.show  # type: ignore[attr-defined]
    return Viewed if is_plain else ViewedStates


class OneView(StagedToyScreen):
    """Draws the same whatever is asked for."""

    def view(self, camera: str | None, size: tuple[int, int] | None) -> None: ...


class FirstView(viewed(StagedToyScreen)):  # type: ignore[misc]
    """Draws the first picture alone as it is asked to."""

    def step(self, action: Any, replies: Any = None) -> ScreenStep:
        camera, size = self._camera, self._size
        self.view("colour", (64, 48))
        shown = super().step(action)
        self.view(camera, size)
        return shown


class LastingView(viewed(StagedToyScreen)):  # type: ignore[misc]
    """Stays with the red camera."""

    def view(self, camera: str | None, size: tuple[int, int] | None) -> None:
        super().view("red" if self._camera == "red" else camera, size)
