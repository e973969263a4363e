"""Curves as characters: a grid of cells with dots in them, axes, a band and a cursor.

A cell of Unicode's Braille block has 2 x 4 dots; a cell of ASCII has one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from arcade_rl.tui.glyphs import Glyphs
from arcade_rl.tui.series import Floats, ShownSeries

Ints: TypeAlias = npt.NDArray[np.int64]
Shorts: TypeAlias = npt.NDArray[np.int16]

BRAILLE = 0x2800
_WEIGHTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Bit of each dot of a Braille cell, by row and column."""
LEAST_WIDTH, LEAST_HEIGHT = 16, 4
LABEL = 8
"""Cells that the labels of the y axis take."""


@dataclass(frozen=True, slots=True)
class PlotCell:
    """One cell of a plot."""

    text: str
    colour: int | None = None
    """Number of the colour of the curve in the cell; None for axes and empty cells."""
    band: int | None = None
    """Number of the colour of the band behind the cell; None where there is none."""
    is_cursor: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plot shows."""

    left: float
    right: float
    low: float
    high: float


EMPTY = PlotCell(" ")


def limits_of(series: Sequence[ShownSeries], is_log: bool, with_band: bool) -> Limits | None:
    """Limits within which all curves lie, from 0 on the x axis on; None where there is no point. A logarithmic plot leaves
    values out that are not above 0."""
    there = [one for one in series if len(one)]
    if not there:
        return None
    left = min(0.0, *(float(one.x[0]) for one in there))
    right = max(float(one.x[-1]) for one in there)
    parts = [part for one in there for part in _shown(one, with_band)]
    values = _scaled(np.concatenate(parts), is_log)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    if high <= low:
        room = abs(high) * 0.1 or 1.0
        low, high = low - room, high + room
    return Limits(left, right if right > left else left + 1.0, low, high)


def _shown(series: ShownSeries, with_band: bool) -> tuple[Floats, ...]:
    return (series.mean, series.low, series.high) if with_band else (series.mean,)


def _scaled(values: Floats, is_log: bool) -> Floats:
    if not is_log:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(values > 0, np.log10(values), np.nan))


def draw(
    series: Sequence[ShownSeries],
    width: int,
    height: int,
    glyphs: Glyphs,
    limits: Limits,
    is_log: bool = False,
    with_band: bool = False,
    cursor: float | None = None,
) -> list[list[PlotCell]]:
    """The cells of the curves alone, without axes, row by row from the top. `cursor`: where on the x
    axis the cursor stands; None for no cursor."""
    fine_x, fine_y = (1, 1) if glyphs.is_ascii else (2, 4)
    dots = np.zeros((height * fine_y, width * fine_x), np.int16)
    bands: dict[tuple[int, int], int] = {}
    for one in series:
        columns = _columns(one.x, limits, width * fine_x)
        mean = _scaled(one.mean, is_log)
        if with_band:
            low, high = _scaled(one.low, is_log), _scaled(one.high, is_log)
            _put_band(bands, one.colour, _columns(one.x, limits, width), low, high, limits, height)
        _put_line(dots, one.colour + 1, columns, _rows(mean, limits, height * fine_y))
    at = None if cursor is None else int(_columns(np.array([cursor]), limits, width)[0])
    cells = dots.reshape(height, fine_y, width, fine_x)
    bits = ((cells > 0) * _WEIGHTS[:fine_y, None, :fine_x]).sum(axis=(1, 3)).tolist()
    colours = (cells.max(axis=(1, 3)) - 1).tolist()
    return [
        [_cell(bits[y][x], colours[y][x], bands.get((y, x)), x == at, glyphs) for x in range(width)]
        for y in range(height)
    ]


def _columns(x: Floats, limits: Limits, width: int) -> Ints:
    part = (x - limits.left) / (limits.right - limits.left)
    return np.clip(np.rint(part * (width - 1)), 0, width - 1).astype(np.int64)


def _rows(values: Floats, limits: Limits, height: int) -> Floats:
    """Row of each value, from the top; NaN where there is no value."""
    part = (limits.high - values) / (limits.high - limits.low)
    return np.asarray(np.rint(np.clip(part, 0.0, 1.0) * (height - 1)))


def _put_line(dots: Shorts, colour: int, columns: Ints, rows: Floats) -> None:
    """Put a line through the points; it breaks where a value is missing."""
    before: tuple[int, int] | None = None
    for x, y in zip(columns.tolist(), rows.tolist(), strict=True):
        if math.isnan(y):
            before = None
            continue
        here = (x, int(y))
        x0, y0 = before or here
        steps = max(abs(here[0] - x0), abs(here[1] - y0), 1)
        for k in range(steps + 1):
            dots[y0 + round((here[1] - y0) * k / steps), x0 + round((here[0] - x0) * k / steps)] = (
                colour
            )
        before = here


def _put_band(
    bands: dict[tuple[int, int], int], colour: int, columns: Ints, low: Floats, high: Floats,
    limits: Limits, height: int,
) -> None:  # fmt: skip
    tops, ends = _rows(high, limits, height), _rows(low, limits, height)
    last = None
    for x, top, end in zip(columns.tolist(), tops.tolist(), ends.tolist(), strict=True):
        if math.isnan(top) or math.isnan(end):
            last = None
            continue
        for column in range(x if last is None else min(last + 1, x), x + 1):
            for y in range(int(top), int(end) + 1):
                bands.setdefault((y, column), colour)
        last = x


def sign_of_series(number: int) -> str:
    """The sign that draws the curve with this number where there is nothing but ASCII."""
    return "*ox+#%@&"[number % 8]


def _cell(bits: int, colour: int, band: int | None, is_cursor: bool, glyphs: Glyphs) -> PlotCell:
    if not bits:
        if is_cursor:
            return PlotCell(glyphs.cursor, None, band, True)
        return EMPTY if band is None else PlotCell(" ", None, band)
    # The curve with the highest number gives the whole cell its colour.
    text = sign_of_series(colour) if glyphs.is_ascii else chr(BRAILLE + bits)
    return PlotCell(text, colour, band, is_cursor)


def short(value: float, is_log: bool = False) -> str:
    """A number of at most seven letters for an axis."""
    if is_log:
        value = 10.0**value
    if not math.isfinite(value):
        return "-"
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.0e}"
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if size >= factor * (10 if unit == "k" else 1):
            return f"{value / factor:.4g}{unit}"
    text = f"{value:.4g}"
    return text if len(text) <= 7 else f"{value:.2g}"


def tick_labels(limits: Limits, height: int, is_log: bool) -> dict[int, str]:
    """Labels of the y axis, by row from the top."""
    rows = sorted({0, height // 2, height - 1}) if height >= 5 else [0, height - 1]
    span = limits.high - limits.low
    return {row: short(limits.high - span * row / max(height - 1, 1), is_log) for row in rows}
