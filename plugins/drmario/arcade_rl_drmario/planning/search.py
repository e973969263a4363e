"""Searches over placements: one pill, two or three, by a weighted sum of a board's features.

Where the pill that falls can come to rest is known exactly. Later pills are only dropped: sideways
from where they appear while they fall, then straight down.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.planning.candidates import MOST, Placements, count_viruses
from arcade_rl_drmario.planning.features import (
    BOARD_FEATURES,
    Row,
    Tops,
    find_tops,
    is_blocked,
    measure,
)
from arcade_rl_drmario.planning.kept import entry
from arcade_rl_drmario.planning.settling import CELLS, Board, put_and_settle
from arcade_rl_drmario.simulator.compiled import inner

WON = np.float32(1e6)
"""Worth of a board without viruses; minus this is the worth of one where the next pill has no room."""
BEAM = 20
"""Number of first placements that a search over three pills looks behind."""
PAIRS = 12
"""Number of pairs of placements behind which it looks at every third pill."""
PILLS = np.array([[0, 0], [1, 1], [2, 2], [0, 1], [0, 2], [1, 2]], np.int64)
CHANCES = np.array([1, 1, 1, 2, 2, 2], np.float32) / np.float32(9)
"""How often each unordered pair of colours comes."""
MOST_DROPS = 32

Weights = npt.NDArray[np.float32]
"""(52,), float32."""
Pills = npt.NDArray[np.uint8]
"""Colours of the pill that falls and of the next one, and frames a row. (N, 5), uint8."""
Drops = npt.NDArray[np.int64]
"""(32,), int64."""
Values = npt.NDArray[np.float32]


@entry
def choose(
    bottles: npt.NDArray[np.uint8],
    pills: Pills,
    placements: Placements,
    weights: npt.NDArray[np.float32],
    depth: int,
    values: Values,
    chosen: npt.NDArray[np.int64],
) -> None:
    """Choose a placement for each of N falling pills, looking at so many pills, 1 to 3.

    `bottles`: boards, (N, 128); `placements`: the candidates, as `fill_candidates` lists them;
    `weights`: (N, 52), or (1, 52) for all. `values`: what each candidate is worth, (N, 128), filled;
    at depth 3 that is known of the beam alone, and minus infinity elsewhere. `chosen`: (N,), filled.
    """
    boards = np.empty((MOST, CELLS), np.uint8)
    first = np.empty(MOST, np.float32)
    pairs = np.empty((PAIRS, CELLS), np.uint8)
    out, tops = np.empty(BOARD_FEATURES, np.float32), np.empty(8, np.int64)
    for index in range(bottles.shape[0]):
        row, own = values[index], weights[index if weights.shape[0] > 1 else 0]
        row[:] = -np.inf
        frames = int(pills[index, 4])
        viruses = count_viruses(bottles[index])
        count = 0
        while count < MOST and placements[index, count] >= 0:
            board = boards[count]
            board[:] = bottles[index]
            killed, _, _ = put_and_settle(
                board,
                int(placements[index, count]),
                int(pills[index, 0]),
                int(pills[index, 1]),
                viruses,
            )
            first[count] = worth(board, viruses - killed, frames, own, tops, out)
            count += 1
        colours = int(pills[index, 2]), int(pills[index, 3])
        if depth == 1:
            row[:count] = first[:count]
        elif depth == 2:
            for place in range(count):
                row[place] = 2 * first[place]
                if abs(first[place]) < WON:
                    row[place] = best_drop(
                        boards[place], colours[0], colours[1], frames, own, tops, out
                    )
        else:
            look_three(boards, first, count, colours, frames, own, pairs, tops, out, row)
        best = 0
        for place in range(1, count):
            if row[place] > row[best]:
                best = place
        chosen[index] = placements[index, best]


@inner
def worth(
    board: Board, viruses: int, row_frames: int, weights: Weights, tops: Tops, out: Row
) -> np.float32:
    """The weighted sum of the board's features."""
    if viruses == 0:
        return WON
    if is_blocked(board):
        return -WON
    measure(board, row_frames, tops, out)
    total = np.float32(0)
    for place in range(BOARD_FEATURES):
        total += weights[place] * out[place]
    return total


@inner
def list_drops(tops: Tops, row_frames: int, is_double: bool, drops: Drops) -> int:
    """Placements that a pill can be dropped to; returns how many. A pill is on its way to a column
    while it falls, and stops where a column is higher than it is then."""
    count = 0
    for rotation in range(2 if is_double else 4):
        upright = rotation & 1
        for way in range(2):
            x = 3 - way
            while 0 <= x <= 6 + upright:
                height = 16 - tops[x]
                if upright == 0:
                    height = max(height, 16 - tops[x + 1])
                if height > 15 - (2 * abs(x - 3) + upright) // row_frames:
                    break
                drops[count] = rotation * 128 + (15 - height) * 8 + x
                count += 1
                x += 1 - 2 * way
    return count


@inner
def best_drop(
    board: Board, first: int, second: int, row_frames: int, weights: Weights, tops: Tops, out: Row
) -> np.float32:
    """The highest worth of what dropping a pill of these colours leaves."""
    drops, after = np.empty(MOST_DROPS, np.int64), np.empty(CELLS, np.uint8)
    viruses = count_viruses(board)
    find_tops(board, tops)
    count = list_drops(tops, row_frames, first == second, drops)
    best = -WON
    for place in range(count):
        after[:] = board
        killed, _, _ = put_and_settle(after, drops[place], first, second, viruses)
        best = max(best, worth(after, viruses - killed, row_frames, weights, tops, out))
    return best


@inner
def look_three(
    boards: npt.NDArray[np.uint8],
    first: Values,
    count: int,
    colours: tuple[int, int],
    row_frames: int,
    weights: Weights,
    pairs: npt.NDArray[np.uint8],
    tops: Tops,
    out: Row,
    row: Values,
) -> None:
    """Values of the best first placements: of a placement's pairs with the next pill, the best few of
    all get the mean over every third pill."""
    order = np.argsort(-first[:count])
    owners, worths = np.zeros(PAIRS, np.int64), np.full(PAIRS, -2 * WON, np.float32)
    drops, after = np.empty(MOST_DROPS, np.int64), np.empty(CELLS, np.uint8)
    for rank in range(min(BEAM, count)):
        place = order[rank]
        if abs(first[place]) >= WON:
            row[place] = 2 * first[place]
            continue
        row[place] = -WON
        viruses = count_viruses(boards[place])
        find_tops(boards[place], tops)
        found = list_drops(tops, row_frames, colours[0] == colours[1], drops)
        for drop in range(found):
            after[:] = boards[place]
            killed, _, _ = put_and_settle(after, drops[drop], colours[0], colours[1], viruses)
            value = worth(after, viruses - killed, row_frames, weights, tops, out)
            worst = np.argmin(worths)
            if value > worths[worst]:
                worths[worst], owners[worst] = value, place
                pairs[worst] = after
    for pair in range(PAIRS):
        if worths[pair] == -2 * WON:
            continue
        value = worths[pair]
        if abs(value) < WON:
            value = np.float32(0)
            for pill in range(6):
                value += CHANCES[pill] * best_drop(
                    pairs[pair], PILLS[pill, 0], PILLS[pill, 1], row_frames, weights, tops, out
                )
        row[owners[pair]] = max(row[owners[pair]], value)
