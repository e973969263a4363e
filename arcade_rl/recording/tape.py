"""The steps of all open episodes, kept rollout by rollout.

Cutting a rollout into episodes costs a slice for each environment. So rollouts stay whole until an
episode ends, and only the steps of that episode are copied out. If few environments still need many
rollouts, the columns of all other environments are dropped. T is the number of steps of a rollout,
N the number of environments.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Replies
from arcade_rl.recording.recording import Fingerprints, Metadata, Recording, Start


@dataclass(frozen=True, slots=True)
class HostRollout:
    """One rollout, in host memory."""

    actions: npt.NDArray[Any]
    """Actions that the environments were given. (T, N) or (T, N, D)."""
    rewards: npt.NDArray[np.float32]
    """The game's own rewards. (T, N), float32."""
    metrics: npt.NDArray[np.float32]
    """Every metric at every step. (T, N, M), float32."""
    values: npt.NDArray[np.float16] | None
    """The critic's estimates. (T, N), float16; None if no criterion asks for the policy."""
    distributions: npt.NDArray[np.float16] | None
    """The policy's action distributions. (T, N, P), float16; None where `values` is None."""
    states: npt.NDArray[np.generic] | None
    """States of the simulator. (T, N, S); None for a game that can be re-run exactly."""
    frames: npt.NDArray[np.int64] | None
    """Native frames of each step. (T, N), int64; None for a game whose steps have one length."""
    reply_counts: npt.NDArray[np.int64] | None
    """How many answers opponents gave in each step. (T, N), int64; None in a game of one seat."""
    reply_actions: tuple[npt.NDArray[Any], ...] | None
    """The answers in each environment, oldest first. N arrays; None in a game of one seat."""
    print_steps: npt.NDArray[np.int64]
    """Steps of this rollout after which fingerprints were taken, 1 to T. (F,), int64."""
    prints: npt.NDArray[np.uint32]
    """Fingerprints of the observations after these steps. (F, N), uint32."""
    final_prints: dict[tuple[int, int], int]
    """Fingerprint of the last observation of the episode that (step, environment) ended."""


@dataclass(frozen=True, slots=True)
class Span:
    """The columns of one episode, as a `Recording` has them."""

    actions: npt.NDArray[Any]
    rewards: npt.NDArray[np.float32]
    metrics: npt.NDArray[np.float32]
    values: npt.NDArray[np.float16] | None
    distributions: npt.NDArray[np.float16] | None
    states: npt.NDArray[np.generic] | None
    frames: npt.NDArray[np.int64] | None
    reply_counts: npt.NDArray[np.int64] | None
    reply_actions: npt.NDArray[Any] | None
    fingerprints: Fingerprints

    def recording(self, metadata: Metadata, start: Start) -> Recording:
        """The episode, if this span holds all of its steps."""
        same = (
            "actions",
            "rewards",
            "metrics",
            "fingerprints",
            "values",
            "distributions",
            "states",
        )
        columns = {name: getattr(self, name) for name in (*same, "frames")}
        return Recording(metadata, start, **columns, replies=self.replies)

    @property
    def replies(self) -> Replies | None:
        """What opponents answered, in a game of more than one seat."""
        if self.reply_counts is None or self.reply_actions is None:
            return None
        return Replies(self.reply_counts, self.reply_actions)


RAGGED = ("reply_actions", "fingerprints")
"""Fields of a `Span` whose number of rows is not the number of steps."""
COLUMNS = tuple(field.name for field in fields(Span) if field.name not in RAGGED)
"""Fields of a `Span` with a row for every step."""
_MANY = 64
"""Rollouts that are added before `forget` looks again for columns to drop."""
_MUCH = 256 << 20
"""Bytes of rollouts that are added before `forget` looks again for columns to drop."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A rollout at its place in time, or the part of it that is still needed."""

    before: int
    """Steps on the tape before this rollout."""
    rollout: HostRollout
    """The rollout, with the columns of all or some of the environments."""
    column: npt.NDArray[np.int64]
    """Index of each environment's columns in the rollout, -1 if they were dropped. (N,), int64."""

    @property
    def end(self) -> int:
        """Steps on the tape up to the end of this rollout."""
        return self.before + len(self.rollout.rewards)

    @property
    def num_bytes(self) -> int:
        """Bytes of all columns of the rollout."""
        columns = [getattr(self.rollout, name) for name in COLUMNS]
        return sum(column.nbytes for column in columns if column is not None)

    def of(self, envs: npt.NDArray[np.intp]) -> Placed:
        """A copy with the columns of these environments alone, none of which may be dropped
        already."""
        rows = self.column[envs]
        columns = {name: getattr(self.rollout, name) for name in (*COLUMNS, "prints")}
        left: dict[str, Any] = {
            k: None if array is None else array[:, rows] for k, array in columns.items()
        }
        if (answers := self.rollout.reply_actions) is not None:
            left["reply_actions"] = tuple(answers[row] for row in rows)
        column = np.full_like(self.column, -1)
        column[envs] = np.arange(len(envs))
        return Placed(self.before, replace(self.rollout, **left, final_prints={}), column)


class Tape:
    """The rollouts that hold a step of an episode that is still open."""

    def __init__(self, num_envs: int) -> None:
        self._rollouts: deque[Placed] = deque()
        self._end = 0
        self._starts = np.zeros(num_envs, np.int64)
        """Steps on the tape before the open episode of each environment. (N,), int64."""
        self.is_whole = np.ones(num_envs, np.bool_)
        """Whether each open episode is known from its first step on. (N,), bool."""
        self._whole = np.arange(num_envs)
        self._new = self._new_bytes = 0
        """Rollouts, and their bytes, that were added since `forget` last looked for columns to
        drop."""

    @property
    def num_bytes(self) -> int:
        """Bytes of all columns on the tape."""
        return sum(placed.num_bytes for placed in self._rollouts)

    @property
    def is_empty(self) -> bool:
        """Whether no rollout is on the tape."""
        return not self._rollouts

    def add(self, rollout: HostRollout) -> None:
        """Add a rollout. Nobody may change its arrays afterwards."""
        placed = Placed(self._end, rollout, self._whole)
        self._rollouts.append(placed)
        self._end = placed.end
        self._new += 1
        self._new_bytes += placed.num_bytes

    def skip(self, step: int, env: int) -> int:
        """Pass over the episode in `env` that `step` of the last rollout ended; nobody needs it.

        Returns the steps on the tape before the next episode. The episodes of an environment must
        come in the order of their end.
        """
        end = self._rollouts[-1].before + step + 1
        self._starts[env] = end
        self.is_whole[env] = True
        return end

    def cut(self, step: int, env: int) -> Span:
        """Copy out the episode in `env` that `step` of the last rollout ended, and pass over it
        like `skip`."""
        start, end = int(self._starts[env]), self.skip(step, env)
        pieces = self._since(start)
        # The rollout that ends at `start` has a fingerprint of this episode, but none of its steps.
        held = [placed for placed in pieces if placed.end > start]
        columns = _columns_of(held, start, end, env)
        if columns["actions"].dtype.kind in "iu":
            columns["actions"] = columns["actions"].astype(np.int64)
        return Span(**columns, fingerprints=self._fingerprints(pieces, start, end, step, env))

    def open_span(self, env: int) -> Span:
        """The steps so far of the open episode in `env`, perhaps none. At least one rollout must
        have been added."""
        start = int(self._starts[env])
        pieces = self._since(start)
        held = [placed for placed in pieces if placed.end > start] or pieces[-1:]
        columns = _columns_of(held, start, self._end, env)
        positions, values = self._prints_of(pieces, start, self._end + 1, env)
        return Span(**columns, fingerprints=_as_fingerprints(positions, values))

    def go_on(self, spans: Sequence[Span]) -> None:
        """Begin with the open episodes of another tape, one for each environment."""
        lengths = np.array([len(span.rewards) for span in spans])
        self._end = int(lengths.max())
        self._starts = self._end - lengths
        self._rollouts = deque([Placed(0, _side_by_side(spans, self._starts), self._whole)])

    def lose(self, envs: npt.NDArray[np.bool_]) -> None:
        """Note that a part of the open episodes of these environments is unknown: they must not be
        cut."""
        self.is_whole &= ~envs

    def forget(self) -> None:
        """Drop rollouts that no open episode reaches into, and sometimes columns of the others."""
        # A rollout that ends just where the oldest episode begins stays: the fingerprint after its
        # last step is taken after the reset, and so belongs to that episode.
        oldest = int(self._starts.min())
        while self._rollouts and self._rollouts[0].end < oldest:
            self._rollouts.popleft()
        # One long episode holds all rollouts since its beginning. Thinning them copies, so it
        # waits until much was added; then the long episode costs only its own columns.
        if self._new > _MANY or self._new_bytes > _MUCH:
            self._new = self._new_bytes = 0
            self._rollouts = deque(self._thinned(placed) for placed in self._rollouts)

    def _thinned(self, placed: Placed) -> Placed:
        """The rollout without the columns that no open episode needs, if those are half of it or
        more."""
        is_open = self._starts <= placed.end  # the last fingerprint may be of the next episode
        is_half = 2 * np.count_nonzero(is_open) <= np.count_nonzero(placed.column >= 0)
        return placed.of(np.flatnonzero(is_open)) if is_half else placed

    def _since(self, start: int) -> list[Placed]:
        """The rollouts that reach to the step `start` or beyond."""
        found = []
        for placed in reversed(self._rollouts):
            if placed.end < start:
                break
            found.append(placed)
        return found[::-1]

    def _fingerprints(
        self, pieces: list[Placed], start: int, end: int, step: int, env: int
    ) -> Fingerprints:
        positions, values = self._prints_of(pieces, start, end, env)
        final = self._rollouts[-1].rollout.final_prints.get((step, env))
        if final is not None:
            positions.append(end - start)
            values.append(final)
        return _as_fingerprints(positions, values)

    @staticmethod
    def _prints_of(
        pieces: list[Placed], start: int, stop: int, env: int
    ) -> tuple[list[int], list[int]]:
        """(positions, values) of an environment's fingerprints from `start` on and before `stop`.
        Positions count from `start`."""
        positions: list[int] = []
        values: list[int] = []
        for placed in pieces:
            at, column = placed.before + placed.rollout.print_steps, placed.column[env]
            is_own = (start <= at) & (at < stop) & (column >= 0)
            positions += (at[is_own] - start).tolist()
            values += placed.rollout.prints[is_own, column].tolist()
        return positions, values


def _as_fingerprints(positions: list[int], values: list[int]) -> Fingerprints:
    return Fingerprints(np.array(positions, np.int64), np.array(values, np.uint32))


def _side_by_side(spans: Sequence[Span], starts: npt.NDArray[np.int64]) -> HostRollout:
    """A rollout made of spans that end at the same moment, each laid from its start on. What lies
    before a start is 0."""
    columns: dict[str, Any] = {}
    for name in COLUMNS:
        parts = [getattr(span, name) for span in spans]
        if any(part is None for part in parts):
            columns[name] = None
            continue
        longest = max(map(len, parts))
        column = np.zeros((longest, len(spans), *parts[0].shape[1:]), parts[0].dtype)
        for env, (start, part) in enumerate(zip(starts, parts, strict=True)):
            column[start:, env] = part
        columns[name] = column
    places = [
        start + span.fingerprints.positions for start, span in zip(starts, spans, strict=True)
    ]
    steps = np.unique(np.concatenate(places))
    prints = np.zeros((len(steps), len(spans)), np.uint32)
    for env, (place, span) in enumerate(zip(places, spans, strict=True)):
        prints[np.searchsorted(steps, place), env] = span.fingerprints.values
    columns["reply_actions"] = None
    if columns["reply_counts"] is not None:
        columns["reply_actions"] = tuple(span.reply_actions for span in spans)
    return HostRollout(**columns, print_steps=steps, prints=prints, final_prints={})


def _columns_of(pieces: list[Placed], start: int, end: int, env: int) -> dict[str, Any]:
    """The columns of some steps of one environment, without fingerprints."""
    columns = {name: _joined(name, pieces, start, end, env) for name in COLUMNS}
    return {**columns, "reply_actions": _joined_answers(pieces, start, end, env)}


def _joined_answers(
    pieces: list[Placed], start: int, end: int, env: int
) -> npt.NDArray[Any] | None:
    """The answers in some steps of one environment, joined over rollouts; a copy. None in a game of
    one seat."""
    parts = []
    for placed in pieces:
        counts, answers = placed.rollout.reply_counts, placed.rollout.reply_actions
        if counts is None or answers is None:
            return None
        rows, column = _rows(placed, start, end), placed.column[env]
        before = int(counts[: rows.start, column].sum())
        after = before + int(counts[rows, column].sum())
        parts.append(answers[column][before:after])
    return np.concatenate(parts)


def _rows(placed: Placed, start: int, end: int) -> slice:
    """The rows of a rollout whose steps on the tape are from `start` on and before `end`."""
    return slice(max(start - placed.before, 0), min(end, placed.end) - placed.before)


def _joined(name: str, pieces: list[Placed], start: int, end: int, env: int) -> Any:
    """One column of some steps of one environment, joined over rollouts; a copy. None if the column
    is not kept."""
    parts = []
    for placed in pieces:
        column = getattr(placed.rollout, name)
        if column is None:
            return None
        parts.append(column[_rows(placed, start, end), placed.column[env]])
    return np.concatenate(parts)
