"""Searches with hands: they choose where the falling pill should go, and press towards that."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Asked, Opponent
from arcade_rl_drmario import planes
from arcade_rl_drmario.names import BUTTONS
from arcade_rl_drmario.planning.candidates import MOST
from arcade_rl_drmario.planning.search import choose

ACTIONS = {name: number for number, name in enumerate(BUTTONS)}
TURNS = {1: "B", 2: "B", 3: "A"}
"""What turns a pill by so many quarters; two are turned one after the other."""


class PressingSearch(Opponent):
    """Chooses anew at every answer, among the places that the pill falls to from where it is: straight
    down, and sideways as far as nothing is in the way at its height. Every second answer lets go, as a
    turn or a step sideways needs a new press."""

    def __init__(self, weights: npt.NDArray[np.float32], depth: int) -> None:
        self._weights, self._depth = weights, depth

    def choose(self, asked: Asked) -> npt.NDArray[Any]:
        seen = np.asarray(asked.observations)
        cells, pills = planes.read_cells(seen), planes.read_pills(seen)
        placements = np.full((len(seen), MOST), -1, np.int16)
        found = [where(one) for one in seen]
        for row, (x, row_below, rotation) in enumerate(found):
            listed = falls(cells[row], x, row_below, rotation, bool(pills[row, 0] == pills[row, 1]))
            placements[row, : len(listed)] = listed
        chosen, values = np.zeros(len(seen), np.int64), np.zeros(placements.shape, np.float32)
        flat = cells.reshape(len(seen), -1)
        choose(flat, pills, placements, self._weights[None], self._depth, values, chosen)
        pressed = [
            towards(place, int(target), bool(turn % 2))
            for place, target, turn in zip(found, chosen, asked.turns, strict=True)
        ]
        return np.array([ACTIONS[name] for name in pressed], np.int64)


def where(seen: npt.NDArray[np.float32]) -> tuple[int, int, int]:
    """(column of the pill's bottom-left cell, its row, the pill's rotation), from one observation."""
    first, second = (np.argwhere(seen[p]) for p in (planes.FIRST_HALF, planes.SECOND_HALF))
    if not len(second):  # above the top
        return int(first[0, 1]), int(first[0, 0]), 1
    if not len(first):
        return int(second[0, 1]), int(second[0, 0]), 3
    (row, x), (other_row, other_x) = first[0].tolist(), second[0].tolist()
    if row == other_row:
        return min(x, other_x), row, 0 if x < other_x else 2
    return x, max(row, other_row), 1 if row > other_row else 3


def falls(
    cells: npt.NDArray[np.uint8], x: int, row: int, rotation: int, is_double: bool
) -> list[int]:
    """Placements that the pill falls to from this place, at most once turned and then moved."""
    taken = cells < 0xF0
    tops = np.where(taken.any(axis=0), taken.argmax(axis=0), 16)
    found = []
    for turned in range(2) if is_double else range(4):
        wide = 2 if turned % 2 == 0 else 1
        for way in (-1, 1):
            column = x if way < 0 else x + 1
            while 0 <= column <= 8 - wide:
                lowest = int(tops[column : column + wide].min()) - 1
                if lowest < row:
                    break
                found.append(turned * 128 + lowest * 8 + column)
                column += way
    if not found:  # no room to turn: down it goes as it is
        column = min(x, 7 - (rotation % 2 == 0))
        found.append(rotation * 128 + row * 8 + column)
    return found


def towards(place: tuple[int, int, int], target: int, lets_go: bool) -> str:
    """The action that brings a pill closer to a placement."""
    x, _, rotation = place
    quarters, column = ((target >> 7) - rotation) & 3, target & 7
    if quarters == 0 and column == x:
        return "DOWN"
    if lets_go:
        return "NOOP"
    way = "LEFT" if column < x else "RIGHT"
    if quarters == 0:
        return way
    turn = TURNS[quarters]
    return f"{way}+{turn}" if column != x else turn
