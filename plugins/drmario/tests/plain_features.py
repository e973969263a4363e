"""The rules and the features once more, in plain Python and from their descriptions, for comparison."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.simulator import Simulator
from arcade_rl_drmario.simulator.state import EMPTIED

Board = npt.NDArray[np.uint8]
"""(16, 8), uint8."""


def colour(board: Board, row: int, column: int) -> int | None:
    value = int(board[row, column])
    return None if value >= EMPTIED else value & 15


def is_virus(board: Board, row: int, column: int) -> bool:
    return int(board[row, column]) & 0xF0 == 0xD0


def runs_of(board: Board, column: int) -> list[list[int]]:
    """Rows of each run of a column, from the top."""
    runs: list[list[int]] = []
    before: int | None = None
    for row in range(16):
        now = colour(board, row, column)
        if now is None:
            before = None
            continue
        if now == before:
            runs[-1].append(row)
        else:
            runs.append([row])
        before = now
    return runs


def heights(board: Board) -> list[int]:
    return [max((16 - r for r in range(16) if board[r, x] < EMPTIED), default=0) for x in range(8)]


def plain_features(board: Board, row_frames: int) -> npt.NDArray[np.float64]:
    """What `planning.features.measure` computes. (52,)"""
    out = np.zeros(52)
    high = heights(board)
    for x in range(8):
        runs = runs_of(board, x)
        viruses = [sum(is_virus(board, r, x) for r in run) for run in runs]
        for depth, (run, count) in enumerate(zip(runs, viruses, strict=True)):
            out[6 * min(depth, 3) + 2 * min(len(run), 3) - 2 + (count > 0)] += 1
            out[26] += depth * count
        out[24] += high[x] - sum(map(len, runs))
        out[25] += sum(viruses)
        out[28 if x not in (3, 4) else 27] += max(0, high[x] - (11 if x in (3, 4) else 12)) ** 2
        out[31] += sum(map(len, runs)) - sum(viruses)
        limit = 15 - (2 * abs(x - 3) + 1) // row_frames
        if high[x] > limit:
            out[32] += sum(viruses)
            out[50] += 1
        out[51] += max(0, high[x] - (limit - 3)) ** 2
        if runs and len(runs[0]) + runs[0][0] < 4:
            out[47] += 1
            out[48] += viruses[0] > 0
    out[29], out[30], out[49] = sum(high), high[3] + high[4], max(high)
    out[46] = sum(abs(one - other) for one, other in pairwise(high))
    for row in range(16):
        for left in range(5):
            window(board, row, range(left, left + 4), high, out)
    return out


def window(
    board: Board, row: int, columns: range, high: list[int], out: npt.NDArray[np.float64]
) -> None:
    colours = {colour(board, row, x) for x in columns} - {None}
    cells = [x for x in columns if board[row, x] < EMPTIED]
    gaps = [x for x in columns if x not in cells]
    has_virus = any(is_virus(board, row, x) for x in cells)
    if len(colours) != 1:
        return
    covered = any(high[x] > 16 - row for x in gaps)
    ready = all(high[x] == 15 - row for x in gaps)
    if len(cells) in (2, 3):
        state = 2 if covered else 0 if ready else 1
        out[33 + 3 * (2 * (len(cells) - 2) + has_virus) + state] += 1
    elif len(cells) == 1 and has_virus and not covered:
        out[45] += 1


def plain_pill_features(
    board: Board, killed: int, lines: int, nexts: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """What `planning.features.measure_pill` computes. (8,)"""
    tops = [runs_of(board, x)[0] if runs_of(board, x) else [] for x in range(8)]
    same = [
        [len(run) for x, run in enumerate(tops) if run and colour(board, run[0], x) == wanted]
        for wanted in nexts
    ]
    blocked = board[0, 3] < EMPTIED or board[0, 4] < EMPTIED
    return np.array(
        [
            killed, lines, blocked, len(same[0]), len(same[1]), max(same[0], default=0),
            max(same[1], default=0), nexts[0] == nexts[1],
        ]
    )  # fmt: skip


def after_placement(simulator: Simulator, placement: int) -> tuple[Board, int, int]:
    """(the board, viruses that vanished, outcome) when the simulator itself has placed game 0's pill."""
    tried = Simulator(1)
    tried.bytes[0] = simulator.bytes[0]
    before = viruses(tried.state["field"][0, 0])
    tried.place([placement])
    board = tried.state["field"][0, 0]
    return board, before - viruses(board), int(tried.state["outcome"][0])


def viruses(board: Board) -> int:
    return int(((board & 0xF0 == 0xD0) & (board < EMPTIED)).sum())
