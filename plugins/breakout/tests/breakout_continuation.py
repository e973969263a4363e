"""Environments in the middle of their episodes: what they play from there, here or in a new process."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import SeedSource, VectorEnv
from arcade_rl.envs.conformance.play import Digest, digest_step, hash_row
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl_breakout.features import FeaturesEnv
from arcade_rl_breakout.options import BreakoutOptions
from breakout_episodes import make

WHOLE = 6
"""Environments that actions and seeds are made for; one plays some of these rows."""


def later_seeds(rows: Sequence[int]) -> SeedSource:
    return GivenSeeds([[100 * row + count for count in range(30)] for row in rows])


def steps_of(env: VectorEnv, rows: Sequence[int], steps: int, seed: int = 1) -> list[list[Digest]]:
    """Digests of random steps, by row; the actions of a row are its own. (rows, steps)"""
    actions = np.random.default_rng(seed).integers(0, 3, (steps, WHOLE))[:, list(rows)]
    found: list[list[Digest]] = [[] for _ in rows]
    for chosen in actions:
        batch = env.step(chosen)
        for index, digests in enumerate(found):
            seen = hash_row(batch.observations, index)
            seed_of = str(batch.episode_seeds[index])
            digests.append({**digest_step(batch, index), "observation": seen, "seed": seed_of})
    return found


def restored(
    table: str, saved: dict[str, npt.NDArray[np.generic]], rows: Sequence[int], steps: int
) -> list[list[Digest]]:
    """What these rows of a saved state play in an environment of their own, the observation first."""
    with closing(make(BreakoutOptions.model_validate_json(table), len(rows), "training")) as env:
        assert isinstance(env, FeaturesEnv)
        chosen = {name: array[list(rows)] for name, array in saved.items()}
        first = env.restore(chosen, later_seeds(rows))
        return [
            [{"observation": hash_row(first, index)}, *digests]
            for index, digests in enumerate(steps_of(env, rows, steps))
        ]


if __name__ == "__main__":
    with np.load(sys.argv[2], allow_pickle=False) as arrays:
        saved = dict(arrays)
    print(json.dumps(restored(sys.argv[1], saved, json.loads(sys.argv[3]), int(sys.argv[4]))))
