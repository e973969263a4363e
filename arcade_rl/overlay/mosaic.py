"""Many small pictures as one: feature maps as tiles, units as cells."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import EMPTY, ZERO, Pixels
from arcade_rl.policies.activity import Floats

PICTURE = 30
"""Number of lines from which on a tile counts as a picture and is scaled smoothly; smaller tiles
keep sharp pixels."""

FULL = 0.7
"""Least part of the last row that should be full."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """An arrangement of equal tiles in rows and columns."""

    rows: int
    columns: int
    tile: tuple[int, int]
    """(width, height) of one tile, pixel."""
    gap: int
    """Gap between tiles, pixel."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of all tiles together, pixel."""
        return (
            self.columns * (self.tile[0] + self.gap) - self.gap,
            self.rows * (self.tile[1] + self.gap) - self.gap,
        )


def tilings(
    count: int, native: tuple[int, int], most: int, height: int, gap: int
) -> list[Tiling]:  # fmt: skip
    """Ways to arrange `count` pictures of a native (width, height) as tiles in a height, the widest
    first. Tiles are at most `most` high; all lengths are in pixels."""
    found: list[Tiling] = []
    for tile in _sizes(native, min(most, height)):
        rows = max(1, (height + gap) // (tile[1] + gap))
        columns = _columns(count, rows)
        one = Tiling(-(-count // columns), columns, tile, gap if tile[1] > 4 else min(gap, 1))
        if not found or one.size[0] < found[-1].size[0]:
            found.append(one)
    return found


def _sizes(native: tuple[int, int], most: int) -> list[tuple[int, int]]:
    """Possible (width, height) of a tile, the largest first, pixel."""
    width, height = native
    if height >= PICTURE:
        heights = sorted({most, *(round(height * k / 8) for k in range(3, 24))}, reverse=True)
        return [(max(1, round(width * h / height)), h) for h in heights if h <= most]
    halves = range(max(2, 2 * most // height), 1, -1)
    whole = [(width * k // 2, height * k // 2) for k in halves if k % 2 == 0 or height > 2]
    smaller = [(max(1, width * k // 4), height * k // 4) for k in (3, 2, 1) if height * k >= 12]
    return whole + smaller


def _columns(count: int, rows: int) -> int:
    """The fewest columns that `rows` rows allow, or a few more where the last row would be nearly
    empty."""
    least = -(-count // rows)
    for columns in range(least, 2 * least):
        if (count - 1) % columns + 1 >= FULL * columns:
            return columns
    return least


class Mosaic:
    """Tiles at a place of the canvas; numbers are painted in the 256 colours of a table."""

    def __init__(self, count: int, native: tuple[int, int], tiling: Tiling, at: tuple[int, int]) -> None:  # fmt: skip
        self.count, self.tiling = count, tiling
        self.box = Rect(*at, *tiling.size)
        width, height = tiling.tile
        is_kept = native[1] < PICTURE and height >= native[1]
        self.native = native if is_kept else (width, height)
        columns, rows = tiling.columns, tiling.rows
        self.tiles = np.full((rows * columns, self.native[1], self.native[0]), EMPTY, np.uint8)
        self.buffer = np.empty((count, self.native[1], self.native[0]), np.float32)
        # The sheet holds all tiles in their native size without gaps. Its last row and column stay
        # empty: gaps show copies of them, so that two look-ups draw a whole mosaic.
        self.sheet = np.full((rows * self.native[1] + 1, columns * self.native[0] + 1), EMPTY, np.uint8)  # fmt: skip
        split = self.sheet[:-1, :-1].reshape(rows, self.native[1], columns, self.native[0])
        self.places = split.transpose(0, 2, 1, 3)
        self.across = _sources(columns, self.native[0], width, tiling.gap)
        self.down = _sources(rows, self.native[1], height, tiling.gap)

    def centre(self, tile: int) -> tuple[float, float]:
        """Middle (x, y) of a tile, pixel."""
        row, column = divmod(tile, self.tiling.columns)
        (width, height), gap = self.tiling.tile, self.tiling.gap
        return (
            self.box.x + column * (width + gap) + width / 2,
            self.box.y + row * (height + gap) + height / 2,
        )

    def tile(self, number: int) -> Rect:
        row, column = divmod(number, self.tiling.columns)
        (width, height), gap = self.tiling.tile, self.tiling.gap
        return Rect(
            self.box.x + column * (width + gap), self.box.y + row * (height + gap), width, height
        )

    def paint_signed(self, pixels: Pixels, values: Floats, scale: float, table: Pixels) -> None:
        """Draw numbers (count, h, w) from -scale to scale in the colours of a sign map."""
        if values.shape[1:] != (self.native[1], self.native[0]):
            values = np.stack([cv2.resize(one, self.native, interpolation=cv2.INTER_AREA) for one in values])  # fmt: skip
        np.multiply(values, (255 - ZERO) / scale, out=self.buffer)
        self.buffer += ZERO + 0.5
        np.clip(self.buffer, EMPTY + 1, 255, out=self.buffer)
        np.copyto(self.tiles[: self.count], self.buffer, casting="unsafe")
        self._paint(pixels, table)

    def paint_pictures(self, pixels: Pixels, pictures: npt.NDArray[np.uint8]) -> None:
        """Draw grey (count, h, w) or coloured (count, h, w, 3) pictures, uint8."""
        for number, picture in enumerate(pictures):
            box = self.tile(number)
            if picture.shape[:2] != (box.height, box.width):
                shrinks = picture.shape[0] > box.height
                how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
                if box.height % picture.shape[0] == 0:
                    how = cv2.INTER_NEAREST
                picture = cv2.resize(picture, (box.width, box.height), interpolation=how)
            pixels[box.region] = picture[:, :, None] if picture.ndim == 2 else picture

    def _paint(self, pixels: Pixels, table: Pixels) -> None:
        rows, columns = self.tiling.rows, self.tiling.columns
        self.places[:] = self.tiles.reshape(rows, columns, self.native[1], self.native[0])
        indices = self.sheet.take(self.across, 1).take(self.down, 0)
        pixels[self.box.region] = cv2.applyColorMap(indices, table[:, None])


def _sources(tiles: int, native: int, shown: int, gap: int) -> npt.NDArray[np.intp]:
    """The pixel of the sheet that is shown at every pixel along one side of a mosaic; in gaps, the
    last pixel of the sheet, which is empty."""
    inner = np.arange(shown) * native // shown
    each = np.concatenate([inner, np.full(gap, -1)])
    sources = np.concatenate([np.where(each < 0, tiles * native, each + k * native) for k in range(tiles)])  # fmt: skip
    return sources[: len(sources) - gap]
