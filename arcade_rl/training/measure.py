"""Measurements of a chunk: what SB3 logs, rolling means over the last episodes, and the events of
both."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.logger import KVWriter, Logger, TensorBoardOutputFormat

from arcade_rl.config import Resolved
from arcade_rl.recording.ended import EndedEpisodes, Name, as_lists
from arcade_rl.runs.checkpoints import WINDOW, RecentEpisodes
from arcade_rl.runs.events import Episodes


class Capture(KVWriter):
    """Keeps the last values that SB3's logger wrote."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}

    def write(
        self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0
    ) -> None:
        self.values = {
            key: float(value)
            for key, value in key_values.items()
            if not key.startswith("time/")
            and isinstance(value, int | float | np.number)
            and math.isfinite(value)
        }

    def close(self) -> None:
        """Do nothing: no file is open."""


def make_logger(tensorboard: Path) -> tuple[Logger, Capture]:
    """A logger that writes TensorBoard's file and keeps the values of the last update."""
    capture = Capture()
    outputs: list[KVWriter] = [TensorBoardOutputFormat(str(tensorboard)), capture]
    return Logger(str(tensorboard), outputs), capture


class Recent:
    """The last `WINDOW` episodes of the run, carried over chunks so that rolling means do not start
    anew."""

    def __init__(self, resolved: Resolved, stored: RecentEpisodes | None) -> None:
        declaration = resolved.declaration
        self._weights = dict(
            zip((term.name for term in declaration.terms), resolved.weights, strict=True)
        )
        self.episodes = stored or RecentEpisodes(
            [],
            [],
            [],
            {name: [] for name in self._weights},
            {m.name: [] for m in declaration.metrics},
        )

    def add(self, episodes: Episodes) -> None:
        """Take in the episodes of one rollout."""
        kept = self.episodes
        columns: list[tuple[list[float], Sequence[float]]] = [
            (kept.raw_return, episodes.columns["raw_return"]),
            (kept.shaped_return, episodes.columns["shaped_return"]),
            (kept.length, episodes.columns["length"]),
            *((kept.terms[name], values) for name, values in episodes.terms.items()),
            *((kept.metrics[name], values) for name, values in episodes.metrics.items()),
        ]
        for column, new in columns:
            column += new
            del column[:-WINDOW]

    def sb3_rows(self) -> list[dict[str, float]]:
        """Raw returns and lengths, as the rows from which SB3 makes `rollout/ep_rew_mean` and
        `rollout/ep_len_mean`."""
        kept = self.episodes
        return [
            {"r": r, "l": length} for r, length in zip(kept.raw_return, kept.length, strict=True)
        ]

    def log(self, logger: Logger) -> None:
        """Record the rolling means: `env/<metric>`, and `reward/<term>` with its weight applied."""
        kept = self.episodes
        if not kept.length:
            return
        logger.record("rollout/ep_shaped_rew_mean", _mean(kept.shaped_return))
        for name, values in kept.metrics.items():
            logger.record(f"env/{name}", _mean(values))
        for name, values in kept.terms.items():
            logger.record(f"reward/{name}", self._weights[name] * _mean(values))


def as_event(
    ended: EndedEpisodes, resolved: Resolved, first: int, steps_before: int, name_of: Name
) -> Episodes:
    """The episodes of one rollout as the event that stores them.

    `first` is the number that the first of them has in the run; `steps_before` are the steps of the
    run when the rollout began; `name_of` gives the name of an opponent's code.
    """
    declaration, n_envs = resolved.declaration, resolved.config.train.n_envs
    return Episodes(
        first=first,
        columns=as_lists(ended, (steps_before + (ended.step + 1) * n_envs).tolist(), name_of),
        terms=_columns([term.name for term in declaration.terms], ended.terms),
        metrics=_columns([metric.name for metric in declaration.metrics], ended.metrics),
        time=time.time(),
    )


def _columns(names: Sequence[str], table: Any) -> dict[str, list[float]]:
    return {name: table[:, k].tolist() for k, name in enumerate(names)}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
