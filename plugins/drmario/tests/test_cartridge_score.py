"""Points of a single player."""

import pytest

from arcade_rl_drmario.console import Console
from cartridge_player import (
    BLUE,
    FALL,
    HI,
    LOW,
    MED,
    P1,
    RED,
    SCORE,
    TOP_SCORE,
    draw,
    hold_pill,
    land,
    next_pill,
    run_until,
    to_play,
)


def shown(console: Console, address: int = SCORE) -> int:
    digits = [str(console.read(address + place)) for place in reversed(range(6))]
    return int("".join(digits)) * 10


def set_score(console: Console, points: int) -> None:
    console.write(SCORE, *[points // 10 // 10**place % 10 for place in range(6)])


def kill(console: Console, count: int) -> None:
    """A line that kills up to seven red viruses."""
    cells = ["Vr"] * count + ["Sr"] * (7 - count)
    draw(console, " ".join(["..", *cells]))
    hold_pill(console, x=0, y=0, rotation=1, colours=(RED, BLUE))
    land(console)
    next_pill(console)
    run_until(console, lambda: console.read(P1.next_action) == FALL)


@pytest.mark.parametrize(
    ("speed", "killed", "points"),
    [
        (LOW, 0, 0),
        (LOW, 1, 100),
        (LOW, 2, 300),
        (LOW, 3, 700),
        (LOW, 4, 1500),
        (LOW, 5, 3100),
        (LOW, 6, 6300),
        (LOW, 7, 9500),
        (MED, 1, 200),
        (MED, 7, 19000),
        (HI, 1, 300),
        (HI, 6, 18900),
        (HI, 7, 28500),
    ],
)
def test_viruses_of_one_pill_score_twice_as_much_each(
    playing: Console, speed: int, killed: int, points: int
) -> None:
    playing.write(P1.speed, speed)
    kill(playing, killed)
    assert shown(playing) == points
    assert playing.read(P1.viruses_left) == int(str(80 - killed), 16)


def test_every_pill_begins_again(playing: Console) -> None:
    kill(playing, 2)
    kill(playing, 1)
    assert shown(playing) == 200 + 400 + 200


def test_a_chain_is_one_pill(playing: Console) -> None:
    draw(playing, "Vr Vr Vr .. .. .. .. .. .. .. .. Vy .. .. .. .. .. .. .. .. .. Vb Vb Vb ")
    hold_pill(playing, x=3, y=2, colours=(RED, BLUE))
    land(playing)
    next_pill(playing)
    assert shown(playing) == 200 * 63


def test_points_carry(playing: Console) -> None:
    set_score(playing, 99_900)
    kill(playing, 1)
    assert shown(playing) == 100_100


def test_the_highest_digit_stays_at_nine(playing: Console) -> None:
    set_score(playing, 9_999_900)
    kill(playing, 1)
    assert playing.read(SCORE + 5) == 9


def test_the_top_score_follows_a_higher_score(playing: Console) -> None:
    assert shown(playing, TOP_SCORE) == 10_000
    kill(playing, 1)
    assert shown(playing, TOP_SCORE) == 10_000
    set_score(playing, 9_900)
    kill(playing, 1)
    assert shown(playing) == shown(playing, TOP_SCORE) == 10_100


def test_two_players_have_no_score(console: Console) -> None:
    to_play(console, players=2)
    console.write(P1.viruses_left, 0x80)
    kill(console, 3)
    assert console.read(P1.viruses_left) == 0x77
    assert shown(console) == 0
