"""The start of a level by the rules of docs/cartridge.md, written apart from the cartridge to compare with it."""

from __future__ import annotations

from dataclasses import dataclass

RANDOM_COLOURS = "YRBBRYYRBBRYYRBR"
EMPTY, VIRUS = 0xFF, 0xD0


class Stream:
    """The random number: 16 bits."""

    def __init__(self, state: int) -> None:
        self.state = state

    def step(self) -> None:
        top = (self.state >> 1 ^ self.state >> 9) & 1
        self.state = self.state >> 1 | top << 15

    @property
    def high(self) -> int:
        return self.state >> 8

    @property
    def low(self) -> int:
        return self.state & 0xFF


@dataclass(frozen=True, slots=True)
class Start:
    """What a level begins with."""

    reserve: list[int]
    """128 pills, 0 to 8."""
    board: list[int]
    """128 cells."""
    state: int
    """The random number after the last virus."""
    frames: int
    """Frames in which a virus was added, or tried in vain."""


def draw_reserve(stream: Stream) -> list[int]:
    """The pills of a level, slot 127 first."""
    reserve = [0] * 128
    pill = 0
    for slot in reversed(range(128)):
        stream.step()
        pill = (pill + stream.high % 16) % 9
        reserve[slot] = pill
    return reserve


def virus_count(level: int) -> int:
    return 4 * (min(level, 20) + 1)


def top_row(level: int) -> int:
    """The highest row for viruses, counted from the bottom."""
    return 9 if level <= 14 else 10 if level <= 16 else 11 if level <= 18 else 12


def add_virus(board: list[int], remaining: int, level: int, stream: Stream) -> bool:
    """Add one virus if the scan from a random cell finds a place."""
    stream.step()
    while stream.high % 16 > top_row(level):
        stream.step()
    first = (15 - stream.high % 16) * 8 + stream.low % 8
    colour = remaining % 4
    if colour == 3:
        stream.step()
        colour = "YRB".index(RANDOM_COLOURS[stream.low % 16])
    for cell in range(first, 128):
        near = _colours_near(board, cell)
        if board[cell] == EMPTY and len(near) < 3:
            while colour in near:
                colour = (colour + 2) % 3
            board[cell] = VIRUS + colour
            return True
    return False


def _colours_near(board: list[int], cell: int) -> set[int]:
    """Colours of the viruses two cells up, down, left and right."""
    row, column = divmod(cell, 8)
    near = [(row - 2, column), (row + 2, column), (row, column - 2), (row, column + 2)]
    inside = [8 * r + c for r, c in near if 0 <= r < 16 and 0 <= c < 8]
    return {board[other] - VIRUS for other in inside if board[other] != EMPTY}


def start_level(seed: int, level: int) -> Start:
    """One player's level from the random number at its beginning."""
    stream = Stream(seed)
    reserve = draw_reserve(stream)
    board = [EMPTY] * 128
    remaining, frames = virus_count(level), 0
    while remaining:
        frames += 1
        remaining -= add_virus(board, remaining, level, stream)
    return Start(reserve, board, stream.state, frames)


def start_unequal(seed: int, level1: int, level2: int) -> tuple[list[int], list[int]]:
    """Both boards when two players chose different levels: they draw by turns."""
    stream = Stream(seed)
    draw_reserve(stream)
    levels = (level1, level2)
    boards = ([EMPTY] * 128, [EMPTY] * 128)
    remaining = [virus_count(level) for level in levels]
    while any(remaining):
        for player in (0, 1):
            if remaining[player]:
                remaining[player] -= add_virus(
                    boards[player], remaining[player], levels[player], stream
                )
    return boards
