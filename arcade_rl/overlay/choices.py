"""Choices out of a few actions: a bar for every action, and a mark for the taken action."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.canvas import Canvas, arrow, rounded
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import mix
from arcade_rl.policies.activity import Choices, Decision, Floats

MANY, FEW = 64, 10
"""Size of a choice above which the likeliest actions of each moment alone have rows, and their number
at most: what is likely changes with every step there."""
RARE = 0.0005
"""Probability that is written as 0.0 %."""
OTHERS = -1
"""Stands, in place of an action, for all actions of a choice that have no row of their own."""


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one choice, or those of its rows that are in one column."""

    first: int
    """Position of the choice's first action among all actions."""
    size: int
    rows: int
    """Number of rows; fewer than `size` where not every action has room."""


class ChoicesView:
    """Rows in one column or two. Where not all actions have room, the taken action and those that
    were the likeliest lately have a row each, and a last row sums up the others."""

    ROW = 54
    LEAST = 21
    """Usual height of a row (`ROW`) and its least height (`LEAST`), at 1920x1080, pixel."""

    def __init__(
        self, canvas: Canvas, box: Rect, names: tuple[str, ...], sizes: tuple[int, ...]
    ) -> None:
        self.canvas, self.names = canvas, names
        style = canvas.style
        least = style.line(self.LEAST)
        needed = sum(min(size, _most(size)) for size in sizes) + (len(sizes) - 1) / 2
        narrow = box.width < (2 * self._least_width() if style.is_for_phone else style.px(360))
        columns = 1 if needed * least <= box.height or narrow else 2
        places = max(columns, int(box.height / least) * columns)
        groups = share(sizes, max(len(sizes), int(places - (len(sizes) - 1) / 2 * columns)))
        self.groups = [Group(it.first, it.size, min(it.rows, _most(it.size))) for it in groups]
        self.boxes = self._place(box, columns)
        font = style.row_font(17, 700, self.boxes[0].height)
        self.name_width = self._name_width(self.boxes[0].width, font)
        self.size = texts.common(names, font, self.name_width).size
        """Size of the font of all names, pixel."""
        self.usual = np.zeros(sum(sizes))
        """Recent peak of the probability of every action; a peak fades by 2 % with each picture.
        (A,)"""
        self.drawn: list[tuple[object, ...] | None] = [None] * len(self.boxes)

    def _place(self, box: Rect, columns: int) -> list[Rect]:
        style = self.canvas.style
        counts = self._columns(columns)
        highest = max(sum(g.rows for g in column) + (len(column) - 1) / 2 for column in counts)
        height = min(style.px(self.ROW), int(box.height / highest))
        boxes = []
        for column, place in zip(counts, box.columns(columns, style.px(22)), strict=True):
            y: float = place.y
            for group in column:
                boxes += [
                    Rect(place.x, int(y) + k * height, place.width, height)
                    for k in range(group.rows)
                ]
                y += (group.rows + 0.5) * height
        return boxes

    def _columns(self, columns: int) -> list[list[Group]]:
        """The groups of each column. A group that is alone is cut in the middle; of several, each
        stays whole."""
        if columns == 1:
            return [self.groups]
        total = sum(group.rows for group in self.groups)
        left: list[Group] = []
        right: list[Group] = []
        half = -(-total // 2)
        for group in self.groups:
            taken = min(group.rows, max(0, half - sum(g.rows for g in left)))
            if len(self.groups) > 1 and 0 < taken < group.rows:
                taken = group.rows if taken * 2 >= group.rows else 0
                half = half if taken else 0
            if taken:
                left.append(Group(group.first, group.size, taken))
            if taken < group.rows:
                right.append(Group(group.first, group.size, group.rows - taken))
        return [left, right]

    def _name_width(self, row: int, font: texts.Font) -> int:
        return min(self._longest(font) + 2, int(row * 0.42))

    def _longest(self, font: texts.Font) -> int:
        return max(texts.width(texts.drawable(name), font) for name in self.names)

    def _least_width(self) -> int:
        """Least width of a row whose name and number have room, pixel."""
        font = self.canvas.style.font(17, 700)
        return self._longest(font) + texts.width("100.0 %", font) + self.canvas.style.px(90)

    @property
    def bottom(self) -> int:
        return max(box.bottom for box in self.boxes)

    def draw(self, choices: Decision) -> None:
        assert isinstance(choices, Choices)
        probabilities = np.nan_to_num(choices.probabilities.astype(float))
        self.usual = np.maximum(self.usual * 0.98, probabilities)
        place = 0
        for group, taken in zip(self.groups, choices.taken, strict=True):
            own = probabilities[group.first : group.first + group.size]
            usual = self.usual[group.first : group.first + group.size]
            chosen = self._shown(group, own, usual, taken)
            for action in chosen:
                self._draw_row(place, group, chosen, action, own, taken)
                place += 1
            for empty in range(place, place + group.rows - len(chosen)):
                self._empty(empty)
            place += group.rows - len(chosen)

    @staticmethod
    def _shown(group: Group, own: Floats, usual: npt.NDArray[np.floating], taken: int) -> list[int]:
        """The actions of a group that have a row."""
        if group.size > MANY and group.rows > 1:
            return likely(own, group.rows, taken)
        return shown(usual, group.rows, taken)

    def _empty(self, place: int) -> None:
        """Leave a row empty."""
        if self.drawn[place] != ():
            self.drawn[place] = ()
            self.canvas.clear(self.boxes[place])

    def _draw_row(
        self, place: int, group: Group, chosen: list[int], action: int, own: Floats, taken: int
    ) -> None:
        if action == OTHERS:
            part = max(0.0, 1.0 - sum(float(own[k]) for k in chosen if k != OTHERS))
            name = f"{group.size - len(chosen) + 1} others"
        else:
            part, name = float(own[action]), self.names[group.first + action]
        is_taken = action == taken
        key = (name, f"{part:.4f}", is_taken)
        if self.drawn[place] != key:
            self.drawn[place] = key
            draw_row(self.canvas, self.boxes[place], self.name_width, self.size, name, part, is_taken)  # fmt: skip


def draw_row(
    canvas: Canvas, box: Rect, name_width: int, size: int, name: str, part: float, is_taken: bool,
    figure: str = "",
) -> None:  # fmt: skip
    """Draw a row with a name, a bar and a number, the bar's percentage if none is given; a taken action
    has a wash, an arrow and the accent colour."""
    style, theme, pixels = canvas.style, canvas.theme, canvas.pixels
    canvas.restore(box)
    row = box.inset(0, max(1, box.height // 16))
    wide = max(style.px(60), texts.width("100.0 %", style.font(17, 700)) * style.is_for_phone)
    number = row.beside(row.width - wide - style.px(8)).left(wide)
    room = row.beside(style.px(28)).left(min(name_width, number.x - row.x - style.px(32)))
    bar = Rect(room.right + style.px(12), row.y, number.x - room.right - style.px(16), row.height)
    is_behind = bar.width < style.px(60)
    if is_taken:
        rounded(pixels, row, style.px(6), theme.wash)
    if is_behind:
        draw_back(canvas, row, part, is_taken)
    else:
        height = max(3, min(style.px(14), int(row.height * 0.42)))
        draw_bar(canvas, bar.centred(bar.width, height), part, is_taken)
    if is_taken:
        side = min(style.px(11), row.height // 2)
        mark = Rect(box.x + style.px(8), row.y + (row.height - side) // 2, side, side)
        arrow(pixels, mark, theme.accent)
    colour, weight = (theme.text, 700) if is_taken else (theme.dim, 500)
    canvas.write(name, room, style.font(17, weight)._replace(size=size), colour, kind="name")
    font = style.row_font(17, 700 if is_taken else 400, box.height)
    canvas.write(figure or f"{part * 100:.1f} %", number, font, colour, "right", kind="figure")


def draw_back(canvas: Canvas, row: Rect, part: float, is_taken: bool) -> None:
    """Draw a bar behind a row that has no room for a bar beside its name."""
    theme = canvas.theme
    full = row.left(round(row.width * min(max(part, 0), 1)))
    colour = mix(theme.panel, theme.accent, 0.4) if is_taken else mix(theme.panel, theme.bar, 0.45)
    if full.width > 1:
        rounded(canvas.pixels, full, canvas.style.px(4), colour)


def draw_bar(canvas: Canvas, bar: Rect, part: float, is_taken: bool) -> None:
    """Draw a bar that is full at 1 and empty at 0."""
    theme, radius = canvas.theme, min(bar.height // 2, canvas.style.px(4))
    back = mix(theme.wash, theme.rule, 0.6) if is_taken else theme.cell
    rounded(canvas.pixels, bar, radius, back)
    full = round(bar.width * min(max(part, 0), 1))
    if full > 0:
        rounded(canvas.pixels, bar.left(full), radius, theme.accent if is_taken else theme.bar)


def share(sizes: tuple[int, ...], places: int) -> list[Group]:
    """Give every choice a row for each action, or a fair share of the places where there are too
    few places for all actions."""
    fair, first, groups = places, 0, []
    if sum(sizes) > places:
        fair = max(1, places // len(sizes))
        spare = places - sum(min(size, fair) for size in sizes)
        cut = sum(size > fair for size in sizes)
        fair += max(0, spare) // max(cut, 1)
    for size in sizes:
        groups.append(Group(first, size, min(size, fair)))
        first += size
    return groups


def _most(size: int) -> int:
    """Rows that a choice of this size has at most."""
    return FEW if size > MANY else size


def likely(own: Floats, rows: int, taken: int) -> list[int]:
    """The likeliest actions, the likeliest first, with the taken one, and `OTHERS` at the end."""
    best = [int(k) for k in np.argsort(-own, kind="stable")[: rows - 1] if own[k] >= RARE]
    if taken not in best:
        best = [*best[: rows - 2], taken]
    return [*best, OTHERS]


def shown(usual: npt.NDArray[np.floating], rows: int, taken: int) -> list[int]:
    """The actions that have a row, in their own order, and `OTHERS` at the end where some have
    none. A single row belongs to the taken action."""
    if len(usual) <= rows:
        return list(range(len(usual)))
    if rows == 1:
        return [taken]
    likeliest = [int(k) for k in np.argsort(-usual, kind="stable") if k != taken]
    return [*sorted([taken, *likeliest[: rows - 2]]), OTHERS]
