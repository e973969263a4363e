"""The parts of the panel NETWORK: what the agent sees, its layers, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, arrow, fill, rounded
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.mosaic import Mosaic, Tiling, tilings
from arcade_rl.overlay.peak import Peak
from arcade_rl.overlay.theme import Colour, sign_map
from arcade_rl.policies.activity import Activity, Floats


class Block(Protocol):
    """A part of the panel. The panel asks a block for its possible widths, and then places and
    draws it."""

    label: str
    """Name of what the block shows, such as "conv 1"."""
    dimensions: str
    """Shape or size of what the block shows, as people read it, such as "12 features"."""

    def widths(self, height: int) -> Sequence[int]:
        """Possible widths of the block in this height, the widest first, pixel."""
        ...

    def place(self, box: Rect, option: int) -> Rect:
        """Place the block at the left of the box, half-way down, in the width at position `option`
        of `widths`; returns the room that the block covers."""
        ...

    def draw(self, activity: Activity) -> None: ...

    def centre(self, unit: int) -> tuple[float, float]:
        """Point (x, y) at which links from and to a unit begin and end, pixel."""
        ...

    def mark(self, unit: int) -> None:
        """Draw a frame around a unit."""
        ...


CELLS = ((16, 26), (64, 17), (160, 12), (300, 11), (1 << 30, 10))
"""(units, side): largest side of a cell, at 1920x1080, in a layer of at most this many units."""


class Tiles:
    """A block whose units lie in a mosaic."""

    def __init__(
        self, canvas: Canvas, label: str, shape: tuple[int, ...], most: int, gap: int
    ) -> None:
        self.canvas, self.label = canvas, label
        self.dimensions = f" {texts.TIMES} ".join(str(length) for length in shape)
        self.count = shape[0]
        self.native = (shape[2], shape[1]) if len(shape) > 2 else (1, 1)
        self.most, self.gap = most, gap
        self.options: list[Tiling] = []
        self.mosaic: Mosaic

    def widths(self, height: int) -> Sequence[int]:
        self.options = tilings(self.count, self.native, self.most, height, self.gap)
        return [one.size[0] for one in self.options]

    def place(self, box: Rect, option: int) -> Rect:
        tiling = self.options[option]
        y = box.centred(*tiling.size).y
        self.mosaic = Mosaic(self.count, self.native, tiling, (box.x, y))
        return self.mosaic.box

    def centre(self, unit: int) -> tuple[float, float]:
        return self.mosaic.centre(unit)

    def mark(self, unit: int) -> None:
        box = self.mosaic.tile(unit)
        wider = Rect(box.x - 1, box.y - 1, box.width + 2, box.height + 2)
        frame(self.canvas, wider)


class SeenPictures(Tiles):
    """The stacked frames that the agent sees, the oldest first."""

    def __init__(self, canvas: Canvas, place: int, name: str, shape: tuple[int, ...]) -> None:
        self.place_in_seen = place
        style = canvas.style
        super().__init__(canvas, name or "sees", shape[:3], style.px(230), style.px(5))

    def draw(self, activity: Activity) -> None:
        values = activity.seen[self.place_in_seen].values
        self.mosaic.paint_pictures(self.canvas.pixels, values.astype(np.uint8, copy=False))


class Layers(Tiles):
    """A layer's feature maps as tiles, or its units as cells."""

    def __init__(self, canvas: Canvas, place: int, label: str, shape: tuple[int, ...]) -> None:
        style, self.place_in_layers = canvas.style, place
        if len(shape) == 3:
            most, gap = style.px(88), max(2, style.px(3))
        else:
            most = style.px(next(size for units, size in CELLS if shape[0] <= units))
            gap = 2 if most >= 11 else 1
        super().__init__(canvas, label, shape, most, gap)
        self.peak = Peak()

    def draw(self, activity: Activity) -> None:
        values = finite(activity.layers[self.place_in_layers].values)
        scale = self.peak.update(magnitude(values))
        values = values.reshape(self.count, *self.native[::-1])
        self.mosaic.paint_signed(self.canvas.pixels, values, scale, sign_map(self.canvas.theme))


def counted_features(count: int) -> str:
    """A number of features, as people read it."""
    return "1 feature" if count == 1 else f"{count} features"


class SeenFeatures:
    """Features: those with names as bars to both sides of zero, as many as have room, and the rest
    as cells."""

    def __init__(
        self, canvas: Canvas, place: int, name: str, count: int, names: Sequence[str]
    ) -> None:
        self.canvas, self.place_in_seen, self.count = canvas, place, count
        self.label, self.dimensions = name or "sees", counted_features(count)
        self.names = names
        self.options: list[tuple[int, int]] = []
        """Possible (columns, width) of the list of names, the widest first; width in pixels."""
        self.bars: list[Rect] = []
        self.rest: Mosaic | None = None
        self.box = Rect(0, 0, 1, 1)
        self.peaks = np.full(count, 1e-6, np.float32)
        self.peak = Peak()

    def widths(self, height: int) -> Sequence[int]:
        style = self.canvas.style
        lines = max(1, height // self._line())
        has_names = bool(self.names) and not style.is_for_phone
        columns = min(3, -(-self.count // lines)) if has_names else 0
        self.options = [(k, k * style.px(185)) for k in range(columns, 0, -1)]
        self.options += [(k, k * style.px(130)) for k in range(columns, 0, -1)]
        self.options.append((0, style.px(110)))
        self.options.sort(key=lambda option: -option[1])
        return [width for _, width in self.options]

    def _line(self) -> int:
        return self.canvas.style.font(13.5).size + self.canvas.style.px(5)

    def place(self, box: Rect, option: int) -> Rect:
        columns, width = self.options[option]
        style, line = self.canvas.style, self._line()
        self.box = box.left(width)
        named = min(self.count, columns * (box.height // line))
        lists = self.box
        if named < self.count:
            lists = self._place_rest(columns)
            named = min(self.count, columns * (lists.height // line))
            self._number_rest(named)
        rows = lists.height // line
        for number, column in enumerate(lists.columns(max(columns, 1), style.px(18))):
            for k in range(number * rows, min((number + 1) * rows, named)):
                row = column.below((k - number * rows) * line) if k % rows else column
                self._place_bar(row.top(line), self.names[k])
        return self.box

    def _place_rest(self, columns: int) -> Rect:
        """Keep room at the foot for the cells of features without a bar, and return the room
        above."""
        style, line = self.canvas.style, self._line()
        if not columns:
            self._rest_box = self.box
            return self.box.top(1)
        foot = min(self.box.height // 2, style.px(60))
        self._rest_box = self.box.below(self.box.height - foot + line // 2)
        return self.box.top(self.box.height - foot)

    def _number_rest(self, named: int) -> None:
        count, box = self.count - named, self._rest_box
        gap = 2
        options = tilings(count, (1, 1), self.canvas.style.px(26), box.height, gap)
        fitting = [one for one in options if one.size[0] <= box.width] or options[-1:]
        self.rest = Mosaic(count, (1, 1), fitting[0], (box.x, box.y))

    def _place_bar(self, row: Rect, name: str) -> None:
        style = self.canvas.style
        label = row.left(int(row.width * 0.6))
        font = texts.common(tuple(self.names), style.font(13.5), label.width)
        self.canvas.write(name, label, font, self.canvas.theme.dim, ground=True, kind="name")
        bar = row.beside(label.width + style.px(8))
        height = max(3, min(style.px(7), row.height // 2))
        bar = Rect(bar.x, row.y + (row.height - height) // 2, bar.width, height)
        fill(self.canvas.ground, bar, self.canvas.theme.cell)
        self.bars.append(bar)

    def draw(self, activity: Activity) -> None:
        values = finite(activity.seen[self.place_in_seen].values.astype(np.float32, copy=False))
        largest = self.peak.update(magnitude(values))
        np.maximum(self.peaks * Peak.DECAY, np.abs(values), out=self.peaks)
        parts = values / np.maximum(self.peaks, largest / 4)
        for bar, part in zip(self.bars, parts.tolist(), strict=False):
            draw_signed(self.canvas, bar, part)
        if self.rest is not None:
            rest = parts[len(self.bars) :].reshape(-1, 1, 1).astype(np.float32)
            self.rest.paint_signed(self.canvas.pixels, rest, 1, sign_map(self.canvas.theme))

    def centre(self, unit: int) -> tuple[float, float]:
        return self.box.right, self.box.y + self.box.height / 2

    def mark(self, unit: int) -> None:
        """Do nothing: no link starts at a feature."""


class Outputs:
    """The actor's outputs as cells with the names of the actions; taken actions are marked. Where
    the names have no room, the cells are drawn alone, in the same order."""

    LEAST = 13
    """Least height of a line with a name, at 1920x1080, pixel."""

    def __init__(
        self, canvas: Canvas, place: int, label: str, names: tuple[str, ...], marks: bool
    ) -> None:
        self.canvas, self.place_in_layers, self.names = canvas, place, names
        self.label, self.dimensions = label, str(len(names))
        self.marks = marks
        """Whether some actions are taken and marked; false for continuous actions."""
        self.peak = Peak()
        self.taken: frozenset[int] = frozenset()
        self.rows: list[Rect] = []
        self.columns = 1
        self.is_named = True

    def widths(self, height: int) -> Sequence[int]:
        style = self.canvas.style
        least = max(12, style.line(self.LEAST))
        self.columns = -(-len(self.names) // max(1, height // least))
        self.is_named = self.columns == 1 or self._has_two_columns(height)
        if not self.is_named:
            lines = max(1, height // max(9, style.px(14)))
            self.columns = -(-len(self.names) // lines)
        row = self._row(height)
        side, gap = self._side(row), style.px(14)
        if not self.is_named:
            return [self.columns * row]
        longest = self._longest(row)
        most = [style.px(150), style.px(80)] if self.columns == 1 else [longest]
        extra = side + style.px(12) + (style.px(24) if self.marks else 0)
        return [self.columns * (extra + min(longest, m)) + (self.columns - 1) * gap for m in most]

    def _longest(self, row: int) -> int:
        font = self._font(row, 700)
        return max(texts.width(texts.drawable(name), font) for name in self.names) + 2

    def _has_two_columns(self, height: int) -> bool:
        """Whether the names have room in two columns. Marked outputs never have two: links to a
        taken action in the second column would cross the first."""
        if self.marks or self.columns != 2:
            return False
        return self._longest(self._row(height)) <= self.canvas.style.px(90)

    def _row(self, height: int) -> int:
        lines = -(-len(self.names) // self.columns)
        return max(2, min(self.canvas.style.px(36), height // lines))

    def _font(self, row: int, weight: int) -> texts.Font:
        unit = self.canvas.style.unit
        return self.canvas.style.font(min(16, row / unit * 0.8), weight)

    def _side(self, row: int) -> int:
        return max(2, min(self.canvas.style.px(26), row - max(2, row // 6)))

    def place(self, box: Rect, option: int) -> Rect:
        wide, row = self.widths(box.height)[option], self._row(box.height)
        lines = -(-len(self.names) // self.columns)
        area = Rect(box.x, box.centred(wide, row * lines).y, wide, row * lines)
        columns = area.columns(self.columns, self.canvas.style.px(14) if self.is_named else 0)
        self.rows = [
            Rect(columns[k // lines].x, area.y + k % lines * row, columns[0].width, row)
            for k in range(len(self.names))
        ]
        return area

    def draw(self, activity: Activity) -> None:
        values = finite(activity.layers[self.place_in_layers].values)
        scale = self.peak.update(magnitude(values))
        table = sign_map(self.canvas.theme)
        indices = np.clip(values * (127 / scale) + 128.5, 1, 255).astype(np.uint8)
        for k, row in enumerate(self.rows):
            red, green, blue = table[indices[k]].tolist()
            self._draw_row(k, row, (red, green, blue))

    def _draw_row(self, k: int, row: Rect, colour: Colour) -> None:
        canvas, style, theme = self.canvas, self.canvas.style, self.canvas.theme
        is_taken = k in self.taken
        if is_taken:
            back = theme.wash if self.is_named else theme.accent
            rounded(canvas.pixels, row.inset(-style.px(4) * self.is_named, 0), style.px(5), back)
        side = self._side(row.height)
        cell = Rect(row.x, row.y + (row.height - side) // 2, side, side)
        if not self.is_named:
            cell = row.centred(side, side).inset(style.px(2) * is_taken, style.px(2) * is_taken)
        rounded(canvas.pixels, cell, style.px(3), colour)
        if self.is_named:
            self._write_name(k, row.beside(side + style.px(10)), is_taken)

    def _write_name(self, k: int, row: Rect, is_taken: bool) -> None:
        canvas, style, theme = self.canvas, self.canvas.style, self.canvas.theme
        room = row.left(row.width - style.px(24)) if self.marks else row
        ink = theme.text if is_taken else theme.dim
        font = self._font(row.height, 700 if is_taken else 500)
        canvas.write(self.names[k], room, font, ink, kind="name")
        if is_taken:
            mark = min(style.px(12), row.height - 3)
            at = Rect(row.right - mark - style.px(2), row.y + (row.height - mark) // 2, mark, mark)
            arrow(canvas.pixels, at, theme.accent)

    def centre(self, unit: int) -> tuple[float, float]:
        row = self.rows[unit]
        return row.x, row.y + row.height / 2

    def mark(self, unit: int) -> None:
        """Do nothing: the taken actions are marked already."""


def draw_signed(canvas: Canvas, bar: Rect, part: float) -> None:
    """Draw a number from -1 to 1 as a bar to the left or right of the middle."""
    theme, pixels = canvas.theme, canvas.pixels
    zero, reach = bar.x + bar.width // 2, round(part * (bar.width // 2))
    colour = theme.positive if part > 0 else theme.negative
    fill(pixels, Rect(min(zero, zero + reach), bar.y, abs(reach), bar.height), colour)
    fill(pixels, Rect(zero, bar.y - 1, 1, bar.height + 2), theme.faint)


def frame(canvas: Canvas, box: Rect) -> None:
    """Draw a thin frame around a unit."""
    end = (box.right - 1, box.bottom - 1)
    cv2.rectangle(canvas.pixels, (box.x, box.y), end, canvas.theme.text, 1)


def finite(values: Floats) -> Floats:
    """The numbers, with 0 in place of those that are not finite."""
    return values if np.isfinite(values).all() else np.nan_to_num(values, posinf=0, neginf=0)


def magnitude(values: Floats) -> float:
    return max(float(values.max()), -float(values.min())) if values.size else 0.0
