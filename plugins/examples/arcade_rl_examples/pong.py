"""Atari Pong, from memory or from pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from arcade_rl.adapters.ale import AleGame
from arcade_rl.adapters.measures import byte, rise, score, sign, term
from arcade_rl.adapters.observing import Observing, Pictures
from arcade_rl.hookspecs import hookimpl

BALL_X, BALL_Y, ENEMY_Y, PLAYER_Y = 49, 54, 50, 51
ENEMY_POINTS, PLAYER_POINTS = 13, 14
LEVEL = 7  # the ball is level with the middle of a paddle where its byte is so much larger


def off(ram: Any) -> float:
    """How far the ball is below the middle of the agent's paddle, in lines of the picture."""
    return float(ram[BALL_Y]) - float(ram[PLAYER_Y]) - LEVEL


def is_level(ram: Any) -> bool:
    return bool(ram[BALL_Y] > 0) and abs(off(ram)) < 8  # the byte is 0 while no ball is there


class Court(Observing):
    """Where ball and paddles are, and how far the ball is above or below the agent's paddle, in each of
    the last three steps."""

    reads_memory, stack = True, 3
    space = spaces.Box(-4, 4, (5,), np.float32)

    def see(self, pictures: Sequence[Any], ram: Any, is_first: bool) -> Any:
        where = ram[[BALL_X, BALL_Y, ENEMY_Y, PLAYER_Y]].astype(np.float32)
        return np.append((where - 128) / 64, np.float32(np.clip(off(ram) / 16, -4, 4)))


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
    terms = (
        sign(),
        rise("won", 0.0, of="won"),
        rise("lost", 0.0, of="lost"),
        term("level", 0.0, "1 while the paddle is level with the ball", lambda _, now, __: float(is_level(now.ram))),
    )  # fmt: skip


@hookimpl
def arcade_rl_games() -> list[Pong]:
    return [Pong()]
