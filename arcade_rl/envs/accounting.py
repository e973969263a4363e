"""Counts real episodes: sums rewards and terms, aggregates metrics, and hands over what ended.

Everything stays on the environment's device while a rollout runs. Each step writes the running
totals of all environments into a log; `harvest` picks the rows where episodes ended, once a rollout,
so that a simulator on a GPU is never waited for in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Array, Declaration, StepBatch
from arcade_rl.envs.arrays import to_numpy, zeros
from arcade_rl.errors import PluginError


@dataclass(frozen=True, slots=True)
class EndedEpisodes:
    """E episodes that ended in one rollout, in the order of their end."""

    env: npt.NDArray[np.int64]
    """Index of the environment. (E,)"""
    step: npt.NDArray[np.int64]
    """Step of the rollout that ended it, from 0. (E,)"""
    seed: npt.NDArray[np.int64]
    """Seed that it was played from. (E,)"""
    stage: npt.NDArray[np.int64]
    """Curriculum stage that it was played in. (E,)"""
    length: npt.NDArray[np.int64]
    """Steps. (E,)"""
    raw_return: npt.NDArray[np.float64]
    """Sum of the game's own rewards. (E,)"""
    shaped_return: npt.NDArray[np.float64]
    """Sum of the weighted terms. (E,)"""
    truncated: npt.NDArray[np.bool_]
    """Cut by a limit rather than ended by the rules. (E,)"""
    terms: npt.NDArray[np.float64]
    """Sum of every term, unweighted. (E, K)"""
    metrics: npt.NDArray[np.float64]
    """Every metric, aggregated as declared. (E, M)"""

    def __len__(self) -> int:
        return len(self.env)


def merge(parts: Sequence[tuple[int, EndedEpisodes]]) -> EndedEpisodes:
    """The episodes of several parts of the environments, in the order of their end.

    Each part comes with the index of its first environment.
    """
    if len(parts) == 1:
        return parts[0][1]
    shifted = [replace(ended, env=ended.env + first) for first, ended in parts]
    columns = {
        field.name: np.concatenate([getattr(ended, field.name) for ended in shifted])
        for field in fields(EndedEpisodes)
    }
    order = np.lexsort((columns["env"], columns["step"]))
    return EndedEpisodes(**{name: column[order] for name, column in columns.items()})


def refuse_non_finite(ended: EndedEpisodes, declaration: Declaration) -> None:
    """PluginError if a return, term or metric of an episode is not a number."""
    columns = {
        "the return": ended.raw_return,
        "the shaped return": ended.shaped_return,
        **{f"term {t.name}": ended.terms[:, k] for k, t in enumerate(declaration.terms)},
        **{f"metric {m.name}": ended.metrics[:, k] for k, m in enumerate(declaration.metrics)},
    }
    for name, values in columns.items():
        for row in np.flatnonzero(~np.isfinite(values)):
            raise PluginError(
                f"{name} of the episode with seed {ended.seed[row]} is {values[row]}; "
                "expected a number: the game's environment is broken"
            )


class EpisodeAccounting:
    """Running totals of N environments and the log of one rollout of up to `horizon` steps."""

    def __init__(self, declaration: Declaration, num_envs: int, horizon: int) -> None:
        self._num_envs = num_envs
        self._horizon = horizon
        self._aggregations = [metric.aggregation for metric in declaration.metrics]
        self._num_terms = len(declaration.terms)
        self._totals: Array = None
        self._stage = np.zeros(num_envs, np.int64)
        self._next_stage = 0

    def begin_episodes(self, stage: int) -> None:
        """All environments were reset: nothing is counted yet."""
        self._totals = None
        self._time = 0
        self._stage[:] = self._next_stage = stage

    def set_stage(self, stage: int) -> None:
        """Episodes that start from now on are played in `stage`."""
        self._next_stage = stage

    def record(self, batch: StepBatch, shaped: Array) -> Array:
        """Count one step; returns where real episodes ended. (N,), bool.

        `shaped` is the sum of the weighted terms, (N,).
        """
        if self._totals is None:
            self._allocate(batch)
        totals, log = self._totals, self._log
        totals.length += 1
        totals.raw += batch.rewards
        totals.shaped += shaped
        totals.terms += batch.terms
        totals.metric_sum += batch.metrics
        totals.metric_max = totals.metric_max.clip(min=batch.metrics)
        ended = batch.terminated | batch.truncated

        t = self._time
        log.ended[t] = ended
        log.truncated[t] = batch.truncated
        log.seed[t] = batch.episode_seeds
        log.length[t] = totals.length
        log.raw[t] = totals.raw
        log.shaped[t] = totals.shaped
        log.terms[t] = totals.terms
        log.metric_sum[t] = totals.metric_sum
        log.metric_max[t] = totals.metric_max
        log.metric_last[t] = batch.metrics
        totals.length[ended] = 0
        totals.raw[ended] = 0
        totals.shaped[ended] = 0
        totals.terms[ended] = 0
        totals.metric_sum[ended] = 0
        totals.metric_max[ended] = -np.inf
        self._time += 1
        return ended

    def harvest(self) -> EndedEpisodes:
        """The episodes that ended since the last harvest. The only wait for a device."""
        log, steps = self._log, self._time
        self._time = 0
        ended = to_numpy(log.ended[:steps]).astype(bool)
        step, env = np.nonzero(ended)

        def pick(column: Array) -> npt.NDArray[Any]:
            return to_numpy(column[:steps])[step, env]

        length = pick(log.length).astype(np.int64)
        return EndedEpisodes(
            env=env.astype(np.int64),
            step=step.astype(np.int64),
            seed=pick(log.seed).astype(np.int64),
            stage=self._stages_of(env),
            length=length,
            raw_return=pick(log.raw).astype(np.float64),
            shaped_return=pick(log.shaped).astype(np.float64),
            truncated=pick(log.truncated).astype(bool),
            terms=pick(log.terms).astype(np.float64),
            metrics=_aggregate(
                self._aggregations, length, pick(log.metric_sum), pick(log.metric_max),
                pick(log.metric_last),
            ),
        )  # fmt: skip

    def _stages_of(self, env: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The first end of an environment closes the stage it began in; later ones are the new stage."""
        stages = np.full(len(env), self._next_stage, np.int64)
        _, first = np.unique(env, return_index=True)  # rows are in the order of time
        stages[first] = self._stage[env[first]]
        self._stage[env] = self._next_stage
        return stages

    def _allocate(self, batch: StepBatch) -> None:
        n, k, m, horizon = self._num_envs, self._num_terms, len(self._aggregations), self._horizon
        self._totals = _Totals(batch, (n,), k, m)
        self._totals.metric_max[:] = -np.inf
        self._log = _Log(batch, (horizon, n), k, m)
        self._time = 0


class _Totals:
    """One column a quantity, with a row (or a step and a row) for each environment."""

    def __init__(self, like: StepBatch, rows: tuple[int, ...], terms: int, metrics: int) -> None:
        self.length = zeros(like.rewards, *rows)
        self.raw = zeros(like.rewards, *rows)
        self.shaped = zeros(like.rewards, *rows)
        self.terms = zeros(like.terms, *rows, terms)
        self.metric_sum = zeros(like.metrics, *rows, metrics)
        self.metric_max = zeros(like.metrics, *rows, metrics)


class _Log(_Totals):
    def __init__(self, like: StepBatch, rows: tuple[int, ...], terms: int, metrics: int) -> None:
        super().__init__(like, rows, terms, metrics)
        self.metric_last = zeros(like.metrics, *rows, metrics)
        self.ended = zeros(like.terminated, *rows)
        self.truncated = zeros(like.truncated, *rows)
        self.seed = zeros(like.episode_seeds, *rows)


def _aggregate(
    aggregations: Sequence[str],
    length: npt.NDArray[np.int64],
    total: npt.NDArray[Any],
    largest: npt.NDArray[Any],
    last: npt.NDArray[Any],
) -> npt.NDArray[np.float64]:
    values = np.empty(total.shape, np.float64)
    for column, aggregation in enumerate(aggregations):
        values[:, column] = {
            "sum": total[:, column],
            "max": largest[:, column],
            "last": last[:, column],
            "mean": total[:, column] / np.maximum(length, 1),
        }[aggregation]
    return values
