"""A pill on a board, and what is left when everything has fallen: the simulator's rules without
frames.

A board is the 128 cells of a field, row 0 on top. Where a pill can be moved, nothing is loose.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.simulator.compiled import inner
from arcade_rl_drmario.simulator.resolving import LINE, clear_marked, drop_loose
from arcade_rl_drmario.simulator.state import (
    BOTTOM,
    CLEARED,
    EMPTIED,
    LEFT,
    RIGHT,
    SINGLE,
    TOP,
    VIRUS,
)

CELLS = 128
Board = npt.NDArray[np.uint8]
"""(128,), uint8."""


@inner
def put(board: Board, placement: int, first: int, second: int) -> None:
    """Write a pill of these colours where it comes to rest; what would be above the top is lost."""
    rotation, cell = placement >> 7, placement & 127
    near, far = (first, second) if rotation < 2 else (second, first)
    if rotation & 1 == 0:
        board[cell], board[cell + 1] = LEFT + near, RIGHT + far
    elif cell < 8:
        board[cell] = SINGLE + near
    else:
        board[cell], board[cell - 8] = BOTTOM + near, TOP + far


@inner
def put_and_settle(
    board: Board, placement: int, first: int, second: int, viruses: int
) -> tuple[int, int, int]:
    """Put a pill and let lines vanish and pieces fall until nothing happens any more, or until none
    of the `viruses` is left. Returns (viruses that vanished, lines, passes that had lines)."""
    put(board, placement, first, second)
    cell = placement & 127
    other = cell + 1 if placement >> 7 & 1 == 0 else cell - 8
    if not makes_line(board, cell) and (other < 0 or not makes_line(board, other)):
        return 0, 0, 0
    return settle(board, viruses)


@inner
def settle(board: Board, viruses: int) -> tuple[int, int, int]:
    """`put_and_settle` for a board with lines and without anything loose."""
    killed, lines, passes = 0, 0, 0
    while True:
        found, gone = mark_lines(board)
        if found == 0:
            return killed, lines, passes
        killed, lines, passes = killed + gone, lines + found, passes + 1
        clear_marked(board, 0)
        if killed == viruses:
            return killed, lines, passes
        while drop_loose(board, 0):
            continue


@inner
def is_colour(board: Board, cell: int, colour: int) -> bool:
    return bool(board[cell] < EMPTIED and board[cell] & 15 == colour)


@inner
def makes_line(board: Board, cell: int) -> bool:
    """Whether a taken cell lies in four or more of its colour in a row or column."""
    colour = int(board[cell]) & 15
    column = cell & 7
    first, last = column, column
    while first > 0 and is_colour(board, cell - column + first - 1, colour):
        first -= 1
    while last < 7 and is_colour(board, cell - column + last + 1, colour):
        last += 1
    if last - first + 1 >= LINE:
        return True
    top, bottom = cell, cell
    while top >= 8 and is_colour(board, top - 8, colour):
        top -= 8
    while bottom < CELLS - 8 and is_colour(board, bottom + 8, colour):
        bottom += 8
    return (bottom - top) // 8 + 1 >= LINE


@inner
def mark_lines(board: Board) -> tuple[int, int]:
    """Mark all lines, rows before columns. Returns (lines, viruses in them)."""
    lines, killed = 0, 0
    for row in range(16):
        found, gone = mark_line(board, row * 8, 8, 1)
        lines, killed = lines + found, killed + gone
    for column in range(8):
        found, gone = mark_line(board, column, 16, 8)
        lines, killed = lines + found, killed + gone
    return lines, killed


@inner
def mark_line(board: Board, start: int, length: int, stride: int) -> tuple[int, int]:
    """Mark the lines of one row or column; cells that are marked already count as well."""
    lines, killed, run, colour = 0, 0, 0, -1
    for place in range(length + 1):
        following = -2
        if place < length:
            value = int(board[start + place * stride])
            following = value & 15 if value < EMPTIED else -1
        if following == colour:
            run += 1
            continue
        if run >= LINE and colour >= 0:
            lines += 1
            for back in range(run):
                cell = start + (place - 1 - back) * stride
                killed += 1 if board[cell] & 0xF0 == VIRUS else 0
                board[cell] = CLEARED + colour
        run, colour = 1, following
    return lines, killed
