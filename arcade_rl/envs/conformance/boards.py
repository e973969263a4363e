"""Checks that a game paints the board that it declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from arcade_rl.contracts import Game, GameBoard
from arcade_rl.envs.arrays import observations_to_numpy
from arcade_rl.envs.conformance.play import Seeds, opened
from arcade_rl.envs.fingerprints import row_of

SEED = 61


def board_faults(game: Game, options: Any, board: GameBoard | None) -> Iterator[str]:
    """Faults of the picture of an episode's first observation."""
    assert board is not None, "only games with a board are asked for one"
    with opened(game, options, 1, "evaluation") as env:
        seen = row_of(observations_to_numpy(env.reset(Seeds([[SEED]]))), 0)
    painted = game.paint_board(options, seen)
    shape = (board.rows, board.columns, 3)
    if not isinstance(painted, np.ndarray) or painted.shape != shape or painted.dtype != np.uint8:
        found = getattr(painted, "shape", type(painted).__name__), getattr(painted, "dtype", "")
        yield f"paint_board gave {found[0]} {found[1]}; expected {shape} uint8"
