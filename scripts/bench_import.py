"""Print the scores of a Stable-Baselines3 model in Stable-Baselines3 itself and as an imported run.

    scripts/bench_import.py MODEL.zip [--options observation=pixels] [--episodes 100] [--seed 0] [--sampled]

Three rows: SB3's `predict` in `make_atari_env` with its usual wrappers (for models of pictures),
SB3's `predict` in the game's own environments, and `arcade-rl evaluate` of the imported run. The last
two play the same episodes. With `--sampled` actions are drawn, by other random numbers in each row: the
likeliest actions of a model that has learned little play one game again and again. The model's file is loaded by SB3, which executes what is in it.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import stable_baselines3

from arcade_rl.config import Resolved, Source, from_assignments, resolve
from arcade_rl.engines.adoption import adopt, source_of, statistics_of
from arcade_rl.envs.door import open_env
from arcade_rl.envs.seeds import EpisodeSeeds
from arcade_rl.playback.evaluation import evaluate
from arcade_rl.playback.interval import mean_interval
from arcade_rl.policies.foreign import read_foreign
from arcade_rl.registry import load_game
from arcade_rl.runs.directory import RunDirectory

NO_FRAMESKIP = "BreakoutNoFrameskip-v4"
"""The environment that SB3's wrappers are made for; they skip frames themselves."""


def import_run(path: Path, options: list[str], root: Path) -> tuple[RunDirectory, Resolved]:
    """The run that `arcade-rl runs import` makes of a model."""
    model = read_foreign(path)
    chosen = from_assignments([f"options.{option}" for option in options], "--options")
    statistics = statistics_of(model, None)
    sources = [chosen, Source("--game", {"game": "breakout"}), source_of(model, statistics)]
    resolved = resolve(sources, load_game)
    return adopt(model, statistics, resolved, root, None, ["bench_import"]), resolved


def in_wrappers(model: Any, episodes: int, seed: int, is_sampled: bool = False) -> list[float]:
    """Scores in SB3's own environments: whole games, whose rewards are not clipped."""
    import ale_py
    import gymnasium
    from stable_baselines3.common.env_util import make_atari_env
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.vec_env import VecFrameStack

    gymnasium.register_envs(ale_py)
    env = VecFrameStack(make_atari_env(NO_FRAMESKIP, n_envs=min(8, episodes), seed=seed), 4)
    try:
        likeliest = not is_sampled
        scores, _ = evaluate_policy(model, env, episodes, likeliest, return_episode_rewards=True)
    finally:
        env.close()
    return [float(score) for score in scores]  # type: ignore[union-attr]


def in_our_environments(
    model: Any, resolved: Resolved, episodes: int, seed: int, is_sampled: bool = False
) -> list[float]:
    """Scores of the episodes that an evaluation with this seed plays, under SB3's `predict`."""
    num_envs = min(8, episodes)
    env = open_env(resolved.game, resolved.options, resolved.declaration, num_envs, "evaluation")
    quota = episodes // num_envs + (np.arange(num_envs) < episodes % num_envs)
    found: dict[int, float] = {}
    played, totals = np.zeros(num_envs, int), np.zeros(num_envs)
    observations = env.reset(EpisodeSeeds(seed, num_envs))
    while (played < quota).any():
        actions, _ = model.predict(observations, deterministic=not is_sampled)
        batch = env.step(actions)
        observations = batch.observations
        totals += np.asarray(batch.rewards)
        for k in np.flatnonzero(np.asarray(batch.terminated | batch.truncated)):
            if played[k] < quota[k]:
                found[int(played[k] * num_envs + k)] = float(totals[k])
            played[k] += 1
            totals[k] = 0.0
    env.close()
    return [found[number] for number in sorted(found)]


def measure(
    path: Path, options: list[str], episodes: int, seed: int, is_sampled: bool = False
) -> dict[str, list[float]]:
    """Scores by what played."""
    found = {}
    with tempfile.TemporaryDirectory() as root:
        run, resolved = import_run(path, options, Path(root))
        model: Any = getattr(stable_baselines3, resolved.config.train.algorithm_name)
        stock = model.load(path, device="cpu")
        if len(stock.observation_space.shape) == 3:
            found["Stable-Baselines3, make_atari_env"] = in_wrappers(
                stock, episodes, seed, is_sampled
            )
        ours = in_our_environments(stock, resolved, episodes, seed, is_sampled)
        found["Stable-Baselines3, our environments"] = ours
        checkpoint, n_envs = run.checkpoint(0), min(8, episodes)
        played = evaluate(
            resolved, checkpoint, episodes, n_envs, seed, deterministic=not is_sampled
        )
        found["imported run, evaluate"] = played.episodes.raw_return
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--options", action="append", default=[])
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sampled", action="store_true", help="draw actions")
    given = parser.parse_args()
    found = measure(given.model, given.options, given.episodes, given.seed, given.sampled)
    for name, scores in found.items():
        low, high = mean_interval(scores, least=0) or (float("nan"), float("nan"))
        print(f"{name:36}  mean score {np.mean(scores):6.2f}, 95 % {low:.2f} to {high:.2f}")
    *_, stock, ours = found.values()
    if not given.sampled:
        print(f"the same score in {sum(map(float.__eq__, stock, ours))} of {len(ours)} episodes")


if __name__ == "__main__":
    main()
