"""The board that the agent sees, with how much the policy is for each place, and the place it took."""

from __future__ import annotations

import numpy as np

from arcade_rl.contracts import GameBoard
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.blocks import SeenPictures
from arcade_rl.overlay.canvas import Canvas
from arcade_rl.overlay.layout import Rect
from arcade_rl.policies.activity import Activity, Choices, Decision, Floats, Ratings

STRONGEST = 0.85
"""Opacity of the colour over a cell of the likeliest action."""
LEAST = 0.02
"""Part of the largest share below which a cell stays as it is."""


class SeenBoard(SeenPictures):
    """A picture of cells, of which those that actions lead to are coloured."""

    def __init__(self, canvas: Canvas, place: int, board: GameBoard) -> None:
        super().__init__(canvas, place, "board", (1, board.rows, board.columns))
        self.board = board
        self.dimensions = f"{board.columns} {texts.TIMES} {board.rows}"
        self.most = canvas.style.px(880)

    def draw(self, activity: Activity) -> None:
        colours = activity.seen[self.place_in_seen].values[0].reshape(-1, 3)
        for cell, colour in enumerate(colours):
            self.canvas.pixels[self._cell(cell).region] = colour
        heat = heat_of(self.board, activity.decision)
        for cell in np.flatnonzero(heat > LEAST).tolist():
            self._tint(self._cell(cell), STRONGEST * float(heat[cell]))
        for cell in self.board.sites[taken_of(activity.decision)]:
            room = self.canvas.pixels[self._cell(cell).region]
            for edge in (room[:2], room[-2:], room[:, :2], room[:, -2:]):
                edge[:] = self.canvas.theme.text

    def _cell(self, number: int) -> Rect:
        row, column = divmod(number, self.board.columns)
        box = self.mosaic.tile(0)
        left, right = (box.x + box.width * k // self.board.columns for k in (column, column + 1))
        top, bottom = (box.y + box.height * k // self.board.rows for k in (row, row + 1))
        return Rect(left, top, right - left, bottom - top)

    def _tint(self, box: Rect, opacity: float) -> None:
        room = self.canvas.pixels[box.region]
        colour = np.array(self.canvas.theme.accent, np.float32)
        room[:] = (room * (1 - opacity) + colour * opacity).astype(np.uint8)


def heat_of(board: GameBoard, decision: Decision) -> Floats:
    """The share of the likeliest action that leads to each cell, over the largest share of all. Square
    roots, so that less likely ones are seen too. (cells,)"""
    heat = np.zeros(board.rows * board.columns, np.float32)
    shares = shares_of(decision)
    for action in np.flatnonzero(shares > 0).tolist():
        for cell in board.sites[action]:
            heat[cell] = max(heat[cell], shares[action])
    largest = heat.max(initial=0.0)
    found: Floats = np.sqrt(heat / largest) if largest > 0 else heat
    return found


def shares_of(decision: Decision) -> Floats:
    """How much the policy is for each action, 0 or more: its probability, or its worth above that of the
    eighth best one. (A,)"""
    if isinstance(decision, Choices):
        return np.nan_to_num(decision.probabilities)
    assert isinstance(decision, Ratings), "actions that lead somewhere are discrete"
    known = np.sort(decision.values[np.isfinite(decision.values)])[::-1]
    if not len(known):
        return np.zeros_like(decision.values)
    low = known[min(8, len(known) - 1)]
    high = max(float(known[0] - low), 1e-9)
    shares = np.where(np.isfinite(decision.values), (decision.values - low) / high, 0.0)
    return shares.clip(0, 1).astype(np.float32)


def taken_of(decision: Decision) -> int:
    """The action that was taken."""
    if isinstance(decision, Ratings):
        return decision.taken
    assert isinstance(decision, Choices), "actions that lead somewhere are discrete"
    return decision.taken[0]
