"""Breakout in processes plays the same games."""

from __future__ import annotations

import numpy as np
import pytest

from arcade_rl.contracts import StepBatch
from arcade_rl.envs.processes import open_processes
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl_breakout.game import Breakout
from arcade_rl_breakout.options import BreakoutOptions

FIELDS = [name for name in StepBatch.__slots__ if name != "final_observations"]


@pytest.mark.parametrize("kind", ["features", "pixels"])
def test_processes_play_the_same_games(kind: str) -> None:
    options = BreakoutOptions.model_validate({"observation": kind})
    game, steps = Breakout(), 250
    own = game.make_env(options, 3, "training")
    apart = open_processes(game, options, game.declare(options), 3, "training", 2)
    try:
        first = [env.reset(HashedSeeds(1, 3)).copy() for env in (own, apart)]
        np.testing.assert_array_equal(*first)
        rng, ends = np.random.default_rng(0), 0
        for _ in range(steps):
            actions = rng.integers(0, 3, 3)
            one, two = own.step(actions), apart.step(actions)
            assert (one.cut is None) == (two.cut is None)
            for name in FIELDS:
                np.testing.assert_array_equal(getattr(one, name), getattr(two, name), name)
            ended = one.terminated | one.truncated
            if ended.any():
                last = [np.asarray(batch.final_observations)[ended] for batch in (one, two)]
                np.testing.assert_array_equal(*last)
            ends += int(ended.sum())
        assert ends > 0
    finally:
        own.close()
        apart.close()
