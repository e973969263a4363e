"""Measures what the door between a game's environments and the core costs a step.

    .venv/bin/python scripts/bench_door.py [--steps 20000] [--repeats 9] [--game breakout]

The environment gives the same batch for ever and takes no time, so the figures are those of the door
alone: microseconds a step with and without it, alternately in the same run, the least of the repeats, as
other processes only add to them. Below is the ratio for a real game's steps.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces

from arcade_rl.contracts import StepBatch
from arcade_rl.envs.door import Door
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.registry import load_game

SHAPES = ((8, (20,), np.float32), (64, (48,), np.float32), (4096, (48,), np.float32), (8, (84, 84, 4), np.uint8))  # fmt: skip
"""Environments, shape and dtype of an observation."""


class Still:
    """Environments whose every step gives the same batch, of a game without terms and metrics."""

    def __init__(self, num_envs: int, shape: tuple[int, ...], dtype: Any, declaration: Any) -> None:
        self.num_envs = num_envs
        self.observation_space = spaces.Box(0, 255, shape, dtype)
        self.action_space = spaces.Discrete(4)
        none = np.zeros(num_envs, np.bool_)
        self._batch = StepBatch(
            observations=np.ones((num_envs, *shape), dtype),
            rewards=np.zeros(num_envs, np.float32),
            terms=np.zeros((num_envs, len(declaration.terms)), np.float32),
            terminated=none,
            truncated=none,
            metrics=np.zeros((num_envs, len(declaration.metrics)), np.float32),
            episode_seeds=np.zeros(num_envs, np.int64),
        )

    def reset(self, seeds: Any, rows: Any = None) -> Any:
        return self._batch.observations

    def step(self, actions: Any) -> StepBatch:
        return self._batch

    def close(self) -> None:
        pass


def microseconds(step: Callable[[Any], object], actions: Any, steps: int) -> float:
    """Time of one step."""
    began = time.perf_counter()
    for _ in range(steps):
        step(actions)
    return (time.perf_counter() - began) / steps * 1e6


def measured(bare: Any, door: Any, actions: Any, steps: int, repeats: int) -> tuple[float, float]:
    """Microseconds a step without and with the door: the least of repeats that alternate."""
    pairs = [
        (microseconds(bare.step, actions, steps), microseconds(door.step, actions, steps))
        for _ in range(repeats)
    ]
    without, behind = zip(*pairs, strict=True)
    return min(without), min(behind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--game", default="breakout", help="a step of this game is compared with")
    arguments = parser.parse_args()
    game = load_game(arguments.game)
    options = game.options()
    declaration = game.declare(options)
    for num_envs, shape, dtype in SHAPES:
        still: Any = Still(num_envs, shape, dtype, declaration)
        door = Door(still, "still", declaration, num_envs, waits=False)
        without, behind = measured(still, door, None, arguments.steps, arguments.repeats)
        what = f"{num_envs} x {shape} {np.dtype(dtype)}"
        print(f"{what:<24} {behind - without:6.2f} us a step, {behind:.2f} with the door and {without:.2f} without")  # fmt: skip
    real: Any = game.make_env(options, 8, "training")
    door = Door(real, game.name, declaration, 8, waits=False)
    door.reset(HashedSeeds(0, 8))
    actions = np.zeros((8, *real.action_space.shape), real.action_space.dtype)
    door.step(actions)
    without, behind = measured(real, door, actions, 1, arguments.steps // 20)
    print(
        f"{game.name}, 8 environments: {without:.0f} us a step, {behind / without:.3f} with the door"
    )


if __name__ == "__main__":
    main()
