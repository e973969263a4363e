"""Episodes played with given actions, step by step, and what they are compared by."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Purpose, StepBatch, VectorEnv
from arcade_rl.envs.conformance.play import Traces, trace
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl_breakout import Breakout
from arcade_rl_breakout.options import BreakoutOptions

GAME = Breakout()


def make(options: BreakoutOptions, num_envs: int = 1, purpose: Purpose = "evaluation") -> VectorEnv:
    return GAME.make_env(options, num_envs, purpose)


def metric(batch: StepBatch, options: BreakoutOptions, name: str) -> npt.NDArray[np.float32]:
    """One metric's column. (N,), float32."""
    names = [one.name for one in GAME.declare(options).metrics]
    column: npt.NDArray[np.float32] = batch.metrics[:, names.index(name)]
    return column


def term(batch: StepBatch, options: BreakoutOptions, name: str) -> npt.NDArray[np.float32]:
    """One term's column. (N,), float32."""
    names = [one.name for one in GAME.declare(options).terms]
    column: npt.NDArray[np.float32] = batch.terms[:, names.index(name)]
    return column


def random_steps(env: VectorEnv, steps: int, seed: int = 0) -> Iterator[StepBatch]:
    """Random steps of all environments, from a reset on."""
    actions = np.random.default_rng(seed)
    env.reset(HashedSeeds(seed, env.num_envs))
    space: Any = env.action_space
    for _ in range(steps):
        yield env.step(actions.integers(0, space.n, env.num_envs))


def traces(table: str, queues: Sequence[Sequence[int]], steps: int) -> Traces:
    """Digests of episodes of these seeds, with actions that follow from the seeds."""
    options = BreakoutOptions.model_validate_json(table)
    with closing(make(options, len(queues), "training")) as env:
        return trace(env, queues, steps)


if __name__ == "__main__":
    print(json.dumps(traces(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]))))
