"""Where the training stood at a checkpoint, from the rows of `run.db`."""

from __future__ import annotations

import json
from dataclasses import dataclass

from arcade_rl.errors import MissingError
from arcade_rl.runs.checkpoints import WINDOW
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

LEARNING_RATE = "train/learning_rate"
"""SB3's name of the learning rate among the values of an update."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of the training at a checkpoint."""

    chunk: int
    """Chunk that the checkpoint ends."""
    steps: int
    total_steps: int
    """Length of the run as it is configured now."""
    trained_s: float
    """Wall time spent in the training loop, seconds."""
    episodes: int
    """Episodes that ended in training."""
    mean_return: float | None
    """Mean raw return of the last `window` episodes; None before the first has ended."""
    window: int
    """Number of episodes that `mean_return` is taken over."""
    best_return: float | None
    """Largest raw return of all episodes up to the checkpoint."""
    learning_rate: float | None
    """Learning rate of the last update; None before the first update."""

    @property
    def progress(self) -> float:
        """Fraction of the run that was done, 0 to 1."""
        return self.steps / self.total_steps


def standing_at(run: RunDirectory, chunk: int) -> Standing:
    """Where the training stood at the end of `chunk`; the checkpoint itself may be gone.

    MissingError if no such chunk was committed.
    """
    with Database.reading(run.database) as database:
        row = next(database.rows("select * from checkpoints where chunk = ?", [chunk]), None)
        if row is None:
            raise MissingError(f"{run.name} has no checkpoint {chunk}: no such chunk has ended")
        until = "from episodes where number <= ?"
        best, count = next(
            database.rows(f"select max(raw_return), count(*) {until}", [row["episodes"]])
        )
        recent = f"select raw_return {until} order by number desc limit {WINDOW}"
        (mean,) = next(database.rows(f"select avg(raw_return) from ({recent})", [row["episodes"]]))
        update = next(
            database.rows('select "values" from updates where number = ?', [row["updates"]]), None
        )
    return Standing(
        chunk=chunk,
        steps=row["steps"],
        total_steps=run.configuration().train.run_steps,
        trained_s=row["trained_s"],
        episodes=row["episodes"],
        mean_return=mean,
        window=min(WINDOW, count),
        best_return=best,
        learning_rate=json.loads(update[0]).get(LEARNING_RATE) if update else None,
    )
