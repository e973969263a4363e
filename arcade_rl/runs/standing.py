"""Where the training stood at a checkpoint, from the rows of `run.db`."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Metric
from arcade_rl.errors import MissingError
from arcade_rl.runs.checkpoints import WINDOW
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.origins import Origin

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
    origin: Origin | None = None
    """What the run began with; None where the run began untrained."""

    @property
    def progress(self) -> float:
        """Fraction of the run that was done, 0 to 1."""
        return self.steps / self.total_steps


POINTS = 200
"""Number of points of a learning curve that reaches to the end of the run."""


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """How the episodes of a run got better up to one of its steps. The limits are those of the whole
    run, so that curves up to different steps of it can be compared."""

    label: str
    """Name of the number that the curve is of, as people read it."""
    step: int
    """The step of the run that the curve reaches to: now."""
    total_steps: int
    """Length of the run as it is configured now."""
    steps: npt.NDArray[np.int64]
    """Steps of the run at each point, rising; none is above `step`. (P,)"""
    means: npt.NDArray[np.float32]
    """Mean of the last 100 episodes at each point, or of all where fewer have ended. (P,)"""
    bests: npt.NDArray[np.float32]
    """The best episode up to each point; empty where neither direction is better. (P,) or (0,)"""
    low: float
    """Lower limit: 0, or the smallest number that is below 0."""
    high: float
    """Upper limit: the largest mean or best of the whole run, or 0."""


def curve_at(run: RunDirectory, metric: Metric, step: int) -> LearningCurve:
    """The learning curve up to this step of the run: of a metric, or of the return where the
    episodes of the run do not have this metric."""
    total = run.configuration().train.run_steps
    with Database.reading(run.database) as database:
        has_metric = metric.name in database.metric_names()
        name = metric.name if has_metric else "return"
        found = database.recent_curve(name, total / POINTS, step)
    label, better = (metric.label, metric.better) if has_metric else ("Return", "up")
    steps = np.array([point.step for point in found], np.int64)
    means = np.array([point.mean for point in found], np.float32)
    of = {"up": "most", "down": "least"}
    bests = np.array(
        [getattr(point, of[better]) for point in found] if better in of else [], np.float32
    )
    limits = np.concatenate([means, bests, [0]])
    past = int((steps <= step).sum())
    return LearningCurve(
        label, step, total, steps[:past], means[:past], bests[:past], float(limits.min()), float(limits.max()),
    )  # fmt: skip


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
        origin=run.origin,
    )
