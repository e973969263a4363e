"""What Go2 learns on this machine, and what a run of many chunks costs.

    .venv/bin/python scripts/bench_go2_learning.py walk [--seeds 3] [--steps 2000000] [--runs-dir DIR]
    .venv/bin/python scripts/bench_go2_learning.py chunks [--chunks 20] [--runs-dir DIR]

"walk" trains configs/go2/walk.toml, and at every 2 M steps and at the end evaluates 256 fresh episodes
with the likeliest actions. "chunks" trains configs/go2/stand-up-and-walk.toml, whose chunks have the 50
episodes of an older system, and prints returns, distance, time and memory chunk by chunk; that system
took 20 to 30 minutes for a chunk. Finished runs of "walk" in DIR are not trained again.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

CONFIGS = Path(__file__).parent.parent / "configs" / "go2"
OLDER_CHUNK_S = (20 * 60, 30 * 60)
"""What a chunk took in the system whose task "stand-up-and-walk" is."""
EVERY_STEPS = 2_000_000
POLL_S = 0.5
MEBI = 2**20


def arcade_rl(*words: str) -> list[str]:
    return [sys.executable, "-m", "arcade_rl", *words]


def train(runs: Path, name: str, config: str, settings: list[str]) -> list[tuple[float, int, int]]:
    """Train one run to its end, unless that was done. (seconds since the epoch, bytes of the largest
    process of the run, bytes that the machine uses) every half a second."""
    words = [word for setting in settings for word in ("--set", setting)]
    command = arcade_rl("train", str(CONFIGS / config), "--run", name, *words)
    if (runs / name).exists():
        if show(runs, name)["state"] == "finished":
            return []
        command = arcade_rl("resume", name)
    seen = []
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen([*command, "--runs-dir", str(runs)], stderr=told)
        while process.poll() is None:
            time.sleep(POLL_S)
            seen.append((time.time(), largest(process.pid), psutil.virtual_memory().used))
        if process.returncode:
            told.seek(0)
            raise SystemExit(f"{name} failed:\n{told.read().decode()}")
    return seen


def largest(pid: int) -> int:
    """Bytes of the largest process below this one."""
    try:
        children = psutil.Process(pid).children(recursive=True)
        return max((child.memory_info().rss for child in children), default=0)
    except psutil.NoSuchProcess:
        return 0


def show(runs: Path, name: str) -> dict[str, Any]:
    command = arcade_rl("runs", "show", name, "--runs-dir", str(runs), "--json")
    found: dict[str, Any] = json.loads(
        subprocess.run(command, capture_output=True, check=True).stdout
    )
    return found


def evaluate(runs: Path, checkpoint: str) -> dict[str, Any]:
    """256 fresh episodes with the likeliest actions: mean of every metric."""
    command = arcade_rl("evaluate", checkpoint, "--episodes", "256", "--envs", "256")
    command += ["--deterministic", "--json", "--runs-dir", str(runs)]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, capture_output=True, check=True).stdout
    )
    return found


def walk(arguments: argparse.Namespace, runs: Path) -> None:
    for seed in range(arguments.seeds):
        name, steps = f"walk-{seed}-{arguments.steps}", arguments.steps
        marks = sorted({*range(EVERY_STEPS, steps + 1, EVERY_STEPS), steps})
        percents = ", ".join(f'"{100 * mark / steps:.4g}%"' for mark in marks)
        settings = [
            f"seed={seed}",
            f"train.total_steps={steps}",
            f"checkpoint.milestones=[{percents}]",
        ]
        train(runs, name, "walk.toml", settings)
        trained = [chunk for chunk in show(runs, name)["chunks"] if chunk["seconds"]]
        speeds = [chunk["steps_per_s"] for chunk in trained]
        print(
            f"seed {seed}: {steps:,} steps in {sum(chunk['seconds'] for chunk in trained):.0f} s of "
            f"wall time, {min(speeds):,.0f} to {max(speeds):,.0f} steps/s in its chunks"
        )
        for mark in marks:
            found = evaluate(runs, f"{name}@{100 * mark / steps:.4g}%")
            means = {key: value["mean"] for key, value in found["metrics"].items()}
            print(
                f"  after {mark:,} steps: distance {means['distance']:.2f} m, "
                f"falls {means['falls']:.1%}, trot {means['trot']:.0%}",
                flush=True,
            )


def chunks(arguments: argparse.Namespace, runs: Path) -> None:
    name = f"chunks-{arguments.chunks}"
    settings = [f"train.total_steps={20_000 * arguments.chunks}", 'checkpoint.milestones="100%"']
    seen = train(runs, name, "stand-up-and-walk.toml", settings)
    if not seen:
        raise SystemExit(f"{runs / name} is finished: its memory cannot be measured any more")
    print("chunk  time s  mean return  best return  distance m  largest process MiB  machine MiB")
    longest = 0.0
    for row in rows_of(runs / name / "run.db"):
        during = [(own, all_) for at, own, all_ in seen if row["started"] <= at <= row["finished"]]
        own, everything = (max((pair[k] for pair in during), default=0) // MEBI for k in (0, 1))
        took = row["finished"] - row["started"]
        longest = max(longest, took)
        print(
            f"{row['chunk']:5}  {took:6.1f}  {row['mean']:11.1f}  {row['best']:11.1f}  "
            f"{row['distance']:10.2f}  {own:19,}  {everything:11,}"
        )
    low, high = OLDER_CHUNK_S
    print(
        f"longest chunk {longest:.1f} s; the older system {low} to {high} s: {low / longest:.0f} times"
    )


def rows_of(database: Path) -> list[sqlite3.Row]:
    """Every chunk with the returns of its episodes, as they were rewarded."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    return connection.execute(QUERY).fetchall()


QUERY = """
select c.chunk, c.started, c.ended as finished, avg(e.shaped_return) as mean,
       max(e.shaped_return) as best, avg(e."metric_distance") as distance
from chunks c join episodes e using (chunk) group by c.chunk order by c.chunk
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["walk", "chunks"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2_000_000)
    parser.add_argument("--chunks", type=int, default=20)
    parser.add_argument("--runs-dir", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        {"walk": walk, "chunks": chunks}[arguments.what](
            arguments, arguments.runs_dir or Path(made)
        )


if __name__ == "__main__":
    main()
