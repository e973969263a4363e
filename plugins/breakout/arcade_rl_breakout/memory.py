"""The console's memory as data, and its decoding for N environments at once.

| address | meaning | source |
|---|---|---|
| 0-35 | bricks, two bits each | `BRICK_REGISTERS` |
| 57 | lives; 0 ends the game | ale-py, `games/supported/Breakout.cpp` |
| 72 | paddle x, 55 to 191 | AtariARI (Anand et al. 2019), `breakout.player_x` |
| 76-77 | score, binary-coded decimal | ale-py, `games/supported/Breakout.cpp` |
| 99 | ball x, about 46 to 207 | AtariARI, `breakout.ball_x` |
| 101 | ball y, about 21 to 211, growing downwards; 0 while no ball is in play | AtariARI, `breakout.ball_y` |
| 103 | ball velocity y, signed, pixel/frame | measured: turns negative where the ball leaves the paddle |

The brick bits were measured by clearing one bit at a time and looking at the picture; a test repeats it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RAM_SIZE = 128
LIVES = 57
PADDLE_X = 72
BALL_X = 99
BALL_Y = 101
BALL_VELOCITY_Y = 103
BRICK_BYTES = slice(0, 36)

ROWS = 6
COLUMNS = 18
WALL = ROWS * COLUMNS
"""Bricks of a wall."""
ROW_POINTS = (1, 1, 4, 4, 7, 7)
"""Points of a brick of each row; row 0 is the lowest."""

BRICK_LEFT, BRICK_WIDTH = 8, 8
BRICK_BOTTOM, BRICK_HEIGHT = 93, 6
"""Where the wall lies in a native frame, pixel: its left edge, and the line below its lowest row."""

BRICK_REGISTERS = (
    (0, range(6), 128, 4),
    (6, range(8), 124, -4),
    (12, range(4, 8), 80, 4),
    (18, range(8), 48, 4),
    (24, range(8), 44, -4),
    (30, range(6, 8), 8, 4),
)
"""Playfield registers: address of the lowest row (those above follow), the bits used, the left edge
of the first of them, and the way from one to the next. Pixel; a bit is 4 pixels wide."""

PADDLE_ZONE_Y = 140
"""Ball y that only bounces off the paddle reach: it turns at about 176. Pixel."""

Ram = npt.NDArray[np.uint8]
"""(N, 128), uint8."""


def brick_bits() -> npt.NDArray[np.intp]:
    """The left bit of every brick, counted from bit 0 of byte 0. (6, 18); row 0 is the lowest."""
    bits = np.full((ROWS, COLUMNS), -1, np.intp)
    for address, used, left, way in BRICK_REGISTERS:
        for place, bit in enumerate(used):
            column, half = divmod(left + way * place - BRICK_LEFT, BRICK_WIDTH)
            if half == 0:
                bits[:, column] = 8 * (address + np.arange(ROWS)) + bit
    return bits


_BITS = brick_bits()


def standing_bricks(ram: Ram) -> npt.NDArray[np.bool_]:
    """Which bricks stand. (N, 6, 18), bool; row 0 is the lowest."""
    bits = np.unpackbits(ram[:, BRICK_BYTES], axis=1, bitorder="little")  # (N, 288)
    standing: npt.NDArray[np.bool_] = bits.view(np.bool_)[:, _BITS]
    return standing


def is_ball_in_play(ram: Ram) -> npt.NDArray[np.bool_]:
    """(N,), bool."""
    in_play: npt.NDArray[np.bool_] = ram[:, BALL_Y] != 0
    return in_play


def is_falling(ram: Ram) -> npt.NDArray[np.bool_]:
    """Whether the ball moves down. (N,), bool."""
    falling: npt.NDArray[np.bool_] = ram[:, BALL_VELOCITY_Y].view(np.int8) > 0
    return falling


def has_left_paddle(was_falling: npt.NDArray[np.bool_], ram: Ram) -> npt.NDArray[np.bool_]:
    """Whether the paddle hit the ball since it was seen falling, one step ago. (N,), bool."""
    rising = ram[:, BALL_VELOCITY_Y].view(np.int8) < 0
    hit: npt.NDArray[np.bool_] = was_falling & rising & (ram[:, BALL_Y] > PADDLE_ZONE_Y)
    return hit
