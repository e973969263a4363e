"""Counts whole episodes: sums rewards and terms, aggregates metrics, and hands over ended episodes.

Each step is only written into a log that lives where the environment's arrays are. So a step costs
next to nothing, and nobody waits for a GPU. Once a rollout, `harvest` sums the log up. N is the
number of environments, T the number of steps, K the number of terms, M the number of metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Array, Declaration, ReplayKind, Replies, StepBatch
from arcade_rl.envs.arrays import to_numpy, zeros
from arcade_rl.envs.fingerprints import FingerprintLog
from arcade_rl.envs.harvest import NOBODY, Harvest, OpenEpisodes, Steps
from arcade_rl.envs.replies import by_environment
from arcade_rl.errors import ContractError
from arcade_rl.recording.ended import EndedEpisodes


class EpisodeAccounting:
    """The log of one rollout of up to `horizon` steps of N environments, and the sums that open
    episodes have from earlier rollouts."""

    def __init__(
        self,
        declaration: Declaration,
        num_envs: int,
        horizon: int,
        has_prints: bool = False,
        has_states: bool = False,
    ) -> None:
        """`has_prints` and `has_states`: whether to keep the fingerprints and states of steps."""
        self._declaration = declaration
        self._prints = FingerprintLog(declaration.frame_stack > 1, has_prints)
        self._has_states = has_states
        self._num_envs = num_envs
        self._horizon = horizon
        self._aggregations = [metric.aggregation for metric in declaration.metrics]
        self._replay = declaration.replay
        self._num_terms = len(declaration.terms)
        self._log: _Log | None = None
        self._replies: list[Replies] = []
        self._open = _Totals(num_envs, self._num_terms, len(self._aggregations))
        self._stage = np.zeros(num_envs, np.int64)
        self._seed = np.zeros(num_envs, np.int64)
        self._begun = np.ones(num_envs, np.int64)
        self._next_stage = 0
        self._time = 0

    def begin_episodes(self, stage: int) -> None:
        """Begin to count, right after all environments were reset, in `stage`."""
        self._open = _Totals(self._num_envs, self._num_terms, len(self._aggregations))
        self._time = 0
        self._prints.begin(0)
        self._begun[:] = 1
        self._stage[:] = self._next_stage = stage

    def open_episodes(self) -> OpenEpisodes:
        """The episodes that are open after a harvest. Ask before the next step is recorded."""
        totals = {name: column.copy() for name, column in vars(self._open).items()}
        return OpenEpisodes(
            begun=self._begun.copy(),
            seed=np.where(self._open.length > 0, self._seed, -1),
            stage=self._stage.copy(),
            seen=self._prints.seen(),
            clock=np.full(self._num_envs, self._prints.count, np.int64),
            opponent=np.full(self._num_envs, NOBODY, np.int64),
            **totals,
        )

    def go_on(self, open_: OpenEpisodes, stage: int) -> None:
        """Go on with these open episodes. Later episodes are played in `stage`."""
        for name in vars(self._open):
            setattr(self._open, name, getattr(open_, name).copy())
        self._time = 0
        self._prints.begin(int(open_.clock[0]))
        self._begun, self._stage = open_.begun.copy(), open_.stage.copy()
        self._next_stage = stage

    def set_stage(self, stage: int) -> None:
        """Episodes that start from now on are played in `stage`."""
        self._next_stage = stage

    def record(self, batch: StepBatch, shaped: Array) -> Array:
        """Note one step. Returns in which environments an episode ended, (N,), bool.

        `shaped` is the sum of the weighted terms, (N,). ContractError if the batch has states or
        frames that the game does not declare, or lacks declared ones.
        """
        if self._log is None:
            _refuse_undeclared_states(batch, self._replay)
            _refuse_undeclared_frames(batch, self._declaration)
            k, m = self._num_terms, len(self._aggregations)
            self._log = _Log(batch, (self._horizon, self._num_envs), k, m, self._has_states)
        log, t = self._log, self._time
        ended = batch.terminated | batch.truncated
        log.ended[t] = ended
        log.truncated[t] = batch.truncated
        log.seed[t] = batch.episode_seeds
        log.raw[t] = batch.rewards
        log.shaped[t] = shaped
        log.terms[t] = batch.terms
        log.metrics[t] = batch.metrics
        log.has_final[t] = batch.final_observations is not None
        if log.states is not None:
            log.states[t] = batch.states
        if log.frames is not None and batch.frames is not None:
            log.frames[t] = batch.frames
        if batch.replies is not None:
            self._replies.append(batch.replies)
            log.opponent[t] = to_numpy(batch.opponents)
        self._prints.note(t, batch, ended)
        self._time += 1
        return ended

    def harvest(self, first: int = 0) -> Harvest:
        """The steps since the last harvest, at least one, and the episodes that ended in them.

        Only this method waits for a device. `first` is the number of the first environment, for
        messages. ContractError if a value is not a finite number, or a last observation is missing.
        """
        assert self._log is not None, "nothing was recorded"
        log, steps = self._log.on_host(self._time), self._time
        for fault in log.faults(self._declaration, first):
            raise ContractError(fault)
        self._time = 0
        ended = self._end_episodes(log, steps)
        prints = self._prints.harvest(self._num_envs)
        states = None if log.states is None else log.states.copy()
        frames = None if log.frames is None else np.array(log.frames, np.int64)
        replies, self._replies = by_environment(self._replies), []
        rewards, metrics = _floats(log.raw), _floats(log.metrics)
        return Harvest(ended, Steps(rewards, metrics, prints, states, frames, replies))

    def _end_episodes(self, log: _Log, steps: int) -> EndedEpisodes:
        # A piece that ends with an episode is handed over. The last piece of each environment is
        # the new open episode, which is empty if an episode ended at the very last step.
        pieces = _Pieces(log.ended)
        ended = pieces.ended
        step, env = pieces.step[ended], pieces.env[ended]
        totals = self._open.extended(pieces, log)
        self._open = totals.picked(pieces.last).cleared(log.ended[steps - 1])
        self._seed = log.seed[steps - 1].astype(np.int64)
        self._begun += log.ended[:steps].sum(axis=0)
        gone = totals.picked(np.flatnonzero(ended))
        order = np.lexsort((env, step))  # in the order of time
        gone, step, env = gone.picked(order), step[order], env[order]
        return EndedEpisodes(
            env=env,
            step=step,
            seed=log.seed[step, env].astype(np.int64),
            stage=self._stages_of(env),
            length=gone.length,
            raw_return=gone.raw,
            shaped_return=gone.shaped,
            truncated=log.truncated[step, env],
            terms=gone.terms,
            opponent=log.opponent[step, env],
            metrics=_aggregate(self._aggregations, gone, log.metrics[step, env].astype(np.float64)),
        )

    def _stages_of(self, env: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Stage of each ended episode. The first one to end in an environment was played in the
        stage that it began in; later ones were played in the new stage."""
        stages = np.full(len(env), self._next_stage, np.int64)
        _, first = np.unique(env, return_index=True)  # rows are in the order of time
        stages[first] = self._stage[env[first]]
        self._stage[env] = self._next_stage
        return stages


def _refuse_undeclared_states(batch: StepBatch, replay: ReplayKind) -> None:
    """ContractError unless states are given just as declared.

    A recording without states would pass for one that its seed and actions play again.
    """
    if (batch.states is None) == (replay == "states"):
        found = "gives no states" if batch.states is None else "gives states"
        raise ContractError(
            f'the game declares replay = "{replay}" and its environment {found}; '
            'expected StepBatch.states where replay is "states", and nowhere else'
        )


def _refuse_undeclared_frames(batch: StepBatch, declaration: Declaration) -> None:
    """ContractError unless frames are given just as declared.

    Without frames, discounting by time would treat all steps as equally long.
    """
    if (batch.frames is None) == declaration.timed:
        found = "gives no frames" if batch.frames is None else "gives frames"
        raise ContractError(
            f"the game declares timed = {declaration.timed} and its environment {found}; expected "
            "StepBatch.frames where it is timed, and nowhere else"
        )


def _floats(column: Array) -> npt.NDArray[np.float32]:
    """A copy in float32, because the next rollout overwrites the log."""
    return np.array(column, np.float32)


class _Log:
    """What every step of a rollout gave, on the device that gave it. Each array is (T, N, ...)."""

    def __init__(
        self,
        like: StepBatch,
        rows: tuple[int, int],
        terms: int,
        metrics: int,
        has_states: bool,
    ) -> None:
        self.raw = zeros(like.rewards, *rows)
        self.shaped = zeros(like.rewards, *rows)
        self.terms = zeros(like.terms, *rows, terms)
        self.metrics = zeros(like.metrics, *rows, metrics)
        self.ended = zeros(like.terminated, *rows)
        self.truncated = zeros(like.truncated, *rows)
        self.seed = zeros(like.episode_seeds, *rows)
        self.opponent = np.zeros(rows, np.int64)
        self.frames = None if like.frames is None else zeros(like.frames, *rows)
        self.has_final = np.zeros(rows[0], np.bool_)
        """Whether the step had last observations, in host memory. (T,), bool."""
        self.states = (
            zeros(like.states, *rows, like.states.shape[1])
            if has_states and like.states is not None
            else None
        )

    def on_host(self, steps: int) -> _Log:
        """The first `steps` rows of the log as numpy arrays."""
        found = copy(self)
        for name, column in vars(self).items():
            if column is not None:
                setattr(found, name, to_numpy(column[:steps]))
        return found

    def faults(self, declaration: Declaration, first: int) -> Iterator[str]:
        """Values in a log on the host that the contract forbids."""
        columns = {
            "rewards": (self.raw, None),
            "terms": (self.terms, declaration.terms),
            "metrics": (self.metrics, declaration.metrics),
        }
        for label, (column, named) in columns.items():
            if np.isfinite(column).all():
                continue
            step, env, *place = np.argwhere(~np.isfinite(column))[0].tolist()
            name = f"{label}.{named[place[0]].name}" if named else label
            yield (
                f"{name} is {column[(step, env, *place)]} in environment {first + env}, in step "
                f"{step + 1} of {len(column)}, of the episode with seed {self.seed[step, env]}; "
                "expected a finite number: the game's environment is broken"
            )
        for step, env in np.argwhere(self.ended & ~self.has_final[:, None])[:1].tolist():
            yield (
                f"final_observations is None in step {step + 1} of {len(self.ended)}, where the episode "
                f"of environment {first + env} ended; expected its last observation: the game's "
                "environment is broken"
            )


class _Pieces:
    """A rollout cut into P pieces where episodes end.

    The pieces of one environment follow one another, and environments come in order. Each array is
    (P,) unless noted.
    """

    def __init__(self, ended: npt.NDArray[np.bool_]) -> None:
        steps = len(ended)
        cut = ended.copy()
        cut[-1] = True  # an episode that stays open at the end is a piece too
        self.env, self.step = (index.astype(np.int64) for index in np.nonzero(cut.T))
        self.ended: npt.NDArray[np.bool_] = ended[self.step, self.env]
        is_first = np.ones(len(self.env), np.bool_)
        is_first[1:] = self.env[1:] != self.env[:-1]
        before = np.where(is_first, -1, np.roll(self.step, 1))
        self.length = self.step - before
        self.start = self.env * steps + before + 1
        """Where each piece begins in a column that is laid out environment after environment."""
        self.first = np.flatnonzero(is_first)
        """The first piece of each environment, which continues the episode of the last rollout.
        (N,)"""
        self.last = np.append(self.first[1:], len(self.env)) - 1
        """The last piece of each environment, which reaches the end of the rollout. (N,)"""

    def reduce(self, operation: np.ufunc, column: Array) -> npt.NDArray[np.float64]:
        """Apply the operation to the steps of each piece. (T, N, ...) to (P, ...)"""
        steps, envs, *rest = column.shape
        flat = column.swapaxes(0, 1).reshape(steps * envs, *rest).astype(np.float64)
        reduced: npt.NDArray[np.float64] = operation.reduceat(flat, self.start, axis=0)
        return reduced


class _Totals:
    """Sums over the steps of episodes, with one row for each episode."""

    def __init__(self, rows: int, terms: int, metrics: int) -> None:
        self.length = np.zeros(rows, np.int64)
        self.raw = np.zeros(rows)
        self.shaped = np.zeros(rows)
        self.terms = np.zeros((rows, terms))
        self.metric_sum = np.zeros((rows, metrics))
        self.metric_max = np.full((rows, metrics), -np.inf)

    def extended(self, pieces: _Pieces, log: _Log) -> _Totals:
        """The totals of all pieces of a rollout. The first piece of each environment continues an
        open episode, so the totals of that episode are added."""
        found = copy(self)
        found.length = pieces.length.copy()
        found.length[pieces.first] += self.length
        found.metric_max = pieces.reduce(np.maximum, log.metrics)
        largest = np.maximum(found.metric_max[pieces.first], self.metric_max)
        found.metric_max[pieces.first] = largest
        columns = {"raw": log.raw, "shaped": log.shaped, "terms": log.terms}
        for name, column in {**columns, "metric_sum": log.metrics}.items():
            sums = pieces.reduce(np.add, column)
            sums[pieces.first] += getattr(self, name)
            setattr(found, name, sums)
        return found

    def picked(self, rows: npt.NDArray[np.intp]) -> _Totals:
        """A copy with some of the rows."""
        found = copy(self)
        for name, column in vars(self).items():
            setattr(found, name, column[rows])
        return found

    def cleared(self, rows: npt.NDArray[np.bool_]) -> _Totals:
        """These totals, after setting some of the rows back to the start."""
        for name, column in vars(self).items():
            column[rows] = -np.inf if name == "metric_max" else 0
        return self


def _aggregate(
    aggregations: Sequence[str], totals: _Totals, last: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Metrics of E episodes, each aggregated as declared. (E, M), float64."""
    values = np.empty(last.shape, np.float64)
    for column, aggregation in enumerate(aggregations):
        values[:, column] = {
            "sum": totals.metric_sum[:, column],
            "max": totals.metric_max[:, column],
            "last": last[:, column],
            "mean": totals.metric_sum[:, column] / np.maximum(totals.length, 1),
        }[aggregation]
    return values
