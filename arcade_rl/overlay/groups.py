"""What the agent sees, in the groups that the game declares: bars with names, and walls of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from arcade_rl.contracts import FeatureGroup
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.blocks import counted_features, draw_signed, finite, magnitude
from arcade_rl.overlay.canvas import Canvas, fill
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.mosaic import Mosaic, Tiling
from arcade_rl.overlay.peak import Peak
from arcade_rl.overlay.theme import sign_map
from arcade_rl.policies.activity import Activity

WIDTHS = (190, 150, 120)
"""Possible widths of a column of groups with bars, at 1920x1080, pixel."""
CELL, SMALLEST_CELL = 22, 6
"""Largest side of a cell of a wall at 1920x1080, and the smallest side in any picture, pixel."""

Names: TypeAlias = Literal["all", "groups", "none"]
"""Which names are written: those of groups and of the features that are bars; those of groups, all
of which are walls; or none."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Groups in columns."""

    columns: tuple[tuple[FeatureGroup, ...], ...]
    """The groups of each column, from the top."""
    width: int
    """Width of a column, pixel."""
    cell: int
    """Side of a cell, pixel."""
    names: Names


class SeenGroups:
    """Features in groups. Where names have no room, every group is a wall without a name."""

    def __init__(
        self,
        canvas: Canvas,
        place: int,
        name: str,
        names: Sequence[str],
        groups: Sequence[FeatureGroup],
    ) -> None:
        self.canvas, self.place_in_seen = canvas, place
        self.names, self.groups = names, groups
        self.label, self.dimensions = name or "sees", counted_features(len(names))
        self.options: list[Arrangement] = []
        self.bars: list[tuple[int, Rect]] = []
        """Feature and place of each bar."""
        self.walls: list[tuple[tuple[int, ...], Mosaic]] = []
        self.box = Rect(0, 0, 1, 1)
        self.peak, self.peaks = Peak(), np.full(len(names), 1e-6, np.float32)

    def widths(self, height: int) -> Sequence[int]:
        style = self.canvas.style
        found = []
        for width in () if style.is_for_phone else WIDTHS:
            cell = self._cell(style.px(width))
            columns = self._columns(height, cell, "all")
            if columns:
                found.append(Arrangement(columns, style.px(width), cell, "all"))
        found += self._walls(height, "none")
        if not style.is_for_phone:
            least = min(self._width(option) for option in found if option.names == "none")
            found += [one for one in self._walls(height, "groups") if self._width(one) > least]
        self.options = sorted(found, key=self._width, reverse=True)
        return [self._width(option) for option in self.options]

    def _walls(self, height: int, names: Names) -> list[Arrangement]:
        """Arrangements of walls alone, for every side that a cell may have."""
        found, widest = [], max(_wall(group)[1] for group in self.groups)
        font = self.canvas.style.font(13.5, 600)
        named = max(texts.width(texts.drawable(group.name), font) for group in self.groups)
        for side in range(self.canvas.style.px(CELL), SMALLEST_CELL - 1, -1):
            columns = self._columns(height, side, names)
            if not columns and names == "none" and side == SMALLEST_CELL:
                columns = (tuple(self.groups),)
            if columns:
                width = max(widest * (side + 2), (named + 2) * (names == "groups"))
                found.append(Arrangement(columns, width, side, names))
        return found

    def _width(self, option: Arrangement) -> int:
        return len(option.columns) * (option.width + self._gap) - self._gap

    @property
    def _gap(self) -> int:
        return self.canvas.style.px(18)

    @property
    def _line(self) -> int:
        return self.canvas.style.font(13.5).size + self.canvas.style.px(5)

    def _cell(self, width: int) -> int:
        """Side of a cell with which every wall fits into the width, pixel."""
        widest = max((group.columns for group in self.groups), default=1)
        return max(SMALLEST_CELL, min(self.canvas.style.px(CELL), width // widest - 2))

    def _columns(
        self, height: int, cell: int, names: Names
    ) -> tuple[tuple[FeatureGroup, ...], ...]:
        """The groups in columns of at most this height; none where a group is higher."""
        columns: list[list[FeatureGroup]] = [[]]
        left = height
        for group in self.groups:
            needed = self._height(group, cell, names)
            if needed > height:
                return ()
            if needed > left:
                columns.append([])
                left = height
            columns[-1].append(group)
            left -= needed + self._line // 2
        return tuple(map(tuple, columns))

    def _height(self, group: FeatureGroup, cell: int, names: Names) -> int:
        """Height of a group with its name, pixel."""
        if names == "all" and group.columns == 1:
            return self._line * (1 + len(group.places))
        return self._line * (names != "none") + _wall(group)[0] * (cell + 2)

    def place(self, box: Rect, option: int) -> Rect:
        chosen = self.options[option]
        self.box = box.left(self._width(chosen))
        for number, groups in enumerate(chosen.columns):
            y, x = self.box.y, self.box.x + number * (chosen.width + self._gap)
            for group in groups:
                height = self._height(group, chosen.cell, chosen.names)
                self._place(group, Rect(x, y, chosen.width, height), chosen)
                y += height + self._line // 2
        return self.box

    def _place(self, group: FeatureGroup, box: Rect, chosen: Arrangement) -> None:
        style, theme, line = self.canvas.style, self.canvas.theme, self._line
        if chosen.names != "none":
            font = style.font(13.5, 600)
            self.canvas.write(group.name, box.top(line), font, theme.faint, ground=True)
            box = box.below(line)
        if chosen.names == "all" and group.columns == 1:
            for k, place in enumerate(group.places):
                row = Rect(box.x, box.y + k * line, box.width, line)
                self.bars.append((place, self._bar(row, place)))
            return
        rows, columns = _wall(group)
        tiling = Tiling(rows, columns, (chosen.cell, chosen.cell), 2)
        wall = Mosaic(len(group.places), (1, 1), tiling, (box.x, box.y))
        self.walls.append((group.places, wall))

    def _bar(self, row: Rect, place: int) -> Rect:
        """Write the name of a feature, and return the room of its bar."""
        style, theme = self.canvas.style, self.canvas.theme
        label = row.left(int(row.width * 0.58))
        listed = tuple(self.names[k] for one in self.groups if one.columns == 1 for k in one.places)
        font = texts.common(listed, style.font(13.5), label.width)
        self.canvas.write(self.names[place], label, font, theme.dim, ground=True, kind="name")
        height = max(3, min(style.px(7), row.height // 2))
        room = row.beside(label.width + style.px(8))
        bar = Rect(room.x, row.y + (row.height - height) // 2, room.width, height)
        fill(self.canvas.ground, bar, theme.cell)
        return bar

    def draw(self, activity: Activity) -> None:
        values = finite(activity.seen[self.place_in_seen].values.astype(np.float32, copy=False))
        largest = self.peak.update(magnitude(values))
        np.maximum(self.peaks * Peak.DECAY, np.abs(values), out=self.peaks)
        parts = values / np.maximum(self.peaks, largest / 4)
        for place, bar in self.bars:
            draw_signed(self.canvas, bar, float(parts[place]))
        for places, wall in self.walls:
            cells = parts[list(places)].reshape(-1, 1, 1).astype(np.float32)
            wall.paint_signed(self.canvas.pixels, cells, 1, sign_map(self.canvas.theme))

    def centre(self, unit: int) -> tuple[float, float]:
        return self.box.right, self.box.y + self.box.height / 2

    def mark(self, unit: int) -> None:
        """Do nothing: no link starts at a feature."""


def _wall(group: FeatureGroup) -> tuple[int, int]:
    """(rows, columns) of a group that is drawn as a wall; one that is a list lies in one row."""
    columns = group.columns if group.columns > 1 else len(group.places)
    return len(group.places) // columns, columns
