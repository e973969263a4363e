"""What the learners reach in equal steps of Breakout, beside stock Stable-Baselines3, over seeds.

    .venv/bin/python scripts/bench_learning.py features [--seeds 5] [--steps 300000] [--jobs 2]
    .venv/bin/python scripts/bench_learning.py pixels [--seeds 2] [--steps 500000] [--runs-dir DIR]

"stock" is scripts/stock_ppo.py: SB3 itself, in one call of its `learn`. All sides have the settings
of configs/breakout/quick.toml or pixels.toml; the schedules of pixels.toml are those of the first
part of its 10 M steps. Each run has one torch thread. Prints the mean score by chunk, and final scores with 95 %
intervals of their means. Runs that are finished in DIR are not trained again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

CONFIGS = Path(__file__).parent.parent / "configs" / "breakout"
SIDES = {
    "stock": [],
    "exact": ["train.precision=exact"],
    "fast": ["train.precision=fast", "train.compile=false"],
}
PUBLISHED_STEPS = 10_000_000
STUDENT = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    6: 2.447,
    7: 2.365,
    8: 2.306,
    9: 2.262,
    18: 2.101,
}
"""97.5 % quantiles of Student's distribution by degrees of freedom; any table of it."""


def settings(what: str, steps: int) -> list[str]:
    """What all sides have in common."""
    words = [f"train.total_steps={steps}", f"chunk.steps={steps // 10}", "train.threads=1"]
    if what == "features":
        return [*words, "train.env_processes=0"]
    left = 1 - steps / PUBLISHED_STEPS
    return [
        *words,
        f"train.learning_rate={{start=2.5e-4, end={2.5e-4 * left}}}",
        f"train.clip_range={{start=0.1, end={0.1 * left}}}",
    ]


def train(what: str, steps: int, runs: Path, side: str, seed: int) -> None:
    """Train one run to its end, unless that was done."""
    config = CONFIGS / ("quick.toml" if what == "features" else "pixels.toml")
    words = [f"seed={seed}", *settings(what, steps), *SIDES[side]]
    if side == "stock":
        train_stock(what, config, words, runs / f"stock-{seed}.json")
    else:
        train_ours(config, words, runs, f"{side}-{seed}")


def train_stock(what: str, config: Path, words: list[str], output: Path) -> None:
    if output.exists():
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    script = str(Path(__file__).with_name("stock_ppo.py"))
    run([sys.executable, script, what, str(config), str(output), *words], output.stem)


def train_ours(config: Path, words: list[str], runs: Path, name: str) -> None:
    command = [sys.executable, "-m", "arcade_rl"]
    if (runs / name).exists():
        command += ["resume", name, "--runs-dir", str(runs)]
        if show(runs, name)["state"] == "finished":
            return
    else:
        command += ["train", str(config), "--runs-dir", str(runs), "--run", name]
        for word in words:
            command += ["--set", word]
    run(command, name)


def run(command: list[str], name: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")


def show(runs: Path, name: str) -> dict[str, Any]:
    """What `arcade-rl runs show` says of a run, and stock_ppo.py of its own."""
    if name.startswith("stock-"):
        shown: dict[str, Any] = json.loads((runs / f"{name}.json").read_text())
        return shown
    command = [sys.executable, "-m", "arcade_rl", "runs", "show", name, "--runs-dir", str(runs)]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    shown = json.loads(done.stdout)
    return shown


def report(runs: Path, seeds: int) -> None:
    """Print curves and final scores."""
    found = {side: [show(runs, f"{side}-{seed}") for seed in range(seeds)] for side in SIDES}
    print(f"{'steps':>9}" + "".join(f"{side:>30}" for side in found))
    for number, chunk in enumerate(found["stock"][0]["chunks"]):
        row = f"{chunk['steps']:>9,}"
        for shown in found.values():
            scores = [each["chunks"][number]["metrics"]["score"] for each in shown]
            row += f"{'  '.join(f'{score:.1f}' for score in scores):>30}"
        print(row)
    print("mean score of the last 100 episodes of training, and the 95 % interval of its mean:")
    for side, shown in found.items():
        finals = [each["last_100_means"]["score"] for each in shown]
        mean = statistics.mean(finals)
        half = STUDENT[len(finals) - 1] * statistics.stdev(finals) / len(finals) ** 0.5
        each_final = ", ".join(f"{final:.1f}" for final in finals)
        print(f"  {side:<6} {mean:6.1f}  [{mean - half:.1f}, {mean + half:.1f}]   of {each_final}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["features", "pixels"])
    parser.add_argument("--seeds", type=int, choices=range(2, 11), help="how many, from 0 on")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--jobs", type=int, default=2, help="runs that train at a time")
    parser.add_argument("--runs-dir", type=Path, help="default: runs/learning-WHAT")
    arguments = parser.parse_args()
    is_features = arguments.what == "features"
    seeds = arguments.seeds or (5 if is_features else 2)
    steps = arguments.steps or (300_000 if is_features else 500_000)
    runs = arguments.runs_dir or Path("runs") / f"learning-{arguments.what}"
    with ThreadPoolExecutor(arguments.jobs) as pool:
        work = [(side, seed) for seed in range(seeds) for side in SIDES]
        one = partial(train, arguments.what, steps, runs)
        for _ in pool.map(one, *zip(*work, strict=True)):
            pass
    print(f"Breakout, {arguments.what}, {steps:,} steps, seeds 0 to {seeds - 1}")
    report(runs, seeds)


if __name__ == "__main__":
    main()
