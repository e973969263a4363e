"""Breakout trained by stock Stable-Baselines3, in one call of its `learn`, without our chunks.

scripts/bench_learning.py runs this beside the learners. `pixels` is SB3's own recipe
(`make_atari_env`, `VecFrameStack`, "CnnPolicy"); `features` is "MlpPolicy" on our environment, which
SB3 has no other of. The hyper-parameters are those of the configuration.

    scripts/stock_ppo.py pixels configs/breakout/pixels.toml stock.json train.total_steps=100000

Writes JSON: the mean score of the episodes that ended in each tenth of the steps, and of the last 100;
and beside it the model, as SB3 saves it: stock.zip.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from arcade_rl.cli.experiment import resolve_target
from arcade_rl.config import Resolved
from arcade_rl.policies.build import hyperparameters, policy_kwargs
from arcade_rl.policies.device import thread_count


class MonitoredScores(BaseCallback):
    """(step, score) of each episode that SB3's Monitor saw the end of."""

    def __init__(self) -> None:
        super().__init__()
        self.scores: list[tuple[int, float]] = []

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                self.scores.append((self.num_timesteps, float(info["episode"]["r"])))
        return True


class HarvestedScores(BaseCallback):
    """(step, score) of each episode, counted by our accounting, which is harvested every rollout."""

    def __init__(self, env: Any, column: int) -> None:
        super().__init__()
        self.env, self.column = env, column
        self.scores: list[tuple[int, float]] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        shape = (self.locals["n_rollout_steps"], self.env.num_envs)
        ended, _ = self.env.harvest(np.zeros(shape, np.float32))
        begin = self.num_timesteps - shape[0] * shape[1]
        self.scores += [
            (begin + (int(step) + 1) * shape[1], float(metrics[self.column]))
            for step, metrics in zip(ended.step, ended.metrics, strict=True)
        ]


def open_pixels(resolved: Resolved) -> tuple[str, Any, Any]:
    """(policy, environments, callback that gathers scores)."""
    from bench_training import atari

    return "CnnPolicy", atari("dummy", resolved.config.train.n_envs, resolved.config.seed), MonitoredScores()  # fmt: skip


def open_features(resolved: Resolved) -> tuple[str, Any, Any]:
    """(policy, environments, callback that gathers scores)."""
    from arcade_rl.envs.arrays import WeightedSum
    from arcade_rl.envs.seeds import HashedSeeds
    from arcade_rl.training.learner import open_accounting, open_env
    from arcade_rl.training.stock_env import StockEnv

    config = resolved.config
    game_env = open_env(resolved)
    accounting = open_accounting(resolved, config.train.n_envs)
    env = StockEnv(game_env, WeightedSum(resolved.weights), accounting, resolved.declaration)
    env.begin(HashedSeeds(config.seed, config.train.n_envs), 0, None)
    names = [metric.name for metric in resolved.declaration.metrics]
    return "MlpPolicy", env, HarvestedScores(env, names.index("score"))


def summarise(scores: list[tuple[int, float]], steps: int) -> dict[str, Any]:
    """Curve and end in the form of `arcade-rl runs show --json`."""
    ends = [steps * tenth // 10 for tenth in range(1, 11)]
    chunks = []
    for begin, end in zip([0, *ends], ends, strict=False):
        ended = [score for step, score in scores if begin < step <= end]
        chunks.append({"steps": end, "metrics": {"score": statistics.mean(ended)}})
    last = [score for _, score in scores[-100:]]
    return {
        "state": "finished",
        "chunks": chunks,
        "last_100_means": {"score": statistics.mean(last)},
    }


def main() -> None:
    what, config, output, *words = sys.argv[1:]
    resolved = resolve_target(config, words)
    train = resolved.config.train
    torch.set_num_threads(thread_count(train, pictures=what == "pixels"))
    policy, env, scores = {"pixels": open_pixels, "features": open_features}[what](resolved)
    model = PPO(
        policy,
        env,
        seed=resolved.config.seed,
        device="cpu",
        policy_kwargs=policy_kwargs(train),
        **hyperparameters(train),
    )
    model.learn(train.run_steps, callback=scores)
    env.close()
    model.save(Path(output).with_suffix(".zip"))
    part = Path(output + ".part")
    part.write_text(json.dumps(summarise(scores.scores, train.run_steps)))
    part.rename(output)


if __name__ == "__main__":
    main()
