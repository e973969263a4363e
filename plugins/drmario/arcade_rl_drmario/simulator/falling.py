"""The falling pill: gravity, soft drop, moving, turning, and where it stays."""

from __future__ import annotations

import numpy as np

from arcade_rl_drmario import pad
from arcade_rl_drmario.simulator.compiled import inner
from arcade_rl_drmario.simulator.state import (
    BOTTOM,
    DAS_COUNTER,
    DROP_COUNTER,
    EMPTIED,
    FIELD,
    FIELD_SIZE,
    FIRST_COLOUR,
    FRAME_COUNTER,
    HELD,
    LEFT,
    NEXT_ACTION,
    PLACED_STEP,
    PLAYER_SIZE,
    PRESSED,
    RIGHT,
    ROTATION,
    SECOND_COLOUR,
    SINGLE,
    SPEED,
    SPEEDUPS,
    STATUS,
    TOP,
    Game,
    X,
    Y,
)

MOST_SPEEDUPS = 49
SPEED_START = np.array([0, 10, 16], np.uint8)
"""Entry of the table that LOW, MED and HI begin at; each speed-up goes one further."""
ROW_FRAMES = np.array(
    [40, 38, 36, 34, 32, 30, 28, 26, 24, 22, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 10, 9, 9]
    + [8, 8, 7, 7]
    + [6] * 12
    + [5] * 5
    + [4] * 5
    + [3] * 5
    + [2] * 10
    + [1],
    np.uint8,
)
"""Frames that a pill takes to fall by a row."""

DAS_FIRST, DAS_AGAIN, DAS_BLOCKED = 16, 10, 15
"""Left or Right held: the frames to the first repeated move; where the counter goes on after it; and
where it waits while there is no room."""
SIDEWAYS = pad.LEFT | pad.RIGHT
DIRECTIONS = 0x0F


@inner
def row_frames(game: Game, base: int) -> int:
    return int(ROW_FRAMES[SPEED_START[game[base + SPEED]] + game[base + SPEEDUPS]])


@inner
def has_room(game: Game, field: int, x: int, y: int, rotation: int) -> bool:
    """Whether a pill fits with its bottom-left cell at (x, y); what is above the bottle is free."""
    if x < 0 or y < 0:
        return False
    cell = field + (15 - y) * 8 + x
    if rotation & 1:
        return bool(x <= 7 and game[cell] >= EMPTIED and (y == 15 or game[cell - 8] >= EMPTIED))
    return bool(x <= 6 and game[cell] >= EMPTIED and game[cell + 1] >= EMPTIED)


@inner
def fall(game: Game, player: int) -> None:
    """One frame of a falling pill; one that has come to rest is no longer moved."""
    drop(game, player)
    if game[player * PLAYER_SIZE + NEXT_ACTION] == 0:
        move_sideways(game, player)
        turn(game, player)


@inner
def drop(game: Game, player: int) -> None:
    """Soft drop on odd frames while only Down is held, else gravity."""
    base, field = player * PLAYER_SIZE, FIELD + player * FIELD_SIZE
    softly = game[FRAME_COUNTER] & 1 and game[HELD + player] & DIRECTIONS == pad.DOWN
    if not softly:
        game[base + DROP_COUNTER] += 1
        if game[base + DROP_COUNTER] < row_frames(game, base):
            return
    game[base + DROP_COUNTER] = 0
    x, y, rotation = int(game[base + X]), int(game[base + Y]), int(game[base + ROTATION])
    if has_room(game, field, x, y - 1, rotation):
        game[base + Y] = y - 1
    else:
        stamp(game, player)
        game[base + NEXT_ACTION] = 1
        game[base + PLACED_STEP] = 0


@inner
def stamp(game: Game, player: int) -> None:
    """Write the pill into the field; what would be above the top is lost. Its rows are redrawn."""
    base, field = player * PLAYER_SIZE, FIELD + player * FIELD_SIZE
    rotation, y = int(game[base + ROTATION]), int(game[base + Y])
    cell = field + (15 - y) * 8 + game[base + X]
    game[base + STATUS] = 15 - y
    first, second = game[base + FIRST_COLOUR], game[base + SECOND_COLOUR]
    near, far = (first, second) if rotation < 2 else (second, first)
    if rotation & 1 == 0:
        game[cell], game[cell + 1] = LEFT + near, RIGHT + far
    elif y == 15:
        game[cell] = SINGLE + near
    else:
        game[cell], game[cell - 8] = BOTTOM + near, TOP + far


@inner
def move_sideways(game: Game, player: int) -> None:
    base = player * PLAYER_SIZE
    if game[PRESSED + player] & SIDEWAYS:
        game[base + DAS_COUNTER] = 0
    elif game[HELD + player] & SIDEWAYS:
        game[base + DAS_COUNTER] += 1
        if game[base + DAS_COUNTER] < DAS_FIRST:
            return
        game[base + DAS_COUNTER] = DAS_AGAIN
    else:
        return
    if game[HELD + player] & pad.RIGHT:
        step_sideways(game, player, 1)
    if game[HELD + player] & pad.LEFT:
        step_sideways(game, player, -1)


@inner
def step_sideways(game: Game, player: int, way: int) -> None:
    base, field = player * PLAYER_SIZE, FIELD + player * FIELD_SIZE
    x = int(game[base + X]) + way
    if has_room(game, field, x, int(game[base + Y]), int(game[base + ROTATION])):
        game[base + X] = x
    else:
        game[base + DAS_COUNTER] = DAS_BLOCKED


@inner
def turn(game: Game, player: int) -> None:
    """A turns clockwise, then B the other way; both in one frame both count."""
    pressed = game[PRESSED + player]
    if pressed & pad.A:
        turn_once(game, player, 3)
    if pressed & pad.B:
        turn_once(game, player, 1)


@inner
def turn_once(game: Game, player: int, quarters: int) -> None:
    """Into the horizontal a pill without room goes a column left, and so it does while Left is held."""
    base, field = player * PLAYER_SIZE, FIELD + player * FIELD_SIZE
    x, y = int(game[base + X]), int(game[base + Y])
    rotation = (int(game[base + ROTATION]) + quarters) & 3
    fits = has_room(game, field, x, y, rotation)
    leftwards = rotation & 1 == 0 and (not fits or game[HELD + player] & pad.LEFT)
    if leftwards and has_room(game, field, x - 1, y, rotation):
        x -= 1
        fits = True
    if fits:
        game[base + X] = x
        game[base + ROTATION] = rotation
