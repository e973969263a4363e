"""A player that looks ahead in a copy of the emulator, so that tests reach upper rows and new walls."""

from __future__ import annotations

import ale_py
import numpy as np

from arcade_rl_breakout.console import FIRE, LEFT, NOOP, RIGHT, open_emulator
from arcade_rl_breakout.memory import BALL_VELOCITY_Y, BALL_X, BALL_Y, LIVES, PADDLE_X
from arcade_rl_breakout.options import FRAME_SKIP

TRIES = 60


class Player:
    """Chooses a button for every step; loses balls only once `steps` are over."""

    def __init__(self, seed: int, steps: int) -> None:
        self._random = np.random.default_rng(seed)
        self._left = steps
        self._plan: list[int] = []
        self._copy = open_emulator()

    def choose(self, ale: ale_py.ALEInterface) -> int:
        """The button for the emulator's next step."""
        ram = ale.getRAM()
        self._left -= 1
        if ram[BALL_Y] == 0:
            self._plan = []
            return FIRE
        if self._left < 0:
            return NOOP
        fall, y = int(ram[BALL_VELOCITY_Y : BALL_VELOCITY_Y + 1].view(np.int8)[0]), int(ram[BALL_Y])
        if not self._plan and fall > 0 and 110 < y < 172:
            self._plan = self._search(ale, (176 - y) // (FRAME_SKIP * fall) + 2)
        if self._plan:
            return self._plan.pop(0)
        gap = int(ram[BALL_X]) - int(ram[PADDLE_X]) - 7
        return RIGHT if gap > 24 else LEFT if gap < -24 else NOOP

    def _search(self, ale: ale_py.ALEInterface, steps: int) -> list[int]:
        start, ram = ale.cloneState(), ale.getRAM()
        toward = RIGHT if ram[BALL_X] > ram[PADDLE_X] + 8 else LEFT
        plan: list[int] = []
        for attempt in range(TRIES):
            plan = self._random.choice([NOOP, RIGHT, LEFT], steps).tolist()
            if attempt % 2 == 0:
                moves = int(self._random.integers(0, steps + 1))
                plan = [toward] * moves + [NOOP] * (steps - moves)
            self._copy.restoreState(start)
            length = _hits(self._copy, plan)
            if length:
                return plan[:length]
        return plan


def _hits(ale: ale_py.ALEInterface, plan: list[int]) -> int:
    """Steps of the plan after which the ball rises again; 0 if it is lost."""
    lives = ale.lives()
    for number, button in enumerate(plan, start=1):
        for _ in range(FRAME_SKIP):
            ale.act(button)
        ram = ale.getRAM()
        if ram[LIVES] < lives:
            return 0
        if ram[BALL_VELOCITY_Y] >= 128:
            return number
    return 0
