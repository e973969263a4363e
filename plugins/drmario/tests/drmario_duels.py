"""Games of two seats, with opponents of the game itself on the other one."""

from __future__ import annotations

from typing import Any

import numpy as np

from arcade_rl.contracts import Asked, Purpose, StepBatch
from arcade_rl.envs.seats import Member, Seated
from arcade_rl.envs.seeds import EpisodeSeeds
from arcade_rl.envs.table import Table
from arcade_rl_drmario.baselines import make_baseline
from arcade_rl_drmario.environment import VersusEnv
from arcade_rl_drmario.options import DrMarioOptions


def seated(options: DrMarioOptions, opponent: str, num_envs: int, purpose: Purpose = "evaluation") -> Table:  # fmt: skip
    """Environments that note what this opponent answers."""
    table = Table(VersusEnv(options, num_envs, purpose))
    member = Member(-1, opponent, make_baseline(opponent, options))
    table.set_opponents(Seated([[member]], [], num_envs))
    return table


def play(env: Any, options: DrMarioOptions, name: str, steps: int) -> list[tuple[Any, StepBatch]]:
    """(actions, step) of so many steps in which this baseline sits on the learner's seat."""
    seen, player = env.reset(EpisodeSeeds(1, env.num_envs)), make_baseline(name, options)
    rows, found = np.arange(env.num_envs), []
    for step in range(steps):
        asked = Asked(rows, rows, np.full(env.num_envs, step), seen, env.action_masks())
        actions = player.choose(asked)
        batch = env.step(actions)
        seen = batch.observations
        found.append((actions, batch))
    return found
