"""Training speed on pixel Breakout beside stock Stable-Baselines3, in turn, with the same settings.

    .venv/bin/python scripts/bench_training.py [--steps 16384] [--envs 8] [--rounds 3]

The rival is SB3's own recipe: `make_atari_env` in a DummyVecEnv, `VecFrameStack`, `PPO("CnnPolicy")`.
Both sides run configs/breakout/pixels.toml with the same number of threads, each in a process of its
own, ours with the environment that a worker gets. The time is that of rollouts and updates; imports and the building of environments are not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from arcade_rl.engines.process import ENVIRONMENT

CONFIG = Path(__file__).parent.parent / "configs" / "breakout" / "pixels.toml"


def ours(steps: int, envs: int) -> dict[str, float]:
    """Train through the chunk function."""
    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.runs.events import Event, Update
    from arcade_rl.training.chunk import Chunk
    from arcade_rl.training.learner import open_learner
    from arcade_rl.training.plan import ChunkSpec

    resolved = resolve_target(str(CONFIG), [f"train.n_envs={envs}", "train.device=cpu"])
    learner = open_learner(resolved)
    updates = steps // resolved.config.train.rollout_steps
    total = resolved.config.train.total_steps // resolved.config.train.rollout_steps
    seen: list[Update] = []

    def emit(event: Event) -> None:
        if isinstance(event, Update):
            seen.append(event)

    with tempfile.TemporaryDirectory() as staging:
        spec = ChunkSpec(1, 1, "", -1, 1, updates, total, [], staging)
        started = time.perf_counter()
        Chunk(learner, spec, emit).run(lambda: False)
        seconds = time.perf_counter() - started
    learner.close()
    score = seen[-1].values.get("env/score", float("nan"))
    return {"steps_per_s": updates * resolved.config.train.rollout_steps / seconds, "score": score}


def stock(steps: int, envs: int) -> dict[str, float]:
    """Train as SB3's documentation and rl-baselines3-zoo do."""
    import ale_py
    import gymnasium
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_atari_env
    from stable_baselines3.common.vec_env import VecFrameStack

    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.policies.build import hyperparameters
    from arcade_rl.policies.device import thread_count

    gymnasium.register_envs(ale_py)
    train = resolve_target(str(CONFIG), [f"train.n_envs={envs}"]).config.train
    torch.set_num_threads(thread_count(train, pictures=True))
    env = VecFrameStack(make_atari_env("BreakoutNoFrameskip-v4", n_envs=envs, seed=0), n_stack=4)
    model = PPO("CnnPolicy", env, seed=0, device="cpu", **hyperparameters(train))
    updates = steps // train.rollout_steps
    started = time.perf_counter()
    model.learn(updates * train.rollout_steps)
    seconds = time.perf_counter() - started
    assert model.ep_info_buffer is not None
    scores = [episode["r"] for episode in model.ep_info_buffer]
    score = statistics.mean(scores) if scores else float("nan")
    return {"steps_per_s": updates * train.rollout_steps / seconds, "score": score}


SIDES: dict[str, Callable[[int, int], dict[str, float]]] = {"ours": ours, "stock": stock}


def measure(side: str, arguments: argparse.Namespace) -> dict[str, float]:
    """One side in a process of its own."""
    command = [sys.executable, __file__, "--side", side]
    command += ["--steps", str(arguments.steps), "--envs", str(arguments.envs)]
    own = ENVIRONMENT if side == "ours" else {}
    environment = {**own, **os.environ}
    output = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=16_384, help="steps of each side in a round")
    parser.add_argument("--envs", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help="measure one side here, as JSON")
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(SIDES[arguments.side](arguments.steps, arguments.envs)))
        return
    ratios = []
    for number in range(1, arguments.rounds + 1):
        theirs, own = measure("stock", arguments), measure("ours", arguments)
        ratios.append(own["steps_per_s"] / theirs["steps_per_s"])
        print(
            f"round {number}: stock {theirs['steps_per_s']:.0f} steps/s (score {theirs['score']:.2f}), "
            f"arcade_rl {own['steps_per_s']:.0f} steps/s (score {own['score']:.2f}), "
            f"ratio {ratios[-1]:.3f}"
        )
    print(
        f"pixels, {arguments.envs} environments, {arguments.steps:,} steps a round: "
        f"median ratio to stock {statistics.median(ratios):.3f}"
    )


if __name__ == "__main__":
    main()
