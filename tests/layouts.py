"""Sizes of pictures that layouts are tried in, and how rectangles lie to each other."""

from __future__ import annotations

from arcade_rl.overlay.canvas import Rect

SIZES = [(1280, 720), (1920, 1080), (2560, 1440), (1080, 1920), (854, 480), (960, 540), (1440, 1080), (720, 1280)]  # fmt: skip


def overlap(one: Rect, other: Rect) -> bool:
    across = one.x < other.right and other.x < one.right
    return across and one.y < other.bottom and other.y < one.bottom


def holds(outer: Rect, inner: Rect) -> bool:
    across = outer.x <= inner.x and inner.right <= outer.right
    return across and outer.y <= inner.y and inner.bottom <= outer.bottom
