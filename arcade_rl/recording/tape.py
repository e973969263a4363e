"""What the environments did since their episodes began, kept rollout by rollout.

Cutting a rollout into episodes costs a slice for each environment; so rollouts stay whole until an
episode ends, and only its own steps are copied out. T is the number of steps of a rollout, N of
environments.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.recording.recording import Fingerprints


@dataclass(frozen=True, slots=True)
class Rollout:
    """One rollout on the host."""

    actions: npt.NDArray[Any]
    """(T, N) or (T, N, D)"""
    rewards: npt.NDArray[np.float32]
    """The game's own. (T, N)"""
    metrics: npt.NDArray[np.float32]
    """(T, N, M)"""
    values: npt.NDArray[np.float16]
    """(T, N)"""
    distributions: npt.NDArray[np.float16] | None
    """(T, N, P)"""
    states: npt.NDArray[np.generic] | None
    """(T, N, S), where the game cannot be re-run exactly."""
    print_steps: npt.NDArray[np.int64]
    """Steps of this rollout after which fingerprints were taken, 1 to T. (F,)"""
    prints: npt.NDArray[np.uint32]
    """(F, N)"""
    final_prints: dict[tuple[int, int], int]
    """Fingerprint of the last observation of the episode that (step, environment) ended."""


@dataclass(frozen=True, slots=True)
class Span:
    """The columns of one episode; the fields are those of `Recording`."""

    actions: npt.NDArray[Any]
    rewards: npt.NDArray[np.float32]
    metrics: npt.NDArray[np.float32]
    values: npt.NDArray[np.float16]
    distributions: npt.NDArray[np.float16] | None
    states: npt.NDArray[np.generic] | None
    fingerprints: Fingerprints


_COLUMNS = tuple(field.name for field in fields(Span) if field.name != "fingerprints")


class Tape:
    """The rollouts that hold a step of an episode that is still open."""

    def __init__(self, num_envs: int) -> None:
        self._rollouts: deque[tuple[int, Rollout]] = deque()
        """Each with the number of steps before it."""
        self._end = 0
        self._starts = np.zeros(num_envs, np.int64)
        """Where the open episode of each environment began."""

    def add(self, rollout: Rollout) -> None:
        """Go on by a rollout. Its arrays must stay as they are."""
        self._rollouts.append((self._end, rollout))
        self._end += len(rollout.rewards)

    def cut(self, step: int, env: int) -> Span:
        """The episode that the last rollout's `step` ended in `env`; the next one begins there.
        Episodes of an environment must be cut in the order of their end."""
        first, _ = self._rollouts[-1]
        start, end = int(self._starts[env]), first + step + 1
        self._starts[env] = end
        pieces = [
            (rollout, slice(max(start - before, 0), min(end - before, len(rollout.rewards))))
            for before, rollout in self._rollouts
            if before < end and before + len(rollout.rewards) > start
        ]
        columns = {
            name: _joined([getattr(rollout, name) for rollout, _ in pieces], pieces, env)
            for name in _COLUMNS
        }
        return Span(**columns, fingerprints=self._fingerprints(start, end, step, env))

    def forget(self) -> None:
        """Let go of the rollouts that no open episode reaches into."""
        oldest = int(self._starts.min())
        while self._rollouts and _end_of(self._rollouts[0]) <= oldest:
            self._rollouts.popleft()

    def _fingerprints(self, start: int, end: int, step: int, env: int) -> Fingerprints:
        positions, values = [], []
        for before, rollout in self._rollouts:
            for at, row in zip(rollout.print_steps.tolist(), rollout.prints, strict=True):
                if start <= before + at < end:
                    positions.append(before + at - start)
                    values.append(int(row[env]))
        final = self._rollouts[-1][1].final_prints.get((step, env))
        if final is not None:
            positions.append(end - start)
            values.append(final)
        return Fingerprints(np.array(positions, np.int64), np.array(values, np.uint32))


def _end_of(placed: tuple[int, Rollout]) -> int:
    before, rollout = placed
    return before + len(rollout.rewards)


def _joined(columns: list[Any], pieces: list[tuple[Rollout, slice]], env: int) -> Any:
    """Steps of one environment, over rollouts; a copy. None where the column is not kept."""
    if columns[0] is None:
        return None
    parts = [column[rows, env] for column, (_, rows) in zip(columns, pieces, strict=True)]
    joined = np.concatenate(parts)
    return joined.astype(np.int64) if joined.dtype.kind in "iu" else joined
