"""Boards after two pills, with the features by which a network values them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.planning.candidates import Placements, count_viruses
from arcade_rl_drmario.planning.features import find_tops, is_blocked, measure, measure_pill
from arcade_rl_drmario.planning.kept import entry
from arcade_rl_drmario.planning.search import MOST_DROPS, PILLS, Pills, list_drops
from arcade_rl_drmario.planning.settling import CELLS, put_and_settle

OPEN, CLEARED, LOST = 0, 1, 2
ROW, PLACE, DEPTH, KILLED, OUTCOME = range(5)
"""Columns of `notes`: which board a leaf comes from, which candidate leads there, how many pills were
placed, viruses of the second pill, and whether the game has ended."""


@entry
def fill_leaves(
    bottles: npt.NDArray[np.uint8],
    pills: Pills,
    placements: Placements,
    beam: npt.NDArray[np.int64],
    firsts: npt.NDArray[np.int64],
    features: npt.NDArray[np.float32],
    notes: npt.NDArray[np.int64],
) -> int:
    """Put the falling pill where each candidate of a beam says, and drop the next one everywhere.

    `bottles`: boards, (N, 128); `pills`: (N, 5); `placements`: the candidates, (N, 128); `beam`: which of
    them to look at, (N, B), -1 for none. Returns the number of leaves L, and fills in `firsts`, the viruses
    that each candidate of the beam kills, (N, B); `features`: (M, 6, 60), M >= L, one row for each pair
    of colours that may come after the two pills; `notes`: (M, 5).
    """
    before, after = np.empty(CELLS, np.uint8), np.empty(CELLS, np.uint8)
    drops, tops, count = np.empty(MOST_DROPS, np.int64), np.empty(8, np.int64), 0
    for row in range(bottles.shape[0]):
        viruses, frames = count_viruses(bottles[row]), int(pills[row, 4])
        colours = int(pills[row, 2]), int(pills[row, 3])
        for rank in range(beam.shape[1]):
            place = beam[row, rank]
            if place < 0:
                continue
            before[:] = bottles[row]
            killed, _, _ = put_and_settle(
                before, int(placements[row, place]), int(pills[row, 0]), int(pills[row, 1]), viruses
            )
            firsts[row, rank] = killed
            left = viruses - killed
            if left == 0 or is_blocked(before):
                notes[count, ROW], notes[count, PLACE], notes[count, DEPTH] = row, rank, 1
                notes[count, KILLED], notes[count, OUTCOME] = 0, CLEARED if left == 0 else LOST
                features[count] = 0
                count += 1
                continue
            find_tops(before, tops)
            found = list_drops(tops, frames, colours[0] == colours[1], drops)
            for drop in range(found):
                after[:] = before
                killed, _, _ = put_and_settle(after, drops[drop], colours[0], colours[1], left)
                notes[count, ROW], notes[count, PLACE], notes[count, DEPTH] = row, rank, 2
                notes[count, KILLED], notes[count, OUTCOME] = killed, OPEN
                if left == killed:
                    notes[count, OUTCOME] = CLEARED
                elif is_blocked(after):
                    notes[count, OUTCOME] = LOST
                for pill in range(6):
                    out = features[count, pill]
                    if pill == 0:
                        measure(after, frames, tops, out)
                    else:
                        out[:] = features[count, 0]
                    measure_pill(after, 0, 0, PILLS[pill, 0], PILLS[pill, 1], tops, out)
                count += 1
    return count
