"""Sixty numbers about a board, small enough to be weighed by hand, by evolution or by a network.

Columns are read from the top. A run is what lies together in one colour, with no gap; its depth is
the number of runs above it in its column. A column's top is out of reach where a pill, which falls by
a row every so many frames and moves a column every second frame, is below it when it arrives.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.planning.settling import Board
from arcade_rl_drmario.simulator.compiled import inner
from arcade_rl_drmario.simulator.state import EMPTIED, VIRUS

BOARD_FEATURES = 52
FEATURES = 60
(
    HOLES, VIRUSES, BURIED, MIDDLE_HIGH, OTHERS_HIGH, HEIGHTS, MIDDLE_HEIGHTS, PILL_CELLS, LOST_VIRUSES,
) = range(24, 33)  # fmt: skip
WINDOWS, LONE_VIRUSES, STEPS, NO_ROOM, NO_ROOM_VIRUS, HIGHEST, LOST_COLUMNS, NEARLY_LOST = (
    33, 45, 46, 47, 48, 49, 50, 51,
)  # fmt: skip
KILLED, LINES, BLOCKED, TOPS, TOP_RUNS, IS_DOUBLE = 52, 53, 54, 55, 57, 59

NAMES = (
    *(
        f"runs {depth} deep, {length} long{virus}"
        for depth in ("0", "1", "2", "3+")
        for length in ("1", "2", "3+")
        for virus in ("", ", with virus")
    ),
    "holes", "viruses", "depth of viruses", "middle too high", "others too high", "heights",
    "middle heights", "pill cells", "viruses out of reach",
    *(
        f"windows of {cells}{virus}, {state}"
        for cells in (2, 3)
        for virus in ("", " with virus")
        for state in ("ready", "open", "covered")
    ),
    "lone open viruses", "steps of heights", "tops without room", "virus tops without room",
    "highest column", "columns out of reach", "columns nearly out of reach", "viruses of the pill",
    "lines of the pill", "spawn blocked", "tops of the next first", "tops of the next second",
    "longest top of the next first", "longest top of the next second", "next is double",
)  # fmt: skip
"""What each number is, in order."""

Row = npt.NDArray[np.float32]
"""The numbers of one board. (60,) or, without what belongs to pills, (52,), float32."""
Tops = npt.NDArray[np.int64]
"""Row of the first taken cell of each column; 16: none. (8,), int64."""


@inner
def find_tops(board: Board, tops: Tops) -> None:
    for x in range(8):
        row = 0
        while row < 16 and board[row * 8 + x] >= EMPTIED:
            row += 1
        tops[x] = row


@inner
def highest_reached(x: int, row_frames: int) -> int:
    """The height above which the top of column x is out of reach."""
    return 15 - (2 * abs(x - 3) + 1) // row_frames


@inner
def measure(board: Board, row_frames: int, tops: Tops, out: Row) -> None:
    """The first 52 numbers of a board on which nothing is loose. `tops` is filled too.

    `row_frames`: frames that a pill takes to fall by a row.
    """
    out[:BOARD_FEATURES] = 0
    find_tops(board, tops)
    for x in range(8):
        measure_column(board, x, row_frames, tops, out)
        if x > 0:
            out[STEPS] += abs(tops[x] - tops[x - 1])
    measure_windows(board, tops, out)


@inner
def measure_column(board: Board, x: int, row_frames: int, tops: Tops, out: Row) -> None:
    row = tops[x]
    height = 16 - row
    depth, viruses = 0, 0
    while row < 16:
        value = int(board[row * 8 + x])
        if value >= EMPTIED:
            out[HOLES] += 1
            row += 1
            continue
        colour, start, here = value & 15, row, 0
        while row < 16 and board[row * 8 + x] < EMPTIED and board[row * 8 + x] & 15 == colour:
            here += 1 if board[row * 8 + x] & 0xF0 == VIRUS else 0
            row += 1
        length, has_virus = row - start, 1 if here else 0
        out[6 * min(depth, 3) + 2 * (min(length, 3) - 1) + has_virus] += 1
        out[BURIED] += here * depth
        out[PILL_CELLS] += length - here
        if depth == 0 and start < 4 - length:
            out[NO_ROOM] += 1
            out[NO_ROOM_VIRUS] += has_virus
        viruses += here
        depth += 1
    out[VIRUSES] += viruses
    out[HEIGHTS] += height
    out[HIGHEST] = max(out[HIGHEST], height)
    if x == 3 or x == 4:
        out[MIDDLE_HEIGHTS] += height
        out[MIDDLE_HIGH] += max(0, height - 11) ** 2
    else:
        out[OTHERS_HIGH] += max(0, height - 12) ** 2
    reached = highest_reached(x, row_frames)
    if height > reached:
        out[LOST_COLUMNS] += 1
        out[LOST_VIRUSES] += viruses
    out[NEARLY_LOST] += max(0, height - reached + 3) ** 2


@inner
def measure_windows(board: Board, tops: Tops, out: Row) -> None:
    """Four cells side by side that hold one colour and nothing else: what is there to build on.

    0: all gaps can be filled now; 1: none is covered, and something is missing below; 2: one is
    covered.
    """
    for row in range(tops.min(), 16):
        for left in range(5):
            colour, cells, virus, state = -1, 0, 0, 0
            for x in range(left, left + 4):
                value = int(board[row * 8 + x])
                if value < EMPTIED:
                    if colour >= 0 and value & 15 != colour:
                        cells = -9
                        break
                    colour = value & 15
                    cells += 1
                    virus |= 1 if value & 0xF0 == VIRUS else 0
                elif row > tops[x]:
                    state = 2
                elif row + 1 < tops[x] and state == 0:
                    state = 1
            if cells == 2 or cells == 3:
                out[WINDOWS + 3 * (2 * (cells - 2) + virus) + state] += 1
            elif cells == 1 and virus and state < 2:
                out[LONE_VIRUSES] += 1


@inner
def measure_pill(
    board: Board, killed: int, lines: int, first: int, second: int, tops: Tops, out: Row
) -> None:
    """The other eight: what the pill that was put has done, and what waits for the next one, whose
    colours are `first` and `second`. `tops` are those of the board."""
    out[BOARD_FEATURES:] = 0
    out[KILLED], out[LINES] = killed, lines
    out[BLOCKED] = 1 if is_blocked(board) else 0
    out[IS_DOUBLE] = 1 if first == second else 0
    for x in range(8):
        if tops[x] == 16:
            continue
        colour, row = int(board[tops[x] * 8 + x]) & 15, tops[x]
        while row < 16 and board[row * 8 + x] < EMPTIED and board[row * 8 + x] & 15 == colour:
            row += 1
        if colour == first:
            out[TOPS] += 1
            out[TOP_RUNS] = max(out[TOP_RUNS], row - tops[x])
        if colour == second:
            out[TOPS + 1] += 1
            out[TOP_RUNS + 1] = max(out[TOP_RUNS + 1], row - tops[x])


@inner
def is_blocked(board: Board) -> bool:
    """Whether the next pill has no room to appear."""
    return bool(board[3] < EMPTIED or board[4] < EMPTIED)
