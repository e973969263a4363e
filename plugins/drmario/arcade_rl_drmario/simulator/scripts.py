"""The buttons, frame by frame, that bring a falling pill to where it shall rest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario import pad
from arcade_rl_drmario.simulator.compiled import inner
from arcade_rl_drmario.simulator.falling import DAS_AGAIN, DAS_BLOCKED, fall, row_frames
from arcade_rl_drmario.simulator.reach import (
    LEFT,
    RIGHT,
    SIDEWAYS,
    TURNED,
    Lasts,
    Masks,
    Reached,
    Rooms,
    move_left,
    move_right,
    turn_mask,
)
from arcade_rl_drmario.simulator.state import (
    DAS_COUNTER,
    DROP_COUNTER,
    FRAME_COUNTER,
    HELD,
    NEXT_ACTION,
    PLAYER_SIZE,
    PRESSED,
    ROTATION,
    SIZE,
    Game,
    X,
    Y,
)

LONGEST = 660
"""Frames of the longest script: sixteen rows at the slowest, with some to spare."""
SIDEWAYS_FIRST, TURN_FIRST, BOTH = range(3)

Script = npt.NDArray[np.uint8]
"""A byte of buttons a frame. (660,), uint8."""
Start = tuple[int, int, int, int, int]


@inner
def straight_script(game: Game, player: int, x: int, y: int, rotation: int, script: Script) -> int:
    """The frames of a fall with every soft drop there is, which none can beat; -1: it leads elsewhere."""
    scratch = np.empty(SIZE, np.uint8)
    for order in range(3):
        scratch[:] = game
        frames = try_way(scratch, player, x, y, rotation, x, rotation, order, script)
        if frames > 0:
            return frames
    return -1


@inner
def tucked_script(game: Game, player: int, x: int, y: int, rotation: int, script: Script) -> int:
    """The frames of a straight fall beside the place, and into it in its row; -1: there is none.

    The nearest columns are tried first, each as the pill shall rest and then turned.
    """
    scratch = np.empty(SIZE, np.uint8)
    for number in range(1, 48):
        away, quarters = number // 6 * (1 if number & 1 else -1), number // 2 % 3
        beside, before = x + away, rotation + (quarters + 1) // 2 * (1 if quarters == 1 else -1)
        if not 0 <= beside <= 7:
            continue
        scratch[:] = game
        frames = try_way(scratch, player, x, y, rotation, beside, before & 3, BOTH, script)
        if frames > 0:
            return frames
    return -1


@inner
def try_way(
    game: Game,
    player: int,
    x: int,
    y: int,
    rotation: int,
    beside: int,
    before: int,
    order: int,
    script: Script,
) -> int:
    """Play on `game` until the pill is placed; the frames that took, or -1 where it is elsewhere.

    Above row y the way leads to column `beside` and rotation `before`, in it to the place itself.
    """
    base = player * PLAYER_SIZE
    frames = 0
    while game[base + Y] >= y:
        was_x, was_y, was_rotation = game[base + X], game[base + Y], game[base + ROTATION]
        game[FRAME_COUNTER] += 1
        if was_y > y:
            buttons = way_buttons(game, player, beside, before, order, True)
        else:
            arrived = was_x == x and was_rotation == rotation
            buttons = way_buttons(game, player, x, rotation, order, arrived)
        game[PRESSED + player] = buttons & ~game[HELD + player]
        game[HELD + player] = buttons
        script[frames] = buttons
        frames += 1
        fall(game, player)
        if game[base + NEXT_ACTION] != 0:
            return frames if was_x == x and was_y == y and was_rotation == rotation else -1
        if frames >= LONGEST:
            return -1
    return -1


@inner
def way_buttons(game: Game, player: int, x: int, rotation: int, order: int, drops: bool) -> int:
    """Down in odd frames if the pill `drops`, steps sideways in others, turns as soon as `order` lets."""
    base, held = player * PLAYER_SIZE, game[HELD + player]
    away = x - int(game[base + X])
    quarters = (rotation - game[base + ROTATION]) & 3
    buttons = 0
    if drops and game[FRAME_COUNTER] & 1:
        buttons = pad.DOWN
    elif away != 0 and (order != TURN_FIRST or quarters == 0):
        buttons = (pad.RIGHT if away > 0 else pad.LEFT) & ~held
    if quarters != 0 and (order != SIDEWAYS_FIRST or away == 0):
        pushed = buttons == pad.LEFT and game[base + ROTATION] & 1 and away > -2
        if not pushed:
            buttons |= (pad.A if quarters == 3 else pad.B) & ~held
    return buttons


@inner
def one_frame(
    mask: int,
    turned_before: int,
    sideways_before: int,
    turned: int,
    sideways: int,
    room: int,
    fresh: bool,
    charged: bool,
) -> int:
    """What one frame with the buttons of (turned, sideways) makes of a mask; 0 where it cannot be."""
    if turned_before & turned:
        return 0
    moved = mask
    if sideways == RIGHT:
        can = charged or (fresh and sideways_before != RIGHT)
        moved = move_right(mask, room) if can else 0
    elif sideways >= LEFT:
        counter, before = sideways - LEFT, sideways_before - LEFT
        if 0 <= before < DAS_BLOCKED:
            moved = mask if counter == before + 1 else 0
        else:
            gone = move_left(mask, room)
            moving = 0 if before < 0 else DAS_AGAIN
            moved = gone if counter == moving else 0
            if counter == DAS_BLOCKED:
                moved = mask & ~(gone << 1)
    left = sideways >= LEFT
    if turned & 1:
        moved = turn_mask(moved, room, 3, left)
    if turned & 2:
        moved = turn_mask(moved, room, 1, left)
    return moved


@inner
def find_before(
    masks: Masks, room: int, bit: int, held: int, soft: bool, fresh: bool, charged: bool
) -> int:
    """Something in `masks` that one frame in `room` brings to `bit` and `held`; -1: nothing.

    Numbers are turned x 18 + sideways for what is held, and that x 32 + the bit for a whole.
    """
    turned, sideways = held // SIDEWAYS, held % SIDEWAYS
    if soft and sideways != 0:
        return -1
    target = np.int64(1) << bit
    for before in range(TURNED * SIDEWAYS):
        turned_before, sideways_before = before // SIDEWAYS, before % SIDEWAYS
        mask = masks[turned_before, sideways_before] & room
        if mask == 0:
            continue
        if not target & one_frame(
            mask, turned_before, sideways_before, turned, sideways, room, fresh, charged
        ):
            continue
        for origin in range(32):
            single = mask & np.int64(1) << origin
            if single and target & one_frame(
                single, turned_before, sideways_before, turned, sideways, room, fresh, charged
            ):
                return before * 32 + origin
    return -1


@inner
def find_arrival(
    reached: Reached, last: Lasts, y: int, bit: int, first: int
) -> tuple[int, int, int]:
    """The earliest frame of row y that has `bit`: (parity of entry, frame, buttons held), or -1s.

    Rows are entered softly in odd frames only, so that the even ones cost a whole wait for gravity.
    """
    target = np.int64(1) << bit
    for entry in range(1, -1, -1):
        for frame in range(first, last[y, entry] + 1):
            for held in range(TURNED * SIDEWAYS):
                if reached[y, entry, frame, held // SIDEWAYS, held % SIDEWAYS] & target:
                    return entry, frame, held
    return -1, -1, -1


@inner
def find_row_above(
    reached: Reached,
    last: Lasts,
    room: Rooms,
    y: int,
    entered: int,
    bit: int,
    held: int,
    frames: int,
    start: Start,
) -> tuple[int, int, int, bool]:
    """How row y was entered: (parity of entry of the row above, frame there, number, softly)."""
    above, here = y + 1, room[y + 1]
    first = start[2] if above == start[0] else 0
    for entry in range(1, -1, -1):
        for frame in range(first, last[above, entry] + 1):
            if (entry + frame + 1) & 1 == 0 or entered == 0:
                continue
            number = find_before(reached[above, entry, frame], here, bit, held, True, True, False)
            if number >= 0:
                return entry, frame, number, True
    entry = (entered + frames) & 1
    kept = last[above, entry]
    if kept < 0:
        return -1, -1, -1, False
    beginning = above == start[0] and kept == start[2]
    fresh, charged = not (beginning and start[3]), bool(beginning and start[4])
    number = find_before(reached[above, entry, kept], here, bit, held, False, fresh, charged)
    return entry, frames - 1, number, False


@inner
def buttons_of(held: int, soft: bool) -> int:
    turned, sideways = held // SIDEWAYS, held % SIDEWAYS
    buttons = pad.DOWN if soft else 0
    if sideways == RIGHT:
        buttons |= pad.RIGHT
    elif sideways >= LEFT:
        buttons |= pad.LEFT
    return buttons | (pad.A if turned & 1 else 0) | (pad.B if turned & 2 else 0)


@inner
def start_of(game: Game, player: int) -> Start:
    """(row, parity of its entry, frames in it, Right is held, and moves at once)."""
    base = player * PLAYER_SIZE
    frame = int(game[base + DROP_COUNTER])
    right = 1 if game[HELD + player] & pad.RIGHT else 0
    ready = 1 if right and game[base + DAS_COUNTER] >= DAS_BLOCKED else 0
    return int(game[base + Y]), (int(game[FRAME_COUNTER]) + frame) & 1, frame, right, ready


@inner
def traced_script(
    game: Game,
    player: int,
    y: int,
    bit: int,
    room: Rooms,
    reached: Reached,
    last: Lasts,
    script: Script,
) -> int:
    """The frames of a fall found backwards in what `reach` made; -1: there is none.

    In every row the earliest frame that leads on is taken: short, but not always shortest.
    """
    start = start_of(game, player)
    frames = row_frames(game, player * PLAYER_SIZE)
    first = start[2] if y == start[0] else 0
    entered, frame, held = find_arrival(reached, last, y, bit, first)
    if frame < 0:
        return -1
    length = LONGEST - 1
    script[length] = pad.DOWN
    if (entered + frame) & 1:
        # Down does nothing in the even frame that follows, and gravity may be first.
        script[length] = 0
        if frame + 1 < frames:
            length -= 1
            script[length], script[length + 1] = 0, pad.DOWN
    while y != start[0] or frame != start[2]:
        softly = False
        if frame > 0:
            before = min(frame - 1, last[y, entered])
            beginning = y == start[0] and before == start[2]
            number = find_before(
                reached[y, entered, before], room[y + 1], bit, held, False,
                not (beginning and start[3]), bool(beginning and start[4]),
            )  # fmt: skip
            next_entered, next_frame, next_y = entered, frame - 1, y
        else:
            next_entered, next_frame, number, softly = find_row_above(
                reached, last, room, y, entered, bit, held, frames, start
            )
            next_y = y + 1
        if number < 0:
            return -1
        length -= 1
        script[length] = buttons_of(held, softly)
        held, bit = number // 32, number % 32
        entered, frame, y = next_entered, next_frame, next_y
    for index in range(LONGEST - length):
        script[index] = script[length + index]
    return LONGEST - length
