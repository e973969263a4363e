"""A whole game by buttons, and many frames of nonsense."""

import random

import pytest

from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import START
from cartridge_player import (
    LATE_FRAMES,
    MODE,
    P1,
    P2,
    PLACED,
    PLAY,
    WHO_WON,
    draw,
    frames,
    play_pill,
    run_until_mode,
    tap,
    to_play,
)

PILLS = [
    (0, 2), (0, 1), (1, 0), (2, 1), (2, 0), (4, 0), (2, 0), (5, 0), (0, 1), (3, 1), (0, 1), (3, 0),
    (5, 2), (0, 1), (7, 1), (2, 0), (6, 0),
]  # fmt: skip
"""Column and rotation of every pill of a game at level 0 from $8988."""

LEFT_AFTER = [4, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0]
"""Viruses left after each of them."""


def test_a_game_played_to_a_win(console: Console) -> None:
    to_play(console, seed=0x8988, level=0)
    late = console.read(LATE_FRAMES)
    left = []
    for column, rotation in PILLS:
        play_pill(console, column, rotation)
        left.append(console.read(P1.viruses_left))
    assert left == LEFT_AFTER
    assert (console.read(MODE), console.read(WHO_WON)) == (PLAY, 1)
    assert console.read(LATE_FRAMES) == late
    frames(console, 70)
    tap(console, START)
    run_until_mode(console, PLAY)
    assert console.read(P1.level) == 1
    assert console.read(P1.viruses_left) == 0x08


@pytest.mark.parametrize("players", [1, 2])
def test_random_buttons_never_make_the_main_loop_late(console: Console, players: int) -> None:
    to_play(console, seed=0x1D2C, level=14, speed=2, players=players)
    late = console.read(LATE_FRAMES)
    chooser = random.Random(players)
    pills = console.read(P1.pill_counter_low), console.read(P2.pill_counter_low)
    for _ in range(700):
        held = chooser.choice([0, 1, 2, 4, 4, 0x81, 0x42]), chooser.choice([0, 1, 2, 4, 4, 0x81])
        frames(console, chooser.randrange(1, 4), *held)
        assert console.read(LATE_FRAMES) == late
    assert console.read(P1.pill_counter_low) != pills[0]
    assert (console.read(P2.pill_counter_low) != pills[1]) == (players == 2)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param("Sy Sr Sb Sy Sr Sb Sy Sr " * 9 + ".. " * 8, id="72 singles fall"),
        pytest.param("Ly Rr Lb Ry Lr Rb Ly Rr " * 9 + ".. " * 8, id="36 pills fall"),
        pytest.param("Vy Vr Vb Vy Vr Vb Vy Vr " * 4, id="8 lines with 32 viruses"),
        pytest.param("Vy Vr Vb Vy Vr Vb Vy Vr " * 3 + "Vr Vr Vr Vr Vb Vb Vb Vb ", id="two lines"),
    ],
)
def test_both_players_may_have_much_to_do_in_one_frame(console: Console, picture: str) -> None:
    to_play(console, level=20, players=2)
    for pad in (P1, P2):
        draw(console, picture, pad)
        console.write(pad.viruses_left, 0x84)
        console.write(pad.placed_step, 0)
        console.write(pad.next_action, PLACED)
    late = console.read(LATE_FRAMES)
    frames(console, 60)
    assert console.read(LATE_FRAMES) == late
