"""Atari Pong, from memory or from pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from arcade_rl.adapters.ale import AleGame
from arcade_rl.adapters.measures import byte, rise, score, sign
from arcade_rl.adapters.observing import Observing, Pictures
from arcade_rl.hookspecs import hookimpl

BALL_X, BALL_Y, ENEMY_Y, PLAYER_Y = 49, 54, 50, 51
ENEMY_POINTS, PLAYER_POINTS = 13, 14
LEVEL = 7  # the ball is level with the middle of a paddle where its byte is so much larger


class Court(Observing):
    """Where ball and paddles are, and how far the ball is above or below the agent's paddle, in each of
    the last three steps."""

    reads_memory, stack = True, 3
    space = spaces.Box(-4, 4, (5,), np.float32)

    def see(self, pictures: Sequence[Any], ram: Any, is_first: bool) -> Any:
        where = ram[[BALL_X, BALL_Y, ENEMY_Y, PLAYER_Y]].astype(np.float32)
        off = np.clip((where[1] - where[3] - LEVEL) / 16, -4, 4)
        return np.append((where - 128) / 64, off)


class Pong(AleGame):
    name = "pong"
    summary = "Atari Pong on ale-py: return the ball until somebody has 21 points."
    rom = "pong"
    buttons = ("NOOP", "RIGHT", "LEFT")
    observe = {  # noqa: RUF012
        "ram": Court(),
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
