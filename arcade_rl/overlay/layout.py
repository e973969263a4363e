"""Where everything goes, for any size: rectangles only, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Literal, NamedTuple, TypeAlias

from arcade_rl.errors import UsageError
from arcade_rl.overlay.game import FILLED, LARGE, Scaling, scaling

Detail: TypeAlias = Literal["full", "minimal", "none"]

SMALLEST = (320, 180)
"""Least (width, height) of a picture of any detail, pixel."""
SMALLEST_WIDE = (854, 480)
"""Least (width, height) of a picture with panels beside the game, pixel."""
SMALLEST_TALL = (540, 960)
"""Least (width, height) of a picture with panels below the game, pixel."""

SMALLEST_SQUARE = 720
"""Least width and height of a picture of full detail that is neither wide nor tall, pixel."""

FEW, MANY = (0.31, 0.35, 0.34), (0.27, 0.48, 0.25)
"""Shares of the height below the game of a tall picture for TRAINING beside PLAYBACK, for POLICY and
for NETWORK, with few rows of actions and with many."""
FEW_ROWS = 6
"""Largest number of rows of actions that count as few."""
PHONE_CAPITAL = 28
"""Least height of a capital in a tall picture that is 1080 pixels wide, pixel: it is looked at on a
phone."""
SQUARE_CAPITAL = 18
"""Least height of a capital in a square picture that is 1080 pixels wide, pixel."""
LEAST_FOR_CURVE = 400
"""Least height of a picture of detail "minimal" with a learning curve, pixel."""
LEAST_FOR_INSTRUMENTS = 600
"""Least length of the shorter side of a picture with a panel of instruments, pixel."""


class Rect(NamedTuple):
    """A rectangle of a picture, pixel."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def region(self) -> tuple[slice, slice]:
        """The rectangle as rows and columns of an array."""
        return slice(self.y, self.bottom), slice(self.x, self.right)

    def inset(self, across: int, down: int) -> Rect:
        """The rectangle without `across` pixels at the left and right and `down` at the top and
        bottom; at least one pixel."""
        width, height = max(1, self.width - 2 * across), max(1, self.height - 2 * down)
        return Rect(self.x + across, self.y + down, width, height)

    def top(self, height: int) -> Rect:
        return Rect(self.x, self.y, self.width, min(height, self.height))

    def below(self, height: int) -> Rect:
        """The rest of the rectangle below `top(height)`; at least one pixel high."""
        height = min(height, self.height - 1)
        return Rect(self.x, self.y + height, self.width, self.height - height)

    def left(self, width: int) -> Rect:
        return Rect(self.x, self.y, min(width, self.width), self.height)

    def beside(self, width: int) -> Rect:
        """The rest of the rectangle beside `left(width)`; at least one pixel wide."""
        width = min(width, self.width - 1)
        return Rect(self.x + width, self.y, self.width - width, self.height)

    def columns(self, count: int, gap: int = 0) -> list[Rect]:
        """Equally wide parts side by side."""
        each = (self.width - gap * (count - 1)) / count
        starts = [round(self.x + k * (each + gap)) for k in range(count)]
        return [Rect(start, self.y, max(1, int(each)), self.height) for start in starts]

    def rows(self, parts: Sequence[float], gap: int) -> list[Rect]:
        """Parts below each other, with heights in proportion to `parts`."""
        free, found, y = self.height - gap * (len(parts) - 1), [], self.y
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            height = self.bottom - y if last else int(free * part / sum(parts))
            found.append(Rect(self.x, y, self.width, height))
            y += height + gap
        return found

    def centred(self, width: int, height: int) -> Rect:
        """A rectangle of this size in the middle."""
        return Rect(
            self.x + (self.width - width) // 2, self.y + (self.height - height) // 2, width, height
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """The place of everything in a picture; None for a part that is not shown."""

    unit: float
    """Size of texts and gaps, relative to their size at 1920x1080."""
    stage: Rect
    """Room that the game is centred in."""
    game: Rect
    scaling: Scaling
    smallest: int = 0
    """Smallest size of a font, pixel, in a picture for phones; 0 for any other picture."""
    header: Rect | None = None
    line: Rect | None = None
    """The slim line of detail "minimal"."""
    strip: Rect | None = None
    """The learning curve above the line."""
    name: Rect | None = None
    """The heading directly above the game, in a pane and in a tall picture of detail "minimal"."""
    score: Rect | None = None
    """The score and the learning curve below or beside such a game."""
    training: Rect | None = None
    playback: Rect | None = None
    policy: Rect | None = None
    network: Rect | None = None
    instruments: Rect | None = None


def lay_out(
    size: tuple[int, int],
    frame: tuple[int, int],
    pixel_aspect: Fraction,
    detail: Detail,
    has_standing: bool = True,
    has_activity: bool = True,
    rows: int = 4,
    has_instruments: bool = False,
    has_curve: bool = False,
    within: tuple[int, int] | None = None,
    has_layers: bool = True,
) -> Layout:
    """The layout of a canvas of `size` for a game whose frames have the size `frame`, both (width,
    height). `rows` is the number of rows that the decision wants. `within`: size of the whole
    picture, where the canvas is a pane of one. `has_layers`: whether the activity has layers of
    networks; without, NETWORK is the place of what is seen. Small and tall pictures have no room for
    instruments. UsageError where the canvas has no room for this detail."""
    check_size(size, detail)
    has_instruments = has_instruments and min(size) >= LEAST_FOR_INSTRUMENTS
    picture = _Picture(frame, pixel_aspect)
    if detail == "none":
        return _bare(size, picture)
    if detail == "minimal":
        if within is not None or size[0] < 1.25 * size[1]:
            return _poster(size, picture, within or size)
        return _minimal(size, picture, has_curve)
    if is_tall(size):
        return _tall(size, picture, has_standing, has_activity, has_layers, rows)
    if size[0] < 1.25 * size[1]:
        return _square(size, picture, has_standing, has_activity, has_layers)
    if has_activity and not has_layers and not has_instruments:
        return _wide_without_layers(size, picture, has_standing, has_curve)
    return _wide(size, picture, has_standing, has_activity, has_instruments, has_curve)


def is_tall(size: tuple[int, int]) -> bool:
    """Whether a picture of this (width, height) is tall, as on a phone."""
    return size[1] >= 1.5 * size[0]


def smallest_font(size: tuple[int, int]) -> int:
    """Smallest size of a font in a picture of this (width, height), pixel; 0 for a wide picture."""
    if size[0] >= 1.25 * size[1]:
        return 0
    capital = PHONE_CAPITAL if is_tall(size) else SQUARE_CAPITAL
    return ceil(capital / 0.7 * size[0] / 1080)


def check_size(size: tuple[int, int], detail: Detail) -> None:
    """Refuse a canvas that has no room for this detail. UsageError."""
    width, height = size
    if width < SMALLEST[0] or height < SMALLEST[1]:
        raise UsageError(
            f"a picture of {width}x{height} is too small; {SMALLEST[0]}x{SMALLEST[1]} is the least"
        )
    if detail != "full":
        return
    wide = width >= SMALLEST_WIDE[0] and height >= SMALLEST_WIDE[1] and 1.25 <= width / height <= 3
    tall = width >= SMALLEST_TALL[0] and height >= SMALLEST_TALL[1] and height / width >= 1.5
    square = 2 / 3 < width / height < 1.25 and min(size) >= SMALLEST_SQUARE
    if not wide and not tall and not square:
        raise UsageError(
            f"all panels do not fit into {width}x{height}; they need {SMALLEST_WIDE[0]}x{SMALLEST_WIDE[1]} "
            f"or more at 5:4 to 3:1, {SMALLEST_TALL[0]}x{SMALLEST_TALL[1]} or more at 2:3 and higher, or "
            f"{SMALLEST_SQUARE}x{SMALLEST_SQUARE} or more between; take another size, or the overlay "
            '"minimal"'
        )


def has_room(size: tuple[int, int], detail: Detail) -> bool:
    """Whether a canvas has room for this detail."""
    try:
        check_size(size, detail)
    except UsageError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Picture:
    frame: tuple[int, int]
    aspect: Fraction

    def within(self, width: float, height: float, filled: Fraction = LARGE) -> Scaling:
        return scaling(self.frame, self.aspect, (int(width), int(height)), filled)


def _unit(size: tuple[int, int]) -> float:
    return max(0.62, min(size[0] / 1920, size[1] / 1080))


def _bare(size: tuple[int, int], picture: _Picture) -> Layout:
    stage = Rect(0, 0, *size)
    scale = picture.within(*size, FILLED)
    return Layout(_unit(size), stage, stage.centred(*scale.size), scale)


def _minimal(size: tuple[int, int], picture: _Picture, has_curve: bool) -> Layout:
    unit = _unit(size)
    height, strip = round(52 * unit), round(84 * unit)
    has_curve = has_curve and size[1] >= LEAST_FOR_CURVE
    stage = Rect(0, 0, size[0], size[1] - height - strip * has_curve)
    scale = picture.within(stage.width, stage.height)
    line = Rect(0, size[1] - height, size[0], height)
    curve = Rect(0, stage.bottom, size[0], strip) if has_curve else None
    return Layout(unit, stage, stage.centred(*scale.size), scale, line=line, strip=curve)


def _poster(size: tuple[int, int], picture: _Picture, whole: tuple[int, int]) -> Layout:
    """The heading above the game, and score and curve below the game or beside it, where the game
    is larger."""
    unit = _unit(whole) if whole[0] > whole[1] else max(0.62, whole[0] / 1080)
    smallest = smallest_font(whole)
    name = Rect(0, 0, size[0], max(round(64 * unit), round(1.5 * smallest)))
    rest = Rect(0, name.bottom, size[0], size[1] - name.bottom)
    least = max(round(96 * unit), round(2.6 * smallest))
    below = picture.within(rest.width, rest.height - least)
    beside = picture.within(rest.width - 3 * least, rest.height)
    if below.size[1] >= beside.size[1]:
        game = Rect(rest.x + (rest.width - below.size[0]) // 2, rest.y, *below.size)
        score = rest.below(below.size[1])
        return Layout(unit, game, game, below, smallest, name=name, score=score)
    game = Rect(rest.x, rest.y + (rest.height - beside.size[1]) // 2, *beside.size)
    score = rest.beside(beside.size[0])
    return Layout(unit, game, game, beside, smallest, name=name, score=score)


def _wide(
    size: tuple[int, int],
    picture: _Picture,
    has_standing: bool,
    has_activity: bool,
    has_instruments: bool,
    has_curve: bool,
) -> Layout:
    unit, gap, header, body = _wide_parts(size)
    if not has_activity:
        return _wide_without_policy(
            unit, header, body, gap, picture, has_standing, has_instruments, has_curve
        )
    scale = picture.within(0.47 * size[0], 0.69 * body.height, FILLED)
    least = 0.61 if size[1] >= 600 else 0.66
    upper = body.top(max(scale.size[1], int(least * body.height)))
    stage = upper.left(scale.size[0])
    left, policy = upper.beside(stage.width + gap).columns(2, gap)
    training, playback = _shared_column(left, gap, has_standing, has_curve)
    network, instruments = body.below(upper.height + gap), None
    if has_instruments:
        instruments = network.left(int(0.3 * network.width))
        network = network.beside(instruments.width + gap)
    game = stage.centred(*scale.size)
    return Layout(
        unit, stage, game, scale, header=header, training=training, playback=playback, policy=policy,
        network=network, instruments=instruments,
    )  # fmt: skip


def _wide_parts(size: tuple[int, int]) -> tuple[float, int, Rect, Rect]:
    """(unit, gap, header, room below the header) of a wide picture."""
    unit = _unit(size)
    margin, gap = round(32 * unit), round(20 * unit)
    header = Rect(margin, round(22 * unit), size[0] - 2 * margin, round(66 * unit))
    top = header.bottom + round(14 * unit)
    return unit, gap, header, Rect(margin, top, size[0] - 2 * margin, size[1] - margin - top)


def _wide_without_layers(
    size: tuple[int, int], picture: _Picture, has_standing: bool, has_curve: bool
) -> Layout:
    """The game, the panels above each other, and what is seen at full height."""
    unit, gap, header, body = _wide_parts(size)
    scale = picture.within(0.47 * size[0], body.height, FILLED)
    stage = body.left(scale.size[0])
    rest = body.beside(stage.width + gap)
    column = rest.left(int(0.58 * rest.width))
    seen = rest.beside(column.width + gap)
    upper, policy = column.rows([0.56, 0.44], gap)
    training, playback = _shared_column(upper, gap, has_standing, has_curve)
    game = stage.centred(*scale.size)
    return Layout(
        unit, stage, game, scale, header=header, training=training, playback=playback, policy=policy,
        network=seen,
    )  # fmt: skip


def _wide_without_policy(
    unit: float,
    header: Rect,
    body: Rect,
    gap: int,
    picture: _Picture,
    has_standing: bool,
    has_instruments: bool,
    has_curve: bool,
) -> Layout:
    column = round(520 * unit)
    stage = body.left(body.width - gap - column)
    scale = picture.within(stage.width, stage.height)
    beside, instruments = body.beside(stage.width + gap), None
    if has_instruments:
        beside, instruments = beside.rows([0.62, 0.38], gap)
    training, playback = _shared_column(beside, gap, has_standing, has_curve)
    game = stage.centred(*scale.size)
    return Layout(
        unit, stage, game, scale, header=header, training=training, playback=playback,
        instruments=instruments,
    )  # fmt: skip


def _shared_column(
    column: Rect, gap: int, has_standing: bool, has_curve: bool
) -> tuple[Rect | None, Rect]:
    if not has_standing:
        return None, column.top(column.width * 11 // 10)
    training, playback = column.rows([0.5, 0.5] if has_curve else [0.44, 0.56], gap)
    return training, playback


def _tall(
    size: tuple[int, int],
    picture: _Picture,
    has_standing: bool,
    has_activity: bool,
    has_layers: bool,
    rows: int,
) -> Layout:
    unit, smallest = max(0.62, size[0] / 1080), smallest_font(size)
    margin, gap = round(30 * unit), round(18 * unit)
    header = Rect(margin, round(36 * unit), size[0] - 2 * margin, round(2.7 * smallest))
    body = _body(size, header, margin, gap)
    scale = picture.within(body.width, (0.43 if has_activity else 0.6) * body.height)
    stage = body.top(scale.size[1])
    rest = body.below(stage.height + gap)
    policy = network = None
    if has_activity:
        rest, policy, network = rest.rows(MANY if rows > FEW_ROWS else FEW, gap)
        if not has_layers:
            policy, network = _side_by_side(policy, network, gap)
    training, playback = rest.columns(2, gap) if has_standing else (None, rest)
    game = stage.centred(*scale.size)
    return Layout(
        unit, stage, game, scale, smallest, header, training=training, playback=playback,
        policy=policy, network=network,
    )  # fmt: skip


def _side_by_side(upper: Rect, lower: Rect, gap: int) -> tuple[Rect, Rect]:
    """The room of two panels above each other, for a wide one beside a narrow one."""
    whole = Rect(upper.x, upper.y, upper.width, lower.bottom - upper.y)
    left = whole.left(int(0.62 * whole.width))
    return left, whole.beside(left.width + gap)


def _square(
    size: tuple[int, int],
    picture: _Picture,
    has_standing: bool,
    has_activity: bool,
    has_layers: bool,
) -> Layout:
    unit, smallest = max(0.62, size[0] / 1080), smallest_font(size)
    margin, gap = round(28 * unit), round(16 * unit)
    header = Rect(margin, round(22 * unit), size[0] - 2 * margin, round(2.7 * smallest))
    body = _body(size, header, margin, gap)
    part = 0.6 if has_activity else 1.0
    scale = picture.within(0.64 * body.width, part * body.height)
    upper = body.top(round(part * body.height))
    stage = upper.left(scale.size[0])
    column = upper.beside(stage.width + gap)
    training, playback = column.rows([0.5, 0.5], gap) if has_standing else (None, column)
    policy = network = None
    if has_activity:
        lower = body.below(upper.height + gap)
        policy = lower.left(int((0.4 if has_layers else 0.66) * lower.width))
        network = lower.beside(policy.width + gap)
    game = stage.centred(*scale.size)
    return Layout(
        unit, stage, game, scale, smallest, header, training=training, playback=playback,
        policy=policy, network=network,
    )  # fmt: skip


def _body(size: tuple[int, int], header: Rect, margin: int, gap: int) -> Rect:
    """The room below the header."""
    top = header.bottom + gap
    return Rect(margin, top, size[0] - 2 * margin, size[1] - margin - top)
