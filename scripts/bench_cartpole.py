"""Steps until CartPole-v1 is solved, beside stock Stable-Baselines3, over seeds.

    .venv/bin/python scripts/bench_cartpole.py [--seeds 10] [--steps 100000] [--jobs 2] [--runs-dir DIR]

Both sides have the settings of rl-baselines3-zoo for PPO on CartPole-v1, and one torch thread. "ours" is
`arcade-rl train gymnasium --set options.id=CartPole-v1`, in one chunk; "stock" is one call of SB3's `learn`
on SB3's own `make_vec_env`. Prints for each seed the step at which the mean return of the last 100 episodes
of training reaches 195, 400 and 475, means with 95 % intervals, and the interval of the difference at 475.
A side that does not get there has no number and is counted. Runs that are finished in DIR are not trained
again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bench_learning import STUDENT

SIDES = ("ours", "stock")
LEVELS = (195, 400, 475)
WINDOW = 100
"""Episodes of training that a mean is over."""
ENVS, STEPS = 8, 100_000
SETTINGS: dict[str, Any] = {
    "n_steps": 32,
    "batch_size": 256,
    "n_epochs": 20,
    "gae_lambda": 0.8,
    "gamma": 0.98,
    "ent_coef": 0.0,
}
RATE, CLIP = 1e-3, 0.2
"""What learning rate and clip range fall from, to 0."""
Episodes = list[tuple[int, float]]
"""(steps of the run at its end, return) of each episode, in the order of their end."""


def train(side: str, seed: int, steps: int, runs: Path) -> Episodes:
    """The episodes of one run, which is trained unless that was done."""
    output = runs / f"{side}-{seed}-{steps}.json"
    if not output.exists():
        episodes = (ours if side == "ours" else stock)(seed, steps, runs)
        part = output.with_suffix(".part")
        part.write_text(json.dumps(episodes))
        part.rename(output)
    return [(int(step), float(value)) for step, value in json.loads(output.read_text())]


def ours(seed: int, steps: int, runs: Path) -> Episodes:
    """The episodes of a run of this project."""
    name = f"cartpole-{seed}-{steps}"
    words = [
        "options.id=CartPole-v1",
        f"seed={seed}",
        f"train.n_envs={ENVS}",
        f"train.total_steps={steps}",
        f"train.learning_rate={{start={RATE}, end=0.0}}",
        f"train.clip_range={{start={CLIP}, end=0.0}}",
        *(f"train.{key}={value}" for key, value in SETTINGS.items()),
        "train.precision=exact",
        "train.threads=1",
        "train.env_processes=0",
        f"chunk.steps={steps}",
        "checkpoint.milestones='100%'",
        'recording.criteria=["all"]',
    ]
    command = [sys.executable, "-m", "arcade_rl"]
    place = ["--runs-dir", str(runs)]
    if (runs / name).exists():
        run([*command, "resume", name, *place], name)
    else:
        sets = [part for word in words for part in ("--set", word)]
        run([*command, "train", "gymnasium", "--run", name, *place, *sets], name)
    said = run([*command, "episodes", "list", name, *place, "--json"], name)
    return sorted((row["step"], row["return"]) for row in json.loads(said))


def run(command: Sequence[str], name: str) -> str:
    """What a command writes to stdout. It must succeed."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    return done.stdout


def stock(seed: int, steps: int, runs: Path) -> Episodes:
    """The episodes of a run of SB3."""
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env
    from stock_ppo import MonitoredScores

    torch.set_num_threads(1)
    env = make_vec_env("CartPole-v1", ENVS, seed=seed)
    falling: dict[str, Any] = {
        "learning_rate": lambda left: left * RATE,
        "clip_range": lambda left: left * CLIP,
    }
    model = PPO("MlpPolicy", env, seed=seed, device="cpu", **SETTINGS, **falling)
    seen = MonitoredScores()
    model.learn(steps, callback=seen)
    return seen.scores


def reached(episodes: Episodes, level: float) -> int | None:
    """The step at which the mean of the last episodes reached a level; None where it never did."""
    returns = [value for _, value in episodes]
    for end in range(WINDOW, len(episodes) + 1):
        if statistics.mean(returns[end - WINDOW : end]) >= level:
            return episodes[end - 1][0]
    return None


def interval(values: Sequence[float]) -> str:
    """Mean and 95 % interval of it."""
    if len(values) < 2:
        return "too few"
    half = STUDENT[len(values) - 1] * statistics.stdev(values) / len(values) ** 0.5
    mean = statistics.mean(values)
    return f"{mean:9,.0f}  [{mean - half:,.0f}, {mean + half:,.0f}]"


def difference(one: Sequence[float], other: Sequence[float]) -> str:
    """The difference of two means, and its 95 % interval, for as many values on both sides."""
    count = min(len(one), len(other))
    spread = ((statistics.variance(one) + statistics.variance(other)) / count) ** 0.5
    freedom = max(key for key in STUDENT if key <= 2 * count - 2)
    half, mean = STUDENT[freedom] * spread, statistics.mean(one) - statistics.mean(other)
    return f"{mean:+,.0f} steps  [{mean - half:+,.0f}, {mean + half:+,.0f}]"


def report(found: dict[str, list[Episodes]]) -> None:
    """Print what each side needed."""
    at_last: dict[str, list[float]] = {}
    for side, runs in found.items():
        for level in LEVELS:
            steps = [reached(episodes, level) for episodes in runs]
            there = at_last[side] = [float(step) for step in steps if step is not None]
            each = ", ".join("never" if step is None else f"{step:,}" for step in steps)
            print(f"{side:<6}{level:>4}: {interval(there)}   {len(there)} of {len(steps)}: {each}")
    if all(len(values) > 1 for values in at_last.values()):
        print(f"ours - stock at {LEVELS[-1]}: {difference(at_last['ours'], at_last['stock'])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--seeds", type=int, choices=range(2, 11), default=10, help="how many, from 0 on"
    )
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--jobs", type=int, default=2, help="runs that train at a time")
    parser.add_argument("--runs-dir", type=Path, default=Path("runs") / "cartpole")
    arguments = parser.parse_args()
    arguments.runs_dir.mkdir(parents=True, exist_ok=True)
    work = [(side, seed) for seed in range(arguments.seeds) for side in SIDES]
    os.environ["OMP_NUM_THREADS"] = "1"
    found: dict[str, list[Episodes]] = {side: [] for side in SIDES}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.jobs, mp_context=context) as pool:
        futures = [
            pool.submit(train, side, seed, arguments.steps, arguments.runs_dir)
            for side, seed in work
        ]
        for (side, _), future in zip(work, futures, strict=True):
            found[side].append(future.result())
    print(f"CartPole-v1, {arguments.steps:,} steps, seeds 0 to {arguments.seeds - 1}")
    report(found)


if __name__ == "__main__":
    main()
