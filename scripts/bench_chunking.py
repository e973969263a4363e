"""What chunking costs: the same steps of Breakout in ten chunks and in one, in turn.

    .venv/bin/python scripts/bench_chunking.py [--steps 300000] [--rounds 3]

Prints the wall time of both commands, start and end of all processes included, and their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = Path(__file__).parent.parent / "configs" / "breakout" / "quick.toml"


def train(runs: str, steps: int, chunks: int) -> float:
    """Wall time of one run of `arcade-rl train`, s."""
    started = time.perf_counter()
    subprocess.run(
        [
            sys.executable, "-m", "arcade_rl", "train", str(CONFIG), "--runs-dir", runs,
            "--run", f"{chunks}-{time.time_ns()}", "--steps", str(steps),
            "--set", f"chunk.steps={-(-steps // chunks)}", "--set", 'checkpoint.milestones="100%"',
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as runs:
        for number in range(1, arguments.rounds + 1):
            one, ten = (train(runs, arguments.steps, chunks) for chunks in (1, 10))
            ratios.append(ten / one)
            print(
                f"round {number}: 1 chunk {one:.1f} s, 10 chunks {ten:.1f} s, ratio {ten / one:.3f}"
            )
    median = statistics.median(ratios)
    print(f"{arguments.steps:,} steps, median ratio of 10 chunks to 1: {median:.3f}")


if __name__ == "__main__":
    main()
