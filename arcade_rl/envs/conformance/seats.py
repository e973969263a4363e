"""Checks that opponents are asked, and that their answers play an episode again without them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Declaration, Game, Replies, StepBatch, VectorEnv
from arcade_rl.envs.arrays import actions_for
from arcade_rl.envs.conformance.arrays import as_numpy
from arcade_rl.envs.conformance.play import Digest, RandomPlayer, Seeds, digest_step, opened
from arcade_rl.envs.seats import RecordedOpponents
from arcade_rl.envs.table import Table

SEED = 51


def seat_faults(game: Game, options: Any, declaration: Declaration, steps: int) -> Iterator[str]:
    """Faults of an episode, up to `steps` steps, with the game's own opponents and without them."""
    with opened(game, options, 1, "training") as env:
        if not isinstance(env, Table):
            return  # another check reports what is missing
        actions, batches = _play(env, steps)
        expected = [digest_step(batch, 0) for batch in batches]
        replies = [batch.replies for batch in batches if batch.replies is not None]
    counts = np.concatenate([told.counts for told in replies])
    if not counts.any():
        yield f"opponents were not asked in {len(batches)} steps; expected choose to be called"
    answers = np.concatenate([told.actions for told in replies])
    with opened(game, options, 1, "training") as env:
        assert isinstance(env, Table)
        env.set_opponents(RecordedOpponents([[Replies(counts, answers)]]))
        for step, found in enumerate(_replay(env, actions), start=1):
            if found != expected[step - 1]:
                names = ", ".join(name for name in found if found[name] != expected[step - 1][name])
                yield (
                    f"step {step} differs in {names} when the recorded answers are given again without the "
                    "opponents; expected the same"
                )
                return


def _play(env: VectorEnv, steps: int) -> tuple[list[npt.NDArray[Any]], list[StepBatch]]:
    """Actions and batches of one episode, up to `steps` steps."""
    player = RandomPlayer(env, Seeds([[SEED]]))
    actions, batches = list[npt.NDArray[Any]](), list[StepBatch]()
    for _ in range(steps):
        actions.append(player.choose())
        batches.append(_copied(player.step(actions[-1])))
        if player.advance(batches[-1])[0]:
            break
    return actions, batches


def _copied(batch: StepBatch) -> StepBatch:
    """The step, after its arrays were replaced by copies, which the next step does not change."""
    for name in batch.__slots__:
        value = getattr(batch, name)
        if hasattr(value, "shape"):
            setattr(batch, name, as_numpy(value).copy())
    return batch


def _replay(env: VectorEnv, actions: list[npt.NDArray[Any]]) -> Iterator[Digest]:
    first = env.reset(Seeds([[SEED]]))
    for rows in actions:
        yield digest_step(env.step(actions_for(rows, first)), 0)
