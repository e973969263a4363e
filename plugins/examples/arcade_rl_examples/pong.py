"""Atari Pong, from memory or from pictures."""

from arcade_rl.adapters.ale import AleGame
from arcade_rl.adapters.measures import byte, rise, score, sign
from arcade_rl.adapters.observing import Pictures, Ram
from arcade_rl.hookspecs import hookimpl

BALL_X, BALL_Y, ENEMY_Y, PLAYER_Y = 49, 54, 50, 51
ENEMY_POINTS, PLAYER_POINTS = 13, 14


class Pong(AleGame):
    name = "pong"
    summary = "Atari Pong on ale-py: return the ball until somebody has 21 points."
    rom = "pong"
    buttons = ("NOOP", "RIGHT", "LEFT")
    observe = {  # noqa: RUF012
        "ram": Ram(BALL_X, BALL_Y, ENEMY_Y, PLAYER_Y, stack=3),
        "pictures": Pictures(),
    }
    metrics = (
        score(unit="points"),
        byte("won", PLAYER_POINTS, "Won", better="up", is_event=True, least=0, most=21),
        byte("lost", ENEMY_POINTS, "Lost", better="down", is_event=True, least=0, most=21),
    )
    terms = (sign(), rise("won", 0.0, of="won"), rise("lost", 0.0, of="lost"))


@hookimpl
def arcade_rl_games() -> list[Pong]:
    return [Pong()]
