"""Bottles in colours, as the learner's observation has them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Observations
from arcade_rl_drmario import planes
from arcade_rl_drmario.simulator.state import EMPTIED, VIRUS

EMPTY, BETWEEN = (24, 26, 32), (70, 74, 84)
PILLS = np.array([(228, 196, 66), (214, 74, 70), (82, 128, 222)], np.uint8)
VIRUSES = np.array([(150, 122, 20), (134, 24, 30), (28, 58, 140)], np.uint8)
"""Colours of halves of pills and, darker, of viruses: yellow, red, blue. (3, 3), uint8, RGB."""
FALLING, NEXT = (2, 3), (6, 7)
"""Columns of the row on top: of the pill that falls, and of the next one."""


def paint(observation: Observations) -> npt.NDArray[np.uint8]:
    """Colours of both pills in the first row, of nothing in the second, and of the bottle below; the
    opponent's bottle to the right of a column, where it is seen. (18, 8 or 17, 3), uint8, RGB."""
    if isinstance(observation, dict):
        cells = np.asarray(observation["bottle"]).reshape(1, 16, 8)
        pills = np.asarray(observation["pills"])
    else:
        seen = np.asarray(observation)[None]
        bottles = [seen] if seen.shape[1] == planes.COUNTS[1] else [seen, seen[:, planes.OTHER :]]
        cells = np.concatenate([planes.read_cells(bottle) for bottle in bottles])
        pills = planes.read_pills(seen)[0]
    found = np.full((18, 9 * len(cells) - 1, 3), EMPTY, np.uint8)
    for column, colour in zip((*FALLING, *NEXT), pills[:4].tolist(), strict=True):
        found[0, column] = PILLS[colour]
    for place, bottle in enumerate(cells):
        _paint_cells(bottle, found[2:, 9 * place : 9 * place + 8])
    if len(cells) > 1:
        found[:, 8] = BETWEEN
    return found


def _paint_cells(cells: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8]) -> None:
    """Paint the taken cells of a bottle. `cells`: (16, 8); `out`: (16, 8, 3)."""
    taken = cells < EMPTIED
    colours = np.minimum(cells & 0x0F, 2)
    out[taken] = PILLS[colours[taken]]
    virus = taken & (cells & 0xF0 == VIRUS)
    out[virus] = VIRUSES[colours[virus]]
