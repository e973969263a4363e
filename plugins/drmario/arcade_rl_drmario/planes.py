"""A board as planes of 16 x 8 cells, row 0 on top, each from 0 to 1.

| planes | meaning |
|---|---|
| 0-2 | a cell is yellow, red, blue |
| 3 | it is a virus |
| 4-7 | it is half of a pill whose other half is below, above, right, left |
| 8, 9 | the falling pill's first half is here, its second half |
| 10-12, 13-15 | everywhere: colour of its first half, of its second half |
| 16-18, 19-21 | everywhere: colours of the next pill |
| 22 | everywhere: level, of 20 |
| 23 | everywhere: frames in which a pill falls by a row, of 40 |
| 24-31 | two players: planes 0 to 7 of the other's bottle |
| 32, 33 | two players, everywhere: lines that wait to come here as garbage, and those that wait to go there, of 4 |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.options import TOP_LEVEL
from arcade_rl_drmario.simulator.state import (
    BOTTOM,
    EMPTIED,
    EMPTY,
    LEFT,
    RIGHT,
    SINGLE,
    TOP,
    VIRUS,
)

COLOURS = ("yellow", "red", "blue")
CELLS = 8
"""Planes of a bottle's cells."""
FIRST_HALF, SECOND_HALF, PILLS, LEVEL, SPEED, OTHER, COMING, GOING = 8, 9, 10, 22, 23, 24, 32, 33
COUNTS = {1: 24, 2: 34}
"""Number of planes, by the number of players."""
LINKS = (TOP, BOTTOM, LEFT, RIGHT)
"""Kinds of cells whose other half is below, above, right and left of them."""
SLOWEST, MOST_LINES = 40, 4
PILL = ("first_colour", "second_colour", "next_first_colour", "next_second_colour")

Planes = npt.NDArray[np.float32]
"""(R, planes, 16, 8), float32."""
Cells = npt.NDArray[np.uint8]
"""Cells of bottles, by the bytes of the game's memory. (R, 16, 8), uint8."""


def draw(
    state: npt.NDArray[Any],
    players: npt.NDArray[np.int64],
    row_frames_of: Callable[[npt.NDArray[Any]], npt.NDArray[np.int64]],
    count: int,
) -> Planes:
    """The planes of R games as these players see them. `state`: (R,), `STATE`; `players`: (R,)."""
    one = np.arange(len(state))
    own = state["players"][one, players]
    found = np.zeros((len(state), count, 16, 8), np.float32)
    found[:, :CELLS] = draw_cells(state["field"][one, players])
    falls = own["next_action"] == 0
    for plane, (right, up) in zip((FIRST_HALF, SECOND_HALF), _halves(own["rotation"]), strict=True):
        row, column = 15 - own["y"].astype(np.int64) - up, own["x"].astype(np.int64) + right
        there = np.flatnonzero(falls & (row >= 0) & (column < 8))
        found[there, plane, row[there], column[there]] = 1
    for pill, name in enumerate(PILL):
        found[one, PILLS + 3 * pill + own[name]] = 1
    found[:, LEVEL] = (own["level"] / TOP_LEVEL)[:, None, None].clip(0, 1)
    found[:, SPEED] = (row_frames_of(own) / SLOWEST)[:, None, None]
    if count == COUNTS[2]:
        other = state["players"][one, 1 - players]
        found[:, OTHER : OTHER + CELLS] = draw_cells(state["field"][one, 1 - players])
        found[:, COMING] = (other["attack_size"] / MOST_LINES)[:, None, None].clip(0, 1)
        found[:, GOING] = (own["attack_size"] / MOST_LINES)[:, None, None].clip(0, 1)
    return found


def _halves(rotation: npt.NDArray[np.uint8]) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """(columns right of the pill's bottom-left cell, rows above it) of its first and second half."""
    turned = rotation & 3
    return ((turned == 2) * 1, (turned == 3) * 1), ((turned == 0) * 1, (turned == 1) * 1)


def draw_cells(cells: Cells) -> Planes:
    """Planes 0 to 7. (R, 8, 16, 8)"""
    taken, colour, kind = cells < EMPTIED, cells & 0x0F, cells & 0xF0
    parts = [taken & (colour == number) for number in range(3)]
    parts.append(taken & (kind == VIRUS))
    parts += [taken & (kind == link) for link in LINKS]
    return np.stack(parts, axis=1).astype(np.float32)


def read_cells(found: Planes) -> Cells:
    """The cells that planes 0 to 7 show. (R, 16, 8)"""
    is_taken = found[:, :3].any(axis=1)
    kinds = np.full(is_taken.shape, SINGLE, np.int64)
    kinds[found[:, 3] > 0] = VIRUS
    for place, link in enumerate(LINKS):
        kinds[found[:, 4 + place] > 0] = link
    cells: Cells = np.where(is_taken, kinds + found[:, :3].argmax(axis=1), EMPTY).astype(np.uint8)
    return cells


def read_pills(found: Planes) -> npt.NDArray[np.uint8]:
    """Colours of the pill that falls and of the next one, frames that it takes to fall by a row.
    (R, 5)"""
    corner = found[:, :, 0, 0]
    colours = [
        corner[:, PILLS + 3 * pill : PILLS + 3 * pill + 3].argmax(axis=1) for pill in range(4)
    ]
    frames = np.rint(corner[:, SPEED] * SLOWEST)
    return np.stack([*colours, frames], axis=1).astype(np.uint8)
