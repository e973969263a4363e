"""Command lines of toy runs, and how far such a run is."""

from __future__ import annotations

from pathlib import Path

from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

TRAIN = [
    "train", "toy", "--run", "r", "--set", "train.n_envs=8", "--set", "train.n_steps=64", "--set", "train.batch_size=128",
    "--set", 'checkpoint.milestones="50%"', "--set", "engine.backoff_s=0.05",
]  # fmt: skip
LENGTH = ["--steps", "3072", "--set", "chunk.steps=1024"]
"""Six rollouts of 512 steps in four chunks, besides chunk 0."""
ENDLESS = ["--steps", "100000000", "--set", "chunk.steps=100000000"]
SLOW = ["--set", "options.step_time_s=0.002"]


def fault(kind: str, after: int, *, once: Path | None = None) -> list[str]:
    arguments = ["--set", f"options.fault={kind}", "--set", f"options.fault_after={after}"]
    return arguments + (["--set", f"options.fault_once={once}"] if once else [])


def updates_recorded(run: RunDirectory) -> int:
    """Updates that the database has rows of, those of a running attempt included."""
    if not run.database.is_file():
        return 0
    with Database.reading(run.database) as database:
        return len(database.updates(running=True))


def begun(run: RunDirectory) -> bool:
    """Whether a chunk that trains has recorded an update."""
    return updates_recorded(run) > 0
