"""How long the checks of a game will take, from a few steps that are timed."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

from arcade_rl.contracts import Declaration, Game
from arcade_rl.envs.conformance.batch import NUM_ENVS
from arcade_rl.envs.conformance.ending import last_frame
from arcade_rl.envs.conformance.play import RandomPlayer, Seeds, opened
from arcade_rl.envs.conformance.screen import play, settings

TIMED_STEPS = 8
STARTING_S = 2.0
"""What the process that plays the episodes again takes to start."""
OPENED = 24
"""How often the checks open environments."""
WALKS = 10
"""How often the checks play the given number of steps in several environments."""
OTHER_STEPS = 800
"""Steps in several environments that the checks play whatever number of steps is given."""
SHOWN = 4
"""How often the checks show an episode under each setting."""


def expected_seconds(game: Game, options: Any, declaration: Declaration, steps: int) -> float:
    """About how long all checks take at most: episodes that end early make them shorter. Seconds."""
    start = time.perf_counter()
    with opened(game, options, NUM_ENVS, "training") as env:
        player = RandomPlayer(env, Seeds([[]] * NUM_ENVS))
        opening, start = time.perf_counter() - start, time.perf_counter()
        for _ in range(TIMED_STEPS):
            player.advance(player.step(player.choose()))
        step = (time.perf_counter() - start) / TIMED_STEPS
    setting, *others = settings(declaration)
    played = play(game, options, TIMED_STEPS, setting)
    with closing(game.make_screen(options, setting.purpose, False)) as screen:
        screen.reset(0)
        start = time.perf_counter()
        for one in played:
            last_frame(screen, declaration, one)
        shown = (time.perf_counter() - start) / len(played)
    count = 1 + len(others)
    return (
        STARTING_S
        + OPENED * opening
        + (WALKS * steps + OTHER_STEPS) * step
        + SHOWN * count * steps * shown
    )
