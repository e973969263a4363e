"""Every place where a falling pill can come to rest, with the features of the board after it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.planning.features import measure, measure_pill
from arcade_rl_drmario.planning.kept import entry
from arcade_rl_drmario.planning.settling import CELLS, put_and_settle
from arcade_rl_drmario.simulator.batch import Buffers
from arcade_rl_drmario.simulator.compiled import inner
from arcade_rl_drmario.simulator.falling import row_frames
from arcade_rl_drmario.simulator.reach import reach
from arcade_rl_drmario.simulator.state import (
    EMPTIED,
    FIELD,
    FIELD_SIZE,
    FIRST_COLOUR,
    NEXT_FIRST_COLOUR,
    NEXT_SECOND_COLOUR,
    PLAYER_SIZE,
    SECOND_COLOUR,
    VIRUS,
    Game,
    Games,
)

MOST = 128
"""Number of candidates that have room; where there are more, the highest ones are left out."""

Placements = npt.NDArray[np.int16]
"""Numbers of placements, lowest rows first; -1: no candidate. (N, 128), int16."""
Features = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]


@entry
def fill_candidates(
    games: Games,
    rows: Rows,
    player: int,
    placements: Placements,
    candidates: Features,
    states: Features,
    buffers: Buffers,
) -> None:
    """Fill in the rows of these games, whose pill of this player falls.

    `candidates`: the board after each placement, (N, 128, 60). `states`: the board as it is, (N, 60).
    """
    board, tops = np.empty(CELLS, np.uint8), np.empty(8, np.int64)
    for index in rows:
        game = games[index]
        base, field = player * PLAYER_SIZE, FIELD + player * FIELD_SIZE
        frames = row_frames(game, base)
        nexts = int(game[base + NEXT_FIRST_COLOUR]), int(game[base + NEXT_SECOND_COLOUR])
        board[:] = game[field : field + FIELD_SIZE]
        viruses = count_viruses(board)
        measure(board, frames, tops, states[index])
        measure_pill(board, 0, 0, nexts[0], nexts[1], tops, states[index])
        count = list_placements(game, player, placements[index], buffers)
        first, second = int(game[base + FIRST_COLOUR]), int(game[base + SECOND_COLOUR])
        for place in range(count):
            board[:] = game[field : field + FIELD_SIZE]
            killed, lines, _ = put_and_settle(
                board, int(placements[index, place]), first, second, viruses
            )
            out = candidates[index, place]
            measure(board, frames, tops, out)
            measure_pill(board, killed, lines, nexts[0], nexts[1], tops, out)
        candidates[index, count:] = 0


@inner
def list_placements(
    game: Game, player: int, placements: npt.NDArray[np.int16], buffers: Buffers
) -> int:
    """Write down what can be reached, and -1 behind it; returns how many. Of two placements that put
    the same colours into the same cells, one is left out."""
    base = player * PLAYER_SIZE
    is_double = game[base + FIRST_COLOUR] == game[base + SECOND_COLOUR]
    room, reached, last, rest = buffers
    reach(game, player, room, reached, last, rest)
    count = 0
    placements[:] = -1
    for y in range(16):
        mask = rest[y]
        for bit in range(32):
            if mask >> bit & 1 == 0 or (is_double and bit >= 16 and mask >> (bit - 16) & 1):
                continue
            if count == MOST:
                return count
            placements[count] = (bit >> 3) * 128 + (15 - y) * 8 + (bit & 7)
            count += 1
    return count


@inner
def count_viruses(board: npt.NDArray[np.uint8]) -> int:
    count = 0
    for cell in range(CELLS):
        count += 1 if board[cell] < EMPTIED and board[cell] & 0xF0 == VIRUS else 0
    return count


@entry
def settle_all(
    boards: npt.NDArray[np.uint8],
    placements: npt.NDArray[np.int64],
    pills: npt.NDArray[np.uint8],
    results: npt.NDArray[np.int64],
) -> None:
    """Put a pill on each board, which is changed. `boards`: (N, 128); `pills`: colours, (N, 2 or more).

    `results`: viruses that vanished, lines, and passes that had lines, (N, 3).
    """
    for index in range(boards.shape[0]):
        board = boards[index]
        viruses = count_viruses(board)
        killed, lines, passes = put_and_settle(
            board, placements[index], int(pills[index, 0]), int(pills[index, 1]), viruses
        )
        results[index, 0], results[index, 1], results[index, 2] = killed, lines, passes


@entry
def measure_all(
    boards: npt.NDArray[np.uint8], row_frames: npt.NDArray[np.int64], out: Features
) -> None:
    """The first 52 numbers of each board. `boards`: (N, 128); `out`: (N, 52 or more)."""
    tops = np.empty(8, np.int64)
    for index in range(boards.shape[0]):
        measure(boards[index], row_frames[index], tops, out[index])


@entry
def list_all(
    games: Games,
    rows: Rows,
    player: int,
    placements: Placements,
    pills: npt.NDArray[np.uint8],
    buffers: Buffers,
) -> None:
    """Only list the placements of these games, and fill in their `pills`, as a search takes them."""
    for index in rows:
        game, base = games[index], player * PLAYER_SIZE
        list_placements(game, player, placements[index], buffers)
        for place in range(2):
            pills[index, place] = game[base + FIRST_COLOUR + place]
            pills[index, 2 + place] = game[base + NEXT_FIRST_COLOUR + place]
        pills[index, 4] = row_frames(game, base)
