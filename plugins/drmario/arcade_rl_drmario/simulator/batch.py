"""The functions of the simulator that Python calls, each over many games."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.simulator.compiled import entry, inner
from arcade_rl_drmario.simulator.reach import Lasts, Reached, Rooms, reach
from arcade_rl_drmario.simulator.rules import CHECK_ATTACK, FALL, PLACED, run_frame, start_level
from arcade_rl_drmario.simulator.scripts import (
    Script,
    straight_script,
    traced_script,
    tucked_script,
)
from arcade_rl_drmario.simulator.state import (
    ATTACK_SIZE,
    COMBO,
    NEXT_ACTION,
    OUTCOME,
    PLAYER_SIZE,
    PLAYERS,
    PLAYING,
    Game,
    Games,
)

PLACEMENTS = 512
"""Numbers of placements: 128 x rotation + 8 x row + column."""
NO_PLACEMENT = -1

Buffers = tuple[Rooms, Reached, Lasts, npt.NDArray[np.int64]]
"""What `reach` fills."""
Scripts = npt.NDArray[np.uint8]
"""A byte of buttons a frame of every player. (N, players, frames), uint8."""
Pending = npt.NDArray[np.int64]
"""The frames of every player's script, and those played of them. (N, players, 2), int64."""


LINES, PASSES, SENT, RECEIVED = range(4)
"""What is counted of each player while games run: lines, passes that had lines, lines that wait for the
other player, and pieces of garbage that came down. (N, players, 4), int64."""
Counts = npt.NDArray[np.int64]
Glance = npt.NDArray[np.uint8]
"""Action, combo and attack size of both players. (2, 3), uint8."""


@entry
def start_levels(
    games: Games, indices: npt.NDArray[np.intp], most_viruses: npt.NDArray[np.int64]
) -> None:
    """`most_viruses`: of each player, by index. (len(indices),)"""
    for place in range(indices.shape[0]):
        start_level(games[indices[place]], most_viruses[place])


@entry
def run_games(
    games: Games,
    scripts: Scripts,
    pending: Pending,
    most: int,
    to_decision: bool,
    frames: npt.NDArray[np.int64],
    counts: Counts,
) -> None:
    """Run each game for so many frames at `most`, to its end, or to where a pill falls without script.

    `frames`: (N,), set to those that went by. `counts`: (N, players, 4), set to what happened in them.
    """
    before, after = np.empty((2, 3), np.uint8), np.empty((2, 3), np.uint8)
    counts[:] = 0
    for index in range(games.shape[0]):
        frames[index] = run_game(
            games[index],
            scripts[index],
            pending[index],
            most,
            to_decision,
            counts[index],
            before,
            after,
        )


@inner
def run_game(
    game: Game,
    scripts: npt.NDArray[np.uint8],
    pending: npt.NDArray[np.int64],
    most: int,
    to_decision: bool,
    counts: npt.NDArray[np.int64],
    before: Glance,
    after: Glance,
) -> int:
    players = scripts.shape[0]
    frames = 0
    glance(game, before)
    while frames < most and game[OUTCOME] == PLAYING:
        if to_decision and is_open(game, pending, players):
            break
        first = next_buttons(scripts[0], pending[0])
        second = first
        if players == 2:
            second = next_buttons(scripts[1], pending[1])
        run_frame(game, first, second)
        glance(game, after)
        count_frame(before, after, counts)
        before[:] = after
        frames += 1
    return frames


@inner
def glance(game: Game, out: Glance) -> None:
    for player in range(2):
        base = player * PLAYER_SIZE
        out[player, 0] = game[base + NEXT_ACTION]
        out[player, 1] = game[base + COMBO]
        out[player, 2] = game[base + ATTACK_SIZE]


@entry
def count_frame(before: Glance, after: Glance, counts: npt.NDArray[np.int64]) -> None:
    """Count what happened in a frame. `counts`: (players, 4)."""
    for player in range(counts.shape[0]):
        other = 1 - player
        if after[player, 1] > before[player, 1]:
            counts[player, LINES] += after[player, 1] - before[player, 1]
            counts[player, PASSES] += 1
        if before[player, 0] != CHECK_ATTACK:
            continue
        if counts.shape[0] == 2 and before[player, 1] >= 2:
            counts[player, SENT] += before[player, 1]
        if after[player, 0] == PLACED:
            size = int(before[other, 2])
            if other == 0 and before[0, 0] == CHECK_ATTACK and before[0, 1] >= 2:
                size += before[0, 1]  # player 1's turn came first, in this very frame
            counts[player, RECEIVED] += min(size, 4)


@inner
def is_open(game: Game, pending: npt.NDArray[np.int64], players: int) -> bool:
    for player in range(players):
        if is_deciding(game, player) and pending[player, 0] == pending[player, 1]:
            return True
    return False


@inner
def is_deciding(game: Game, player: int) -> bool:
    return bool(
        game[OUTCOME] == PLAYING
        and player < game[PLAYERS]
        and game[player * PLAYER_SIZE + NEXT_ACTION] == FALL
    )


@inner
def next_buttons(script: Script, pending: npt.NDArray[np.int64]) -> int:
    played = pending[1]
    if played == pending[0]:
        return np.uint8(0)  # type: ignore[return-value]
    pending[1] = played + 1
    return script[played]  # type: ignore[no-any-return]


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
def find_scripts(
    games: Games,
    placements: npt.NDArray[np.int64],
    traced: bool,
    buffers: Buffers,
    scripts: Scripts,
    pending: Pending,
) -> int:
    """Give falling pills their scripts. `placements`: (N, players), -1: none.

    `traced`: do not try the simple ways first. Returns -1, or N x players + player of the first that
    cannot be.
    """
    for index in range(placements.shape[0]):
        for player in range(placements.shape[1]):
            placement = placements[index, player]
            if placement == NO_PLACEMENT:
                continue
            length = -1
            if pending[index, player, 0] == pending[index, player, 1]:
                length = find_script(
                    games[index], player, placement, traced, buffers, scripts[index, player]
                )
            if length < 0:
                return int(index * placements.shape[1] + player)
            pending[index, player, 0], pending[index, player, 1] = length, 0
    return -1


@inner
def find_script(
    game: Game, player: int, placement: int, traced: bool, buffers: Buffers, script: Script
) -> int:
    if not is_deciding(game, player):
        return -1
    rotation, y, x = placement >> 7, 15 - (placement >> 3 & 15), placement & 7
    if not traced:
        frames = straight_script(game, player, x, y, rotation, script)
        if frames > 0:
            return frames
        frames = tucked_script(game, player, x, y, rotation, script)
        if frames > 0:
            return frames
    room, reached, last, rest = buffers
    reach(game, player, room, reached, last, rest)
    bit = rotation * 8 + x
    if rest[y] >> bit & 1 == 0:
        return -1
    return traced_script(game, player, y, bit, room, reached, last, script)
