"""One frame of a game: both players' turns, garbage between them, and how it ends."""

from __future__ import annotations

from arcade_rl_drmario.simulator.compiled import inner
from arcade_rl_drmario.simulator.falling import MOST_SPEEDUPS, fall, stamp
from arcade_rl_drmario.simulator.level import fill_fields, fill_reserve
from arcade_rl_drmario.simulator.resolving import IDLE, resolve
from arcade_rl_drmario.simulator.state import (
    ATTACK_COLOURS,
    ATTACK_SIZE,
    COMBO,
    DRAWN,
    EMPTIED,
    FIELD,
    FIELD_SIZE,
    FIRST_COLOUR,
    FIRST_WON,
    FRAME_COUNTER,
    HELD,
    LEVEL,
    LEVEL_FAIL,
    LOST,
    MODE,
    MODE_FAILED,
    MODE_PLAYING,
    NEXT_ACTION,
    NEXT_FIRST_COLOUR,
    NEXT_SECOND_COLOUR,
    OUTCOME,
    PILL_COUNTER,
    PLACED_STEP,
    PLAYER_SIZE,
    PLAYERS,
    PLAYING,
    PRESSED,
    RESERVE,
    RESERVE_INDEX,
    ROTATION,
    SECOND_COLOUR,
    SECOND_WON,
    SINGLE,
    SPEED,
    SPEEDUPS,
    STATUS,
    THROW_FRAME,
    VICTORIES,
    VIRUSES_LEFT,
    Game,
    X,
    Y,
)

FALL, PLACED, CHECK_ATTACK, SENT, NONE, FOLLOWING, SEND = range(7)
"""What a player's turn does, $0317."""
THROW_LENGTH = 22
"""Frames from the throw to the pill's appearance, one player; LOW counts every second."""


@inner
def start_level(game: Game, most_viruses: int) -> None:
    """Up to the frame before the first throw. Levels, speeds, players and random state are set."""
    fill_reserve(game)
    fill_fields(game, most_viruses)
    game[MODE] = MODE_PLAYING
    game[OUTCOME] = PLAYING
    game[THROW_FRAME] = 0
    for player in range(2 if game[PLAYERS] == 2 else 1):
        start_player(game, player)


@inner
def start_player(game: Game, player: int) -> None:
    """Set back all but level, speed, victories and what the viruses' placing has counted."""
    base = player * PLAYER_SIZE
    level, speed = game[base + LEVEL], game[base + SPEED]
    victories, viruses = game[base + VICTORIES], game[base + VIRUSES_LEFT]
    game[base : base + PLAYER_SIZE] = 0
    game[base + LEVEL], game[base + SPEED] = level, speed
    game[base + VICTORIES], game[base + VIRUSES_LEFT] = victories, viruses
    next_pill(game, player)
    next_pill(game, player)
    game[base + PILL_COUNTER] = 1
    game[base + STATUS] = IDLE
    game[base + NEXT_ACTION] = SEND


@inner
def next_pill(game: Game, player: int) -> None:
    base = player * PLAYER_SIZE
    game[base + FIRST_COLOUR] = game[base + NEXT_FIRST_COLOUR]
    game[base + SECOND_COLOUR] = game[base + NEXT_SECOND_COLOUR]
    pill = game[RESERVE + game[base + RESERVE_INDEX]]
    game[base + NEXT_FIRST_COLOUR] = pill // 3
    game[base + NEXT_SECOND_COLOUR] = pill % 3
    game[base + RESERVE_INDEX] = (game[base + RESERVE_INDEX] + 1) & 127
    game[base + X], game[base + Y], game[base + ROTATION] = 3, 15, 0


@inner
def count_pill(game: Game, base: int) -> None:
    """Every tenth pill that the preview shows makes the game faster."""
    count = game[base + PILL_COUNTER] + 1
    if count & 15 > 9:
        count += 6
        if game[base + SPEEDUPS] < MOST_SPEEDUPS:
            game[base + SPEEDUPS] += 1
    if count > 0x99:
        count = 0
        hundreds = game[base + PILL_COUNTER + 1] + 1
        game[base + PILL_COUNTER + 1] = hundreds + 6 if hundreds & 15 > 9 else hundreds
    game[base + PILL_COUNTER] = count


@inner
def send_pill(game: Game, player: int) -> None:
    """Alone a thrower takes its time; with two players the pill is there at once."""
    base, field = player * PLAYER_SIZE, FIELD + player * FIELD_SIZE
    if game[PLAYERS] == 1:
        if game[base + SPEED] == 0 and game[FRAME_COUNTER] & 1:
            return
        game[THROW_FRAME] += 1
        if game[THROW_FRAME] < THROW_LENGTH:
            return
        game[THROW_FRAME] = 0
    next_pill(game, player)
    count_pill(game, base)
    game[base + NEXT_ACTION] = SENT
    if game[field + 3] < EMPTIED or game[field + 4] < EMPTIED:
        stamp(game, player)
        game[base + LEVEL_FAIL] = 1
        game[base + NEXT_ACTION] = NONE


@inner
def check_attack(game: Game, player: int) -> None:
    """Two lines or more wait for the other player; then what waits for this one comes down."""
    base, field = player * PLAYER_SIZE, FIELD + player * FIELD_SIZE
    game[base + NEXT_ACTION] = FOLLOWING
    if game[PLAYERS] == 2:
        other = PLAYER_SIZE - base
        if game[base + COMBO] >= 2:
            game[base + ATTACK_SIZE] += game[base + COMBO]
        if game[other + ATTACK_SIZE] >= 2:
            throw_garbage(game, field, other)
            game[other + ATTACK_SIZE] = 0
            game[base + NEXT_ACTION] = PLACED
            game[base + PLACED_STEP] = 0
            game[base + STATUS] = 0
    game[base + COMBO] = 0


@inner
def throw_garbage(game: Game, field: int, other: int) -> None:
    size = min(game[other + ATTACK_SIZE], 4)
    column = game[FRAME_COUNTER] & (1 if size == 4 else 3)
    step = 4 if size == 2 else 2
    for piece in range(size):
        colour = game[other + ATTACK_COLOURS + piece]
        game[field + column + piece * step] = SINGLE + colour


@inner
def take_turn(game: Game, player: int) -> None:
    base = player * PLAYER_SIZE
    action = game[base + NEXT_ACTION]
    if action == FALL:
        fall(game, player)
    elif action == PLACED:
        resolve(game, player)
    elif action == CHECK_ATTACK:
        check_attack(game, player)
    elif action == SENT:
        game[base + NEXT_ACTION] = FALL
    elif action == FOLLOWING:
        game[base + NEXT_ACTION] = SEND
    elif action == SEND:
        send_pill(game, player)


@inner
def run_frame(game: Game, first_buttons: int, second_buttons: int) -> None:
    """One frame; a game that has ended stays as it is."""
    if game[OUTCOME] != PLAYING:
        return
    players = 2 if game[PLAYERS] == 2 else 1
    game[FRAME_COUNTER] += 1
    for player in range(players):
        if game[player * PLAYER_SIZE + STATUS] != IDLE:
            game[player * PLAYER_SIZE + STATUS] -= 1
        buttons = second_buttons if player else first_buttons
        game[PRESSED + player] = buttons & ~game[HELD + player]
        game[HELD + player] = buttons
    for player in range(players):
        take_turn(game, player)
    check_win(game)
    if game[OUTCOME] == PLAYING:
        check_fail(game)


@inner
def check_win(game: Game) -> None:
    first = game[VIRUSES_LEFT] == 0
    second = game[PLAYERS] == 2 and game[PLAYER_SIZE + VIRUSES_LEFT] == 0
    if first:
        game[VICTORIES] += 1
        game[OUTCOME] = FIRST_WON
    if second:
        game[PLAYER_SIZE + VICTORIES] += 1
        game[OUTCOME] = DRAWN if first else SECOND_WON


@inner
def check_fail(game: Game) -> None:
    first = game[LEVEL_FAIL] == 1
    second = game[PLAYERS] == 2 and game[PLAYER_SIZE + LEVEL_FAIL] == 1
    if not (first or second):
        return
    game[MODE] = MODE_FAILED
    if game[PLAYERS] == 1:
        game[OUTCOME] = LOST
    elif first and second:
        game[OUTCOME] = DRAWN
    elif first:
        game[PLAYER_SIZE + VICTORIES] += 1
        game[OUTCOME] = SECOND_WON
    else:
        game[VICTORIES] += 1
        game[OUTCOME] = FIRST_WON
