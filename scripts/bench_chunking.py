"""What cuts cost and that they change nothing: the same steps of Breakout in ten chunks and in one.

    .venv/bin/python scripts/bench_chunking.py features [--steps 300000] [--rounds 5]
    .venv/bin/python scripts/bench_chunking.py pixels [--steps 100000] [--rounds 2]

Round k trains seed k both ways, in turn, by configs/breakout/quick.toml or pixels.toml. Prints the wall
time of both commands, start and end of all processes included, and their ratio; whether weights,
optimizer and all rows of episodes and updates are the same; the mean score of the last 100 episodes;
what open episodes add to a checkpoint; and, for the whole length of the configuration at the measured
speed, what ten chunks cost.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arcade_rl.config import read_toml, resolve
from arcade_rl.registry import load_game
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.training.carried import OPEN

CONFIGS = Path(__file__).parent.parent / "configs" / "breakout"
CHUNKS = 10
ASIDE = {"chunk", "attempt", "time", "steps_per_s", "phases"}
"""Columns that tell of the cuts and of the clock."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished run."""

    seconds: float
    state: CheckpointState
    rows: dict[str, list[tuple[Any, ...]]]
    open_bytes: int
    """Bytes of the largest file of open episodes among its checkpoints."""
    open_steps: int
    """Steps of the episodes in it."""


def train(config: Path, runs: Path, seed: int, steps: int, chunks: int) -> Trained:
    """Train one run by the command line."""
    run = RunDirectory(runs / f"{seed}-{chunks}")
    words = [
        f"seed={seed}", f"chunk.steps={-(-steps // chunks)}", 'checkpoint.milestones="100%"',
        f"checkpoint.keep={max(chunks, 2)}", "train.compile=false",
    ]  # fmt: skip
    command = [sys.executable, "-m", "arcade_rl", "train", str(config), "--runs-dir", str(runs)]
    command += ["--run", run.name, "--steps", str(steps)]
    command += [part for word in words for part in ("--set", word)]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    state = checkpoints.newest(run.checkpoints)
    assert state is not None
    with Database.reading(run.database) as database:
        tables = {"episodes": database.episodes(), "updates": database.updates()}
        rows = {
            name: [tuple(row[key] for key in row.keys() if key not in ASIDE) for row in table]  # noqa: SIM118
            for name, table in tables.items()
        }
    sizes = [
        ((path / OPEN).stat().st_size, checkpoints.read_state(path).open_steps)
        for _, path in checkpoints.stored(run.checkpoints)
        if (path / OPEN).exists()
    ]
    return Trained(seconds, state, rows, *max(sizes))


def compare(one: Trained, ten: Trained) -> str:
    """Whether two runs are the same, in words."""
    different = [name for name in one.rows if one.rows[name] != ten.rows[name]]
    if one.state.weights_sha256 != ten.state.weights_sha256:
        different.insert(0, "weights")
    counted = f"{one.state.episodes} episodes ended, {one.state.open_episodes} open"
    return f"DIFFERENT: {', '.join(different)}" if different else f"the same bytes; {counted}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["features", "pixels"])
    parser.add_argument("--steps", type=int)
    parser.add_argument("--rounds", type=int)
    arguments = parser.parse_args()
    is_features = arguments.what == "features"
    config = CONFIGS / ("quick.toml" if is_features else "pixels.toml")
    steps = arguments.steps or (300_000 if is_features else 100_000)
    ratios, cuts, speeds = [], [], []
    with tempfile.TemporaryDirectory() as runs:
        for seed in range(arguments.rounds or (5 if is_features else 2)):
            one, ten = (train(config, Path(runs), seed, steps, chunks) for chunks in (1, CHUNKS))
            ratios.append(ten.seconds / one.seconds)
            cuts.append((ten.seconds - one.seconds) / (CHUNKS - 1))
            speeds.append(one.state.steps / one.seconds)
            print(
                f"seed {seed}: 1 chunk {one.seconds:.1f} s, {CHUNKS} chunks {ten.seconds:.1f} s, "
                f"ratio {ratios[-1]:.3f}; {compare(one, ten)}; mean score {one.state.mean('score'):.2f} "
                f"and {ten.state.mean('score'):.2f}; open episodes of {ten.open_steps:,} steps take "
                f"{ten.open_bytes:,} bytes, {ten.open_bytes / max(ten.open_steps, 1):.1f} a step",
                flush=True,
            )
    cut, speed = statistics.median(cuts), statistics.median(speeds)
    whole = resolve([read_toml(config)], load_game).config.train.run_steps
    part = (CHUNKS - 1) * cut / (whole / speed)
    print(f"{steps:,} steps, median ratio of {CHUNKS} chunks to 1: {statistics.median(ratios):.3f}")
    print(
        f"a cut takes {cut:.2f} s; nine of them in the {whole:,} steps of {config.name}, at "
        f"{speed:,.0f} steps/s: {part:.1%} of the time"
    )


if __name__ == "__main__":
    main()
