"""Names of the actions, and the buttons of the pad that they hold."""

from __future__ import annotations

import numpy as np

from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, A, B

ROTATIONS = ("ab", "b/a", "ba", "a/b")
PLACEMENT_NAMES = tuple(
    f"c{column + 1} r{row + 1} {rotation}"
    for rotation in ROTATIONS
    for row in range(16)
    for column in range(8)
)
"""Names of the placements: column and row of the bottom-left cell, row 1 at the top, and how the pill's
first colour a and its second one b lie; a/b: a above b."""
BUTTONS = {
    "NOOP": 0, "LEFT": LEFT, "RIGHT": RIGHT, "DOWN": DOWN, "A": A, "B": B, "LEFT+A": LEFT | A,
    "LEFT+B": LEFT | B, "RIGHT+A": RIGHT | A, "RIGHT+B": RIGHT | B, "DOWN+A": DOWN | A, "DOWN+B": DOWN | B,
}  # fmt: skip
"""What is held, by the name of the action."""
PRESSES = np.array(list(BUTTONS.values()), np.int64)
"""What is held, by the number of the action. (12,), int64."""


def placement_cells(rows_above: int, columns: int) -> tuple[tuple[int, ...], ...]:
    """Cells that each placement fills, on a board of so many columns with so many rows above the bottle,
    which is on the left. What is outside the bottle is left out."""
    found = []
    for number in range(len(PLACEMENT_NAMES)):
        rotation, row, column = number >> 7, number >> 3 & 15, number & 7
        other = (row - 1, column) if rotation & 1 else (row, column + 1)
        cells = [place for place in ((row, column), other) if place[0] >= 0 and place[1] < 8]
        found.append(tuple((y + rows_above) * columns + x for y, x in cells))
    return tuple(found)


def action_names(options: DrMarioOptions) -> tuple[str, ...]:
    """Names of the actions of a game with these options."""
    return PLACEMENT_NAMES if options.decisions == "placement" else tuple(BUTTONS)
