"""The functions of the simulator that Python calls, each over many games."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.simulator.compiled import entry, inner
from arcade_rl_drmario.simulator.reach import Lasts, Reached, Rooms, reach
from arcade_rl_drmario.simulator.rules import FALL, run_frame, start_level
from arcade_rl_drmario.simulator.scripts import Script, straight_script, traced_script
from arcade_rl_drmario.simulator.state import (
    NEXT_ACTION,
    OUTCOME,
    PLAYER_SIZE,
    PLAYERS,
    PLAYING,
    Game,
    Games,
)

Buffers = tuple[Rooms, Reached, Lasts, npt.NDArray[np.int64]]
"""What `reach` fills."""
PLACEMENTS = 512
NO_PLACEMENT = -1


@entry
def run_frames(games: Games, buttons: npt.NDArray[np.uint8]) -> None:
    """`buttons`: (N, 2), uint8."""
    for index in range(games.shape[0]):
        run_frame(games[index], buttons[index, 0], buttons[index, 1])


@entry
def start_levels(games: Games, indices: npt.NDArray[np.intp]) -> None:
    for index in indices:
        start_level(games[index])


@inner
def is_deciding(game: Game, player: int) -> bool:
    return bool(
        game[OUTCOME] == PLAYING
        and player < game[PLAYERS]
        and game[player * PLAYER_SIZE + NEXT_ACTION] == FALL
    )


@entry
def find_placements(games: Games, possible: npt.NDArray[np.bool_], buffers: Buffers) -> None:
    """`possible`: (N, players, 512), bool."""
    room, reached, last, rest = buffers
    possible[:] = False
    for index in range(games.shape[0]):
        for player in range(possible.shape[1]):
            if not is_deciding(games[index], player):
                continue
            reach(games[index], player, room, reached, last, rest)
            for y in range(16):
                mask = rest[y]
                if mask == 0:
                    continue
                for bit in range(32):
                    if mask >> bit & 1:
                        number = (bit >> 3) * 128 + (15 - y) * 8 + (bit & 7)
                        possible[index, player, number] = True


@entry
def find_script(
    game: Game, player: int, placement: int, traced: bool, buffers: Buffers, script: Script
) -> int:
    """The frames of a script to a placement, -1 where there is none. `traced`: do not try the straight."""
    rotation, y, x = placement >> 7, 15 - (placement >> 3 & 15), placement & 7
    if not is_deciding(game, player):
        return -1
    if not traced:
        frames = straight_script(game, player, x, y, rotation, script)
        if frames > 0:
            return frames
    room, reached, last, rest = buffers
    reach(game, player, room, reached, last, rest)
    bit = rotation * 8 + x
    if rest[y] >> bit & 1 == 0:
        return -1
    return traced_script(game, player, y, bit, room, reached, last, script)


@entry
def place(
    games: Games,
    placements: npt.NDArray[np.int64],
    scripts: npt.NDArray[np.uint8],
    pending: npt.NDArray[np.int64],
    buffers: Buffers,
    frames: npt.NDArray[np.int64],
) -> int:
    """Give falling pills their scripts, then run each game to its next decision or its end.

    `placements`: (N, players), -1: none; `scripts`: (N, players, 660); `pending`: (N, players, 2),
    frames of the script and those played; `frames`: (N,), set to those that went by. A game in which
    a decision stays open does not run. Returns -1, or N x players + player of the first that cannot be,
    with nothing changed but scripts.
    """
    count, players = placements.shape
    for index in range(count):
        for player in range(players):
            placement = placements[index, player]
            if placement == NO_PLACEMENT:
                continue
            length = -1
            if pending[index, player, 0] == pending[index, player, 1]:
                length = find_script(
                    games[index], player, placement, False, buffers, scripts[index, player]
                )
            if length < 0:
                return index * players + player
            pending[index, player, 0], pending[index, player, 1] = length, 0
    for index in range(count):
        frames[index] = run_to_decision(games[index], scripts[index], pending[index])
    return -1


@inner
def is_open(game: Game, player: int, pending: npt.NDArray[np.int64]) -> bool:
    return is_deciding(game, player) and bool(pending[player, 0] == pending[player, 1])


@inner
def run_to_decision(
    game: Game, scripts: npt.NDArray[np.uint8], pending: npt.NDArray[np.int64]
) -> int:
    frames = 0
    players = scripts.shape[0]
    while game[OUTCOME] == PLAYING:
        if is_open(game, 0, pending) or (players == 2 and is_open(game, 1, pending)):
            break
        first = next_button(game, 0, scripts, pending)
        second = next_button(game, 1, scripts, pending) if players == 2 else 0
        run_frame(game, first, second)
        frames += 1
    return frames


@inner
def next_button(
    game: Game, player: int, scripts: npt.NDArray[np.uint8], pending: npt.NDArray[np.int64]
) -> int:
    played = pending[player, 1]
    if played == pending[player, 0]:
        return 0
    pending[player, 1] = played + 1
    return int(scripts[player, played])
