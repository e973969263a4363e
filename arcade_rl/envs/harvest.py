"""What a rollout gives to count and to record: its steps, the episodes that ended, and those that are
still open. N is the number of environments, T the number of steps, K the number of terms, M the
number of metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Declaration
from arcade_rl.envs.fingerprints import Prints
from arcade_rl.envs.replies import EnvReplies, join_replies
from arcade_rl.errors import ContractError
from arcade_rl.recording.ended import EndedEpisodes
from arcade_rl.recording.tape import HostRollout

NOBODY = -1
"""Code of the opponent in open episodes whose opponent is unknown."""


@dataclass(frozen=True, slots=True)
class OpenEpisodes:
    """The open episodes of N environments, each with the sums over its steps so far."""

    begun: npt.NDArray[np.int64]
    """Episodes that have begun in each environment, the open one included. (N,), int64."""
    seed: npt.NDArray[np.int64]
    """Seed that the episode is played from; -1 if no step was played yet. (N,), int64."""
    stage: npt.NDArray[np.int64]
    """Curriculum stage that the episode is played in. (N,), int64."""
    seen: npt.NDArray[np.uint32]
    """Fingerprint of the observation after the last step so far. (N,), uint32."""
    clock: npt.NDArray[np.int64]
    """Steps that the fingerprint log has counted since the training began; equal for all. (N,),
    int64."""
    opponent: npt.NDArray[np.int64]
    """Code of the opponent; `NOBODY` in a game of one seat. (N,), int64."""
    length: npt.NDArray[np.int64]
    """Number of steps so far. (N,), int64."""
    raw: npt.NDArray[np.float64]
    """Sum of the game's own rewards. (N,), float64."""
    shaped: npt.NDArray[np.float64]
    """Sum of the weighted terms. (N,), float64."""
    terms: npt.NDArray[np.float64]
    """Sum of every term, unweighted. (N, K), float64."""
    metric_sum: npt.NDArray[np.float64]
    """Sum of every metric. (N, M), float64."""
    metric_max: npt.NDArray[np.float64]
    """Highest value of every metric; -inf if no step was played yet. (N, M), float64."""

    def rows(self, rows: slice) -> OpenEpisodes:
        """The episodes of some of the environments."""
        columns = {field.name: getattr(self, field.name)[rows] for field in fields(self)}
        return OpenEpisodes(**columns)


def join_open(parts: Sequence[OpenEpisodes]) -> OpenEpisodes:
    """The episodes of all parts, in their order."""
    names = [field.name for field in fields(OpenEpisodes)]
    return OpenEpisodes(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )


@dataclass(frozen=True, slots=True)
class Steps:
    """What T steps of N environments gave, in host memory."""

    rewards: npt.NDArray[np.float32]
    """The game's own rewards. (T, N), float32."""
    metrics: npt.NDArray[np.float32]
    """Every metric. (T, N, M), float32."""
    prints: Prints
    """Fingerprints of observations; empty where nothing is recorded."""
    states: npt.NDArray[np.generic] | None = None
    """States of the simulator. (T, N, S); None if nothing is recorded, or the game can be re-run
    exactly."""
    frames: npt.NDArray[np.int64] | None = None
    """Native frames of every step. (T, N), int64; None for a game whose steps have one length."""
    replies: EnvReplies | None = None
    """What opponents answered; None in a game of one seat."""

    def with_actions(
        self,
        actions: npt.NDArray[Any],
        values: npt.NDArray[np.float16] | None = None,
        distributions: npt.NDArray[np.float16] | None = None,
    ) -> HostRollout:
        """The steps with the actions that were played, (T, N) or (T, N, D), and what the policy said,
        in the form of `HostRollout`: what a recording is made of."""
        return HostRollout(
            actions=actions,
            rewards=self.rewards,
            metrics=self.metrics,
            values=values,
            distributions=distributions,
            states=self.states,
            frames=self.frames,
            reply_counts=None if self.replies is None else self.replies.counts,
            reply_actions=None if self.replies is None else self.replies.actions,
            print_steps=self.prints.steps,
            prints=self.prints.values,
            final_prints=self.prints.finals,
        )


@dataclass(frozen=True, slots=True)
class Harvest:
    """What one rollout gave."""

    ended: EndedEpisodes
    """The episodes that ended in the rollout."""
    steps: Steps
    """All steps of the rollout."""


def merge(parts: Sequence[tuple[int, Harvest]]) -> Harvest:
    """The harvests of several parts of the environments as one, episodes in the order of their end.

    Each part comes with the index of its first environment, and the parts are in rising order.
    """
    if len(parts) == 1:
        return parts[0][1]
    return Harvest(
        _merge_ended([(first, harvest.ended) for first, harvest in parts]),
        _merge_steps([(first, harvest.steps) for first, harvest in parts]),
    )


def _merge_steps(parts: Sequence[tuple[int, Steps]]) -> Steps:
    prints = [steps.prints for _, steps in parts]
    states = [steps.states for _, steps in parts if steps.states is not None]
    return Steps(
        np.concatenate([steps.rewards for _, steps in parts], axis=1),
        np.concatenate([steps.metrics for _, steps in parts], axis=1),
        Prints(
            prints[0].steps,
            np.concatenate([part.values for part in prints], axis=1),
            {
                (step, first + env): value
                for first, steps in parts
                for (step, env), value in steps.prints.finals.items()
            },
        ),
        np.concatenate(states, axis=1) if states else None,
        _side_by_side([steps.frames for _, steps in parts]),
        join_replies([steps.replies for _, steps in parts]),
    )


def _side_by_side(columns: Sequence[npt.NDArray[Any] | None]) -> npt.NDArray[Any] | None:
    there = [column for column in columns if column is not None]
    return np.concatenate(there, axis=1) if there else None


def _merge_ended(parts: Sequence[tuple[int, EndedEpisodes]]) -> EndedEpisodes:
    shifted = [replace(ended, env=ended.env + first) for first, ended in parts]
    columns = {
        field.name: np.concatenate([getattr(ended, field.name) for ended in shifted])
        for field in fields(EndedEpisodes)
    }
    order = np.lexsort((columns["env"], columns["step"]))
    return EndedEpisodes(**{name: column[order] for name, column in columns.items()})


def refuse_non_finite(ended: EndedEpisodes, declaration: Declaration) -> None:
    """ContractError if a return, term or metric of an episode is not a number."""
    columns = {
        "the return": ended.raw_return,
        "the shaped return": ended.shaped_return,
        **{f"term {t.name}": ended.terms[:, k] for k, t in enumerate(declaration.terms)},
        **{f"metric {m.name}": ended.metrics[:, k] for k, m in enumerate(declaration.metrics)},
    }
    for name, values in columns.items():
        for row in np.flatnonzero(~np.isfinite(values)):
            raise ContractError(
                f"{name} of the episode with seed {ended.seed[row]} is {values[row]}; "
                "expected a number: the game's environment is broken"
            )
