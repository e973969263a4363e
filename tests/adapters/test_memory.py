"""Games of the emulators open their memory, in this process and in one of their own."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from arcade_rl.cli.experiment import resolve_target
from arcade_rl.envs.conformance.memory import memory_faults
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.playback.explorer import Explorer


@pytest.mark.parametrize(("target", "size"), [("ale", 128), ("retro", 65536)])
def test_memory_is_what_is_declared(target: str, size: int) -> None:
    resolved = resolve_target(target, ())
    assert resolved.declaration.memory_bytes == size
    assert list(memory_faults(resolved.game, resolved.options, resolved.declaration)) == []


def test_the_points_of_pong_are_found() -> None:
    """The opponent's points lie at 13; the game's own reward falls by one for each."""
    with closing(Explorer(resolve_target("ale", ["options.id=Pong"]), None)) as explorer:
        explorer.do("play 1200")
        explorer.do("find return")
        assert 13 in [proposal.address for proposal in explorer.proposals[:3]]
        explorer.do("poke 13 20")
        explorer.do("play 200")
        assert np.count_nonzero(explorer.machine.picture)


def test_atari_games_serve_as_the_wrappers_of_published_scores_do() -> None:
    """A paddle of Breakout that nobody moves scores about 1.3 points a game there."""
    resolved = resolve_target("ale", ["options.id=breakout"])
    with closing(resolved.game.make_env(resolved.options, 2, "evaluation")) as env:
        env.reset(HashedSeeds(0, 2))
        returns, sums = list[float](), np.zeros(2)
        while len(returns) < 16:
            batch = env.step(np.zeros(2, np.int64))
            sums += np.asarray(batch.rewards)
            over = np.asarray(batch.terminated)
            returns += sums[over].tolist()
            sums[over] = 0.0
    assert 0.4 < np.mean(returns) < 3.0
    waits = resolve_target("ale", ["options.id=breakout", "options.serve=false"])
    with closing(waits.game.make_env(waits.options, 1, "evaluation")) as env:
        env.reset(HashedSeeds(0, 1))
        assert not any(env.step(np.zeros(1, np.int64)).terminated[0] for _ in range(300))
