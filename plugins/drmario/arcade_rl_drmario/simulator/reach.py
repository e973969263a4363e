"""Where a falling pill can come to rest, frame by frame: gravity, edges of buttons, DAS, kicks, parity.

Everything that the rest of a fall depends on is: the row and the frames since the pill entered it, the
parity of the frame, the column and rotation, and which buttons the last frame held. Columns and
rotations are the 32 bits of a mask (8 x rotation + column); the buttons are its place in an array:

- turned 0-3: bit 0: A was held, bit 1: B. Either may be pressed again only after a frame without.
- sideways 0: neither; 1: Right; 2 + d: Left, with the DAS counter at d.

Left is followed frame by frame, as a turn into the horizontal while it is held goes one column
further. Right held is never more than Right pressed: single presses move every second frame, repeats
every sixth. Left and Right, or Up and Down, are never held together, as a pad's cross cannot.

`reached[y, parity of the frame of entry, frames in the row]` holds the masks, (4, 18), at the end of
that frame; a row's later frames repeat its last two once these are equal.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario import pad
from arcade_rl_drmario.simulator.compiled import inner
from arcade_rl_drmario.simulator.falling import row_frames
from arcade_rl_drmario.simulator.state import (
    DAS_COUNTER,
    DROP_COUNTER,
    EMPTIED,
    FIELD,
    FIELD_SIZE,
    FRAME_COUNTER,
    HELD,
    PLAYER_SIZE,
    ROTATION,
    Game,
    X,
    Y,
)

TURNED, SIDEWAYS = 4, 18
RIGHT, LEFT = 1, 2
HORIZONTAL = 0x00FF00FF
NOT_FIRST_COLUMN = 0xFEFEFEFE
ALL = 0xFFFFFFFF
MOST_ROW_FRAMES = 40

Masks = npt.NDArray[np.int64]
"""By buttons held: (4, 18), int64."""
Reached = npt.NDArray[np.int64]
"""(16, 2, 42, 4, 18), int64."""
Rooms = npt.NDArray[np.int64]
"""Where a pill fits; [y + 1] for row y, and nothing below the bottle. (17,), int64."""
Lasts = npt.NDArray[np.int64]
"""The last frame kept of each row and parity of entry; -1: never entered. (16, 2), int64."""
REACHED_SHAPE = (16, 2, MOST_ROW_FRAMES + 2, TURNED, SIDEWAYS)


@inner
def fill_room(game: Game, player: int, room: Rooms) -> None:
    """`room[y + 1]`: where a pill fits in row y, a mask; `room[0]`, below the bottle, is 0. (17,)"""
    field = FIELD + player * FIELD_SIZE
    room[0] = 0
    above = 0xFF
    for y in range(15, -1, -1):
        free = 0
        for x in range(8):
            if game[field + (15 - y) * 8 + x] >= EMPTIED:
                free |= 1 << x
        flat, upright = free & free >> 1, free & above
        room[y + 1] = flat | upright << 8 | flat << 16 | upright << 24
        above = free


@inner
def move_left(mask: int, room: int) -> int:
    return (mask & NOT_FIRST_COLUMN) >> 1 & room


@inner
def move_right(mask: int, room: int) -> int:
    return mask << 1 & NOT_FIRST_COLUMN & room


@inner
def turn_mask(mask: int, room: int, quarters: int, left: bool) -> int:
    """A (3 quarters) or B (1); pills that stay as they were are left out."""
    shift = 8 * quarters
    turned = (mask << shift | mask >> (32 - shift)) & ALL
    fits = turned & room
    kicked = move_left(turned & ~room & HORIZONTAL, room)
    if left:
        pushed = move_left(fits & HORIZONTAL, room)
        fits = fits & ~(pushed << 1) | pushed
    return fits | kicked


@inner
def turn_masks(moved: Masks, room: int, result: Masks, sideways: int) -> None:
    """Add to `result` all that A, B, both or neither make of `moved`, up to so many `sideways`."""
    for held in range(sideways):
        left = held >= LEFT
        for before in range(TURNED):
            mask = moved[before, held]
            if mask == 0:
                continue
            result[0, held] |= mask
            if before & 1 == 0:
                clockwise = turn_mask(mask, room, 3, left)
                result[1, held] |= clockwise
                if before == 0:
                    result[3, held] |= turn_mask(clockwise, room, 1, left)
            if before & 2 == 0:
                result[2, held] |= turn_mask(mask, room, 1, left)


@inner
def drop_needless(masks: Masks) -> None:
    """Leave out what another entry can do as well: fewer buttons held is never less."""
    for held in range(SIDEWAYS):
        free = masks[0, held]
        masks[1, held] &= ~free
        masks[2, held] &= ~free
        masks[3, held] &= ~(free | masks[1, held] | masks[2, held])
    for turned in range(TURNED):
        masks[turned, RIGHT] &= ~masks[turned, 0]


@inner
def move_masks(
    masks: Masks, within: int, room: int, fresh: bool, charged: bool, moved: Masks
) -> None:
    """Write to `moved` all that Left, Right or neither make of the part of `masks` that is `within`.

    `fresh`: Right was not held before; `charged`: held, it moves now. Both only tell of a first frame.
    """
    for turned in range(TURNED):
        others = 0
        for held in range(LEFT, SIDEWAYS):
            others |= masks[turned, held]
        neutral, right = masks[turned, 0] & within, masks[turned, RIGHT] & within
        others = others & within | neutral
        moved[turned, 0] = others | right
        moved[turned, RIGHT] = 0
        if charged:
            moved[turned, RIGHT] = move_right(others | right, room)
        elif fresh:
            moved[turned, RIGHT] = move_right(others, room)
        for held in range(LEFT, SIDEWAYS - 1):
            moved[turned, held + 1] = masks[turned, held] & within
        pressed = neutral | right
        gone = move_left(pressed, room)
        moved[turned, LEFT] = gone
        moved[turned, LEFT + 15] |= pressed & ~(gone << 1)
        repeated = masks[turned, LEFT + 15] & within
        gone = move_left(repeated, room)
        moved[turned, LEFT + 10] |= gone
        moved[turned, LEFT + 15] |= repeated & ~(gone << 1)


@inner
def soften(masks: Masks, within: int, moved: Masks) -> None:
    """Write to the first column of `moved` what only Down held makes of `masks`."""
    for turned in range(TURNED):
        every = 0
        for held in range(SIDEWAYS):
            every |= masks[turned, held]
        moved[turned, 0] = every & within


@inner
def equal_masks(one: Masks, other: Masks) -> bool:
    for turned in range(TURNED):
        for held in range(SIDEWAYS):
            if one[turned, held] != other[turned, held]:
                return False
    return True


@inner
def union_of(masks: Masks) -> int:
    union = 0
    for turned in range(TURNED):
        for held in range(SIDEWAYS):
            union |= masks[turned, held]
    return union


@inner
def held_before(game: Game, player: int) -> tuple[int, int]:
    """(turned, sideways) of the buttons that are held already."""
    held = game[HELD + player]
    turned = (1 if held & pad.A else 0) | (2 if held & pad.B else 0)
    if held & pad.LEFT:
        return turned, LEFT + min(int(game[player * PLAYER_SIZE + DAS_COUNTER]), 15)
    return turned, RIGHT if held & pad.RIGHT else 0


@inner
def reach(
    game: Game,
    player: int,
    room: Rooms,
    reached: Reached,
    last: Lasts,
    rest: npt.NDArray[np.int64],
) -> None:
    """Fill `reached` and `last` (16, 2), each row's last frame kept or -1, and `rest`: where a pill
    can come to rest in each row, (16,)."""
    base = player * PLAYER_SIZE
    frames = row_frames(game, base)
    top, start = int(game[base + Y]), int(game[base + DROP_COUNTER])
    parity = int(game[FRAME_COUNTER]) & 1
    fill_room(game, player, room)
    rest[:] = 0
    last[:] = -1
    reached[:, :, 0] = 0
    entry = (parity + start) & 1
    reached[top, entry, start] = 0
    turned, sideways = held_before(game, player)
    reached[top, entry, start, turned, sideways] = 1 << (game[base + ROTATION] * 8 + game[base + X])
    moved = np.zeros((TURNED, SIDEWAYS), np.int64)
    for y in range(top, -1, -1):
        for entered in range(2):
            first = start if y == top and entered == entry else 0
            if union_of(reached[y, entered, first]) == 0:
                continue
            follow_row(
                game, player, y, entered, first, y == top, frames, room, reached, last, rest, moved
            )


@inner
def follow_row(
    game: Game,
    player: int,
    y: int,
    entered: int,
    first: int,
    is_top: bool,
    frames: int,
    room: Rooms,
    reached: Reached,
    last: Lasts,
    rest: npt.NDArray[np.int64],
    moved: Masks,
) -> None:
    here, below = room[y + 1], room[y]
    right_held = is_top and game[HELD + player] & pad.RIGHT != 0
    ready = game[player * PLAYER_SIZE + DAS_COUNTER] >= 15
    settled = False
    frame = first
    while True:
        masks = reached[y, entered, frame]
        rest[y] |= union_of(masks) & ~below
        beginning = is_top and frame == first
        fresh, charged = not (beginning and right_held), beginning and right_held and ready
        following = (entered + frame + 1) & 1
        if following and y > 0:
            moved[:, 0] = 0
            soften(masks, below, moved)
            turn_masks(moved, below, reached[y - 1, 1, 0], 1)
        if settled or frame + 1 >= frames:
            break
        move_masks(masks, here, here, fresh, charged, moved)
        after = reached[y, entered, frame + 1]
        after[:] = 0
        turn_masks(moved, here, after, SIDEWAYS)
        drop_needless(after)
        settled = equal_masks(masks, after)
        frame += 1
    last[y, entered] = frame
    if y > 0:
        beginning = is_top and frame == first
        fresh, charged = not (beginning and right_held), beginning and right_held and ready
        following = (entered + frames) & 1
        move_masks(reached[y, entered, frame], below, below, fresh, charged, moved)
        turn_masks(moved, below, reached[y - 1, following, 0], SIDEWAYS)
