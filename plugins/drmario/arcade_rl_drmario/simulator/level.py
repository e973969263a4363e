"""What a level starts with: the random numbers, the pill reserve and the viruses."""

from __future__ import annotations

import numpy as np

from arcade_rl_drmario.simulator.compiled import inner
from arcade_rl_drmario.simulator.state import (
    EMPTIED,
    EMPTY,
    FIELD,
    FIELD_SIZE,
    LEVEL,
    PLAYER_SIZE,
    PLAYERS,
    RESERVE,
    RESERVE_SIZE,
    RNG0,
    RNG1,
    VIRUS,
    VIRUSES_ALIVE,
    VIRUSES_LEFT,
    VIRUSES_TO_ADD,
    Game,
)

MOST_VIRUSES = 84
"""Viruses of level 20 and of all higher ones."""
VIRUS_COLOURS = np.array([0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 1], np.uint8)
"""Colour drawn by a random nibble, where the count does not name one."""
HIGHEST_VIRUS = np.array([9] * 15 + [10] * 2 + [11] * 2 + [12] * 6, np.uint8)
"""Highest row of viruses by level, 0 at the bottom."""


@inner
def step_rng(game: Game) -> None:
    state = game[RNG0] * 256 + game[RNG1]
    bit = (state >> 1 ^ state >> 9) & 1
    state = state >> 1 | bit << 15
    game[RNG0], game[RNG1] = state >> 8, state & 255


@inner
def fill_reserve(game: Game) -> None:
    """128 pills, the last slot first; 3 x first colour + second colour each."""
    pill = 0
    for slot in range(RESERVE_SIZE - 1, -1, -1):
        step_rng(game)
        pill = (pill + (game[RNG0] & 15)) % 9
        game[RESERVE + slot] = pill


@inner
def is_virus(game: Game, cell: int, colour: int) -> bool:
    return bool(game[cell] == VIRUS + colour)


@inner
def virus_nearby(game: Game, field: int, place: int, colour: int) -> bool:
    """Whether a virus of this colour lies two cells above, below, left or right."""
    column = place & 7
    return bool(
        (place >= 16 and is_virus(game, field + place - 16, colour))
        or (place < FIELD_SIZE - 16 and is_virus(game, field + place + 16, colour))
        or (column >= 2 and is_virus(game, field + place - 2, colour))
        or (column <= 5 and is_virus(game, field + place + 2, colour))
    )


@inner
def add_virus(game: Game, player: int) -> bool:
    """One try; False where no cell from the drawn one on takes it."""
    base, field = player * PLAYER_SIZE, FIELD + player * FIELD_SIZE
    highest = HIGHEST_VIRUS[min(game[base + LEVEL], 24)]
    step_rng(game)
    while (game[RNG0] & 15) > highest:
        step_rng(game)
    place = (15 - (game[RNG0] & 15)) * 8 + (game[RNG1] & 7)
    colour = game[base + VIRUSES_TO_ADD] & 3
    if colour == 3:
        step_rng(game)
        colour = VIRUS_COLOURS[game[RNG1] & 15]
    while place < FIELD_SIZE:
        if game[field + place] >= EMPTIED:
            for _ in range(3):
                if not virus_nearby(game, field, place, colour):
                    game[field + place] = VIRUS + colour
                    count_virus(game, base, colour)
                    return True
                colour = (colour + 2) % 3
        place += 1
    return False


@inner
def count_virus(game: Game, base: int, colour: int) -> None:
    game[base + VIRUSES_TO_ADD] -= 1
    left = game[base + VIRUSES_LEFT] + 1
    game[base + VIRUSES_LEFT] = left + 6 if (left & 15) > 9 else left
    game[VIRUSES_ALIVE + colour] += 1


@inner
def fill_fields(game: Game, most: int) -> None:
    """Viruses of one or both players, drawn in turn, `most` of each at most; the same for both where their
    levels are equal."""
    game[FIELD : FIELD + 2 * FIELD_SIZE] = EMPTY
    game[VIRUSES_ALIVE : VIRUSES_ALIVE + 3] = 0
    copied = game[PLAYERS] == 2 and game[LEVEL] == game[PLAYER_SIZE + LEVEL]
    drawing = 2 if game[PLAYERS] == 2 and not copied else 1
    for player in range(drawing):
        base = player * PLAYER_SIZE
        game[base + VIRUSES_LEFT] = 0
        game[base + VIRUSES_TO_ADD] = min(4 * (game[base + LEVEL] + 1), most)
    while game[VIRUSES_TO_ADD] > 0 or (drawing == 2 and game[PLAYER_SIZE + VIRUSES_TO_ADD] > 0):
        for player in range(drawing):
            if game[player * PLAYER_SIZE + VIRUSES_TO_ADD] > 0:
                add_virus(game, player)
    if copied:
        game[FIELD + FIELD_SIZE : FIELD + 2 * FIELD_SIZE] = game[FIELD : FIELD + FIELD_SIZE]
        game[PLAYER_SIZE + VIRUSES_LEFT] = game[VIRUSES_LEFT]
        game[PLAYER_SIZE + VIRUSES_TO_ADD] = 0
        for colour in range(3):
            game[VIRUSES_ALIVE + colour] *= 2
