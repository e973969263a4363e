"""The state of one game: the bytes of the console's memory that the rules use, packed into 512.

| offset | console | what |
|---|---|---|
| $000, $030 | $0300, $0380 | the two players' structs, 48 bytes each: `PLAYER` |
| $060-$07F | $17 ... $0729 | what both share: `STATE` |
| $080, $100 | $0400, $0500 | the two fields, 16 rows of 8, row 0 at the top |
| $180 | $0780 | the pill reserve |

Fields carry the names that `docs/cartridge.md` gives the console's addresses. All are bytes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SIZE = 512
PLAYER_SIZE = 0x30
FIELD, FIELD_SIZE = 0x80, 0x80
RESERVE, RESERVE_SIZE = 0x180, 0x80

PLAYER_FIELDS = {
    "status": 0x00,
    "first_colour": 0x01,
    "second_colour": 0x02,
    "x": 0x05,
    "y": 0x06,
    "placed_step": 0x07,
    "level_fail": 0x09,
    "speedups": 0x0A,
    "speed": 0x0B,
    "combo": 0x0F,
    "pill_counter_low": 0x10,
    "pill_counter_high": 0x11,
    "drop_counter": 0x12,
    "das_counter": 0x13,
    "match_flag": 0x14,
    "level": 0x16,
    "next_action": 0x17,
    "attack_size": 0x18,
    "next_first_colour": 0x1A,
    "next_second_colour": 0x1B,
    "victories": 0x1E,
    "viruses_left": 0x24,
    "rotation": 0x25,
    "reserve_index": 0x27,
    "viruses_to_add": 0x28,
    "attack_colours": 0x29,
    "score_multiplier_index": 0x2D,
}
"""Offset of each field within a player's struct."""

STATUS = PLAYER_FIELDS["status"]
FIRST_COLOUR = PLAYER_FIELDS["first_colour"]
SECOND_COLOUR = PLAYER_FIELDS["second_colour"]
X = PLAYER_FIELDS["x"]
Y = PLAYER_FIELDS["y"]
PLACED_STEP = PLAYER_FIELDS["placed_step"]
LEVEL_FAIL = PLAYER_FIELDS["level_fail"]
SPEEDUPS = PLAYER_FIELDS["speedups"]
SPEED = PLAYER_FIELDS["speed"]
COMBO = PLAYER_FIELDS["combo"]
PILL_COUNTER = PLAYER_FIELDS["pill_counter_low"]
DROP_COUNTER = PLAYER_FIELDS["drop_counter"]
DAS_COUNTER = PLAYER_FIELDS["das_counter"]
MATCH_FLAG = PLAYER_FIELDS["match_flag"]
LEVEL = PLAYER_FIELDS["level"]
NEXT_ACTION = PLAYER_FIELDS["next_action"]
ATTACK_SIZE = PLAYER_FIELDS["attack_size"]
NEXT_FIRST_COLOUR = PLAYER_FIELDS["next_first_colour"]
NEXT_SECOND_COLOUR = PLAYER_FIELDS["next_second_colour"]
VICTORIES = PLAYER_FIELDS["victories"]
VIRUSES_LEFT = PLAYER_FIELDS["viruses_left"]
ROTATION = PLAYER_FIELDS["rotation"]
RESERVE_INDEX = PLAYER_FIELDS["reserve_index"]
VIRUSES_TO_ADD = PLAYER_FIELDS["viruses_to_add"]
ATTACK_COLOURS = PLAYER_FIELDS["attack_colours"]
SCORE_MULTIPLIER_INDEX = PLAYER_FIELDS["score_multiplier_index"]

MODE = 0x60
FRAME_COUNTER = 0x61
RNG0, RNG1 = 0x62, 0x63
PLAYERS = 0x64
OUTCOME = 0x65
PRESSED, HELD = 0x66, 0x68
SCORE, SCORE_DIGITS = 0x6A, 6
VIRUSES_ALIVE = 0x70
THROW_FRAME = 0x73

CONSOLE_BYTES = (
    (MODE, 0x46, 1),
    (FRAME_COUNTER, 0x43, 1),
    (RNG0, 0x17, 2),
    (PLAYERS, 0x727, 1),
    (PRESSED, 0xF5, 4),
    (SCORE, 0x729, SCORE_DIGITS),
    (VIRUSES_ALIVE, 0x72, 3),
    (THROW_FRAME, 0x7D, 1),
    (0x00, 0x300, PLAYER_SIZE),
    (PLAYER_SIZE, 0x380, PLAYER_SIZE),
    (FIELD, 0x400, FIELD_SIZE),
    (FIELD + FIELD_SIZE, 0x500, FIELD_SIZE),
    (RESERVE, 0x780, RESERVE_SIZE),
)
"""Where the console keeps them: offset here, address there, number of bytes."""

_SUBARRAYS: dict[str, object] = {"attack_colours": ("u1", 4)}

PLAYER = np.dtype(
    {
        "names": list(PLAYER_FIELDS),
        "formats": [_SUBARRAYS.get(name, "u1") for name in PLAYER_FIELDS],
        "offsets": list(PLAYER_FIELDS.values()),
        "itemsize": PLAYER_SIZE,
    }
)
"""One player. `x`, `y`: bottom-left cell of the falling pill, y 0 at the bottom; `viruses_left` and
`pill_counter_*`: binary-coded decimal; `next_action` 0: the pill falls and obeys."""

STATE = np.dtype(
    {
        "names": [
            "players", "mode", "frame_counter", "rng", "number_of_players", "outcome", "pressed", "held",
            "score_digits", "viruses_alive", "throw_frame", "field", "reserve",
        ],
        "formats": [
            (PLAYER, 2), "u1", "u1", ">u2", "u1", "u1", ("u1", 2), ("u1", 2),
            ("u1", SCORE_DIGITS), ("u1", 3), "u1", ("u1", (2, 16, 8)), ("u1", RESERVE_SIZE),
        ],
        "offsets": [
            0x00, MODE, FRAME_COUNTER, RNG0, PLAYERS, OUTCOME, PRESSED, HELD,
            SCORE, VIRUSES_ALIVE, THROW_FRAME, FIELD, RESERVE,
        ],
        "itemsize": SIZE,
    }
)  # fmt: skip
"""One game. `throw_frame`: frames of the throw so far, one player."""

MODE_PLAYING, MODE_FAILED = 4, 5
PLAYING, FIRST_WON, SECOND_WON, DRAWN, LOST, UNBEGUN = 0, 1, 2, 3, 4, 5
"""Outcomes. Alone: `FIRST_WON` when the level is cleared, `LOST` when the bottle is full."""

EMPTY, TOP, BOTTOM, LEFT, RIGHT, SINGLE, CLEARED, VIRUS, EMPTIED = (
    0xFF, 0x40, 0x50, 0x60, 0x70, 0x80, 0xB0, 0xD0, 0xF0,
)  # fmt: skip
"""Cells of a field: the kind in the high nibble, the colour (0 yellow, 1 red, 2 blue) in the low one.
`EMPTIED` and above are empty."""

Games = npt.NDArray[np.uint8]
"""Games as bytes. (N, 512), uint8."""
Game = npt.NDArray[np.uint8]
"""One of them. (512,), uint8."""


def from_console(ram: npt.NDArray[np.uint8]) -> Game:
    """The state that a console's memory holds while a level is played. `ram`: (2048 or more,), uint8."""
    game = np.zeros(SIZE, np.uint8)
    for offset, address, length in CONSOLE_BYTES:
        game[offset : offset + length] = ram[address : address + length]
    return game
