"""What follows a placed pill: lines of four, loose pieces that fall, chains, points."""

from __future__ import annotations

from arcade_rl_drmario.simulator.compiled import inner
from arcade_rl_drmario.simulator.state import (
    ATTACK_COLOURS,
    BOTTOM,
    CLEARED,
    COMBO,
    EMPTIED,
    EMPTY,
    FIELD,
    FIELD_SIZE,
    LEFT,
    MATCH_FLAG,
    NEXT_ACTION,
    PLACED_STEP,
    PLAYER_SIZE,
    PLAYERS,
    RIGHT,
    SCORE,
    SCORE_DIGITS,
    SCORE_MULTIPLIER_INDEX,
    SINGLE,
    SPEED,
    STATUS,
    TOP,
    VIRUS,
    VIRUSES_ALIVE,
    VIRUSES_LEFT,
    Game,
)

IDLE, REDRAW_ALL = 0xFF, 15
LINE = 4
TOP_DOUBLING = 5
"""The sixth virus of a pill and all later ones are worth 32 times the first."""


@inner
def resolve(game: Game, player: int) -> None:
    """One frame after a pill, or garbage, was placed; the steps are those of $0307."""
    base, field = player * PLAYER_SIZE, FIELD + player * FIELD_SIZE
    step = game[base + PLACED_STEP]
    if step == 0:
        game[base + COMBO] = 0
        game[base + SCORE_MULTIPLIER_INDEX] = 0
    elif step == 3:
        if game[base + STATUS] != IDLE:
            return
        if drop_loose(game, field):
            game[base + STATUS] = REDRAW_ALL
            return
    elif step == 4:
        game[base + MATCH_FLAG] = 0
    elif step == 5:
        match_rows(game, player)
    elif step == 6:
        match_columns(game, player)
    elif step == 7 and game[base + MATCH_FLAG]:
        clear_marked(game, field)
        game[base + STATUS] = REDRAW_ALL
        game[base + PLACED_STEP] = 3
        return
    elif step == 8:
        game[base + NEXT_ACTION] = 2
        return
    game[base + PLACED_STEP] = step + 1


@inner
def drop_loose(game: Game, field: int) -> bool:
    """Every piece with nothing below falls by one row, the lowest first. Whether any did.

    Emptied cells become empty. A half beside which garbage took the other one falls alone.
    """
    moved = False
    for cell in range(field + FIELD_SIZE - 1, field - 1, -1):
        if game[cell] >= EMPTIED:
            game[cell] = EMPTY
    for cell in range(field + FIELD_SIZE - 9, field - 1, -1):
        kind = game[cell] & 0xF0
        if kind >= VIRUS or (kind == RIGHT and game[cell - 1] & 0xF0 == LEFT):
            continue
        if game[cell + 8] < EMPTIED:
            continue
        if kind == LEFT and game[cell + 1] & 0xF0 == RIGHT:
            if game[cell + 9] < EMPTIED:
                continue
            game[cell + 9] = game[cell + 1]
            game[cell + 1] = EMPTY
        game[cell + 8] = game[cell]
        game[cell] = EMPTY
        moved = True
    return moved


@inner
def match_rows(game: Game, player: int) -> None:
    field = FIELD + player * FIELD_SIZE
    for row in range(16):
        match_line(game, player, field + row * 8, 8, 1)


@inner
def match_columns(game: Game, player: int) -> None:
    field = FIELD + player * FIELD_SIZE
    for column in range(8):
        match_line(game, player, field + column, 16, 8)


@inner
def match_line(game: Game, player: int, start: int, length: int, stride: int) -> None:
    """Mark every run of four or more of a colour in one row or column; marked cells count as well."""
    run, colour = 0, 0xFF
    for place in range(length + 1):
        following = 0xFE
        if place < length:
            value = game[start + place * stride]
            following = value & 0x0F if value < EMPTIED else 0xFF
        if following == colour:
            run += 1
            continue
        if run >= LINE and colour != 0xFF:
            mark_run(game, player, start + (place - run) * stride, run, stride)
        run, colour = 1, following


@inner
def mark_run(game: Game, player: int, start: int, length: int, stride: int) -> None:
    base = player * PLAYER_SIZE
    colour = game[start] & 0x0F
    game[base + MATCH_FLAG] = 1
    if game[base + COMBO] < 4:
        game[base + ATTACK_COLOURS + game[base + COMBO]] = colour
    game[base + COMBO] += 1
    for place in range(length):
        cell = start + place * stride
        if game[cell] & 0xF0 == VIRUS:
            kill_virus(game, base, colour)
        game[cell] = CLEARED + colour


@inner
def kill_virus(game: Game, base: int, colour: int) -> None:
    left = game[base + VIRUSES_LEFT] - 1
    game[base + VIRUSES_LEFT] = left - 6 if left & 15 > 9 else left
    game[VIRUSES_ALIVE + colour] -= 1
    doublings = game[base + SCORE_MULTIPLIER_INDEX]
    if doublings < TOP_DOUBLING:
        game[base + SCORE_MULTIPLIER_INDEX] += 1
    if game[PLAYERS] == 1:
        add_score(game, (game[base + SPEED] + 1) << doublings)


@inner
def add_score(game: Game, hundreds: int) -> None:
    """The lowest digit stands for tens; the highest stays at 9."""
    for _ in range(hundreds):
        digit = SCORE + 1
        while digit < SCORE + SCORE_DIGITS and game[digit] == 9:
            game[digit] = 0
            digit += 1
        if digit < SCORE + SCORE_DIGITS:
            game[digit] += 1
        else:
            game[digit - 1] = 9


@inner
def clear_marked(game: Game, field: int) -> None:
    """Marked cells become emptied ones; halves whose other half is gone become singles."""
    for cell in range(field, field + FIELD_SIZE):
        if game[cell] & 0xF0 == CLEARED:
            game[cell] += EMPTIED - CLEARED
    for cell in range(field, field + FIELD_SIZE):
        kind = game[cell] & 0xF0
        if (
            (kind == TOP and game[cell + 8] & 0xF0 != BOTTOM)
            or (kind == BOTTOM and game[cell - 8] & 0xF0 != TOP)
            or (kind == LEFT and game[cell + 1] & 0xF0 != RIGHT)
            or (kind == RIGHT and game[cell - 1] & 0xF0 != LEFT)
        ):
            game[cell] += SINGLE - kind
