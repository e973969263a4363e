"""Where everything goes, for any size: rectangles only, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple, TypeAlias

from arcade_rl.errors import UsageError
from arcade_rl.overlay.game import Scaling, scaling

Detail: TypeAlias = Literal["full", "minimal", "none"]

SMALLEST = (320, 180)
"""Least (width, height) of a picture of any detail, pixel."""
SMALLEST_WIDE = (854, 480)
"""Least (width, height) of a picture with panels beside the game, pixel."""
SMALLEST_TALL = (540, 960)
"""Least (width, height) of a picture with panels below the game, pixel."""

FEW, MANY = (0.325, 0.24, 0.435), (0.325, 0.29, 0.385)
"""Shares of the height below the game for TRAINING beside PLAYBACK, for POLICY and for NETWORK,
with few rows of actions and with many."""
INSTRUMENTED = (0.3, 0.22, 0.21, 0.27)
"""Shares of the height below the game where INSTRUMENTS stands between POLICY and NETWORK."""
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
    header: Rect | None = None
    line: Rect | None = None
    """The slim line of detail "minimal"."""
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
) -> Layout:
    """The layout of a canvas of `size` for a game whose frames have the size `frame`, both (width,
    height). `rows` is the number of rows that the decision wants. A small picture has no room for
    instruments. UsageError where the canvas has no room for this detail."""
    check_size(size, detail)
    has_instruments = has_instruments and min(size) >= LEAST_FOR_INSTRUMENTS
    picture = _Picture(frame, pixel_aspect)
    if detail == "none":
        return _bare(size, picture)
    if detail == "minimal":
        return _minimal(size, picture)
    if size[0] > size[1]:
        return _wide(size, picture, has_standing, has_activity, has_instruments)
    return _tall(size, picture, has_standing, has_activity, rows, has_instruments)


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
    if not wide and not tall:
        raise UsageError(
            f"all panels do not fit into {width}x{height}; they need {SMALLEST_WIDE[0]}x{SMALLEST_WIDE[1]} "
            f"or more at 5:4 to 3:1, or {SMALLEST_TALL[0]}x{SMALLEST_TALL[1]} or more at 2:3 and higher; "
            'take another size, or the overlay "minimal"'
        )


@dataclass(frozen=True, slots=True)
class _Picture:
    frame: tuple[int, int]
    aspect: Fraction

    def within(self, width: float, height: float) -> Scaling:
        return scaling(self.frame, self.aspect, (int(width), int(height)))


def _unit(size: tuple[int, int]) -> float:
    return max(0.62, min(size[0] / 1920, size[1] / 1080))


def _bare(size: tuple[int, int], picture: _Picture) -> Layout:
    stage = Rect(0, 0, *size)
    scale = picture.within(*size)
    return Layout(_unit(size), stage, stage.centred(*scale.size), scale)


def _minimal(size: tuple[int, int], picture: _Picture) -> Layout:
    unit = _unit(size) if size[0] > size[1] else max(0.62, size[0] / 1080)
    height = round(52 * unit)
    stage = Rect(0, 0, size[0], size[1] - height)
    scale = picture.within(stage.width, stage.height)
    line = Rect(0, stage.bottom, size[0], height)
    return Layout(unit, stage, stage.centred(*scale.size), scale, line=line)


def _wide(
    size: tuple[int, int],
    picture: _Picture,
    has_standing: bool,
    has_activity: bool,
    has_instruments: bool,
) -> Layout:
    unit = _unit(size)
    margin, gap = round(32 * unit), round(20 * unit)
    header = Rect(margin, round(22 * unit), size[0] - 2 * margin, round(66 * unit))
    top = header.bottom + round(14 * unit)
    body = Rect(margin, top, size[0] - 2 * margin, size[1] - margin - top)
    if not has_activity:
        return _wide_without_policy(unit, header, body, gap, picture, has_standing, has_instruments)
    scale = picture.within(0.47 * size[0], 0.69 * body.height)
    least = 0.61 if size[1] >= 600 else 0.66
    upper = body.top(max(scale.size[1], int(least * body.height)))
    stage = upper.left(scale.size[0])
    left, policy = upper.beside(stage.width + gap).columns(2, gap)
    training, playback = _shared_column(left, gap, has_standing)
    network, instruments = body.below(upper.height + gap), None
    if has_instruments:
        instruments = network.left(int(0.3 * network.width))
        network = network.beside(instruments.width + gap)
    game = stage.centred(*scale.size)
    return Layout(
        unit, stage, game, scale, header, None, training, playback, policy, network, instruments
    )


def _wide_without_policy(
    unit: float,
    header: Rect,
    body: Rect,
    gap: int,
    picture: _Picture,
    has_standing: bool,
    has_instruments: bool,
) -> Layout:
    column = round(520 * unit)
    stage = body.left(body.width - gap - column)
    scale = picture.within(stage.width, stage.height)
    beside, instruments = body.beside(stage.width + gap), None
    if has_instruments:
        beside, instruments = beside.rows([0.62, 0.38], gap)
    training, playback = _shared_column(beside, gap, has_standing)
    game = stage.centred(*scale.size)
    return Layout(
        unit, stage, game, scale, header, None, training, playback, instruments=instruments
    )


def _shared_column(column: Rect, gap: int, has_standing: bool) -> tuple[Rect | None, Rect]:
    if not has_standing:
        return None, column.top(column.width * 11 // 10)
    training, playback = column.rows([0.44, 0.56], gap)
    return training, playback


def _tall(
    size: tuple[int, int],
    picture: _Picture,
    has_standing: bool,
    has_activity: bool,
    rows: int,
    has_instruments: bool,
) -> Layout:
    unit = max(0.62, 1.16 * size[0] / 1080)
    margin, gap = round(30 * unit), round(18 * unit)
    header = Rect(margin, round(36 * unit), size[0] - 2 * margin, round(70 * unit))
    top = header.bottom + round(18 * unit)
    body = Rect(margin, top, size[0] - 2 * margin, size[1] - margin - top)
    scale = picture.within(body.width, 0.44 * body.height if has_activity else 0.6 * body.height)
    stage = body.top(scale.size[1])
    rest = body.below(stage.height + gap)
    policy = network = instruments = None
    if has_activity and has_instruments:
        rest, policy, instruments, network = rest.rows(INSTRUMENTED, gap)
    elif has_activity:
        rest, policy, network = rest.rows(MANY if rows > 6 else FEW, gap)
    else:
        below = rest.below(round(420 * unit) + gap)
        instruments = below.top(round(420 * unit)) if has_instruments else None
        rest = rest.top(round(420 * unit))
    training, playback = rest.columns(2, gap) if has_standing else (None, rest)
    game = stage.centred(*scale.size)
    return Layout(
        unit, stage, game, scale, header, None, training, playback, policy, network, instruments
    )
