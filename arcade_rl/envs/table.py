"""Environments of more than one seat with those who sit there: what they answer is kept, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import (
    Array,
    Declaration,
    Observations,
    Opponents,
    Replies,
    SeedSource,
    StepBatch,
    VectorEnv,
)
from arcade_rl.envs.seats import Company, Integers, Masks, Rows
from arcade_rl.errors import ContractError

SEATS = "seats."
"""What the names of arrays begin with that are saved of opponents."""
WAITING, COUNTS = "seats.waiting", "seats.counts"
"""Answers that wait for their episode's first step, and how many each environment has."""


class Table(VectorEnv):
    """A game's environments and whoever sits opposite in them."""

    def __init__(self, env: VectorEnv) -> None:
        self.game_env = self._env = env
        """The game's own."""
        self.num_envs = env.num_envs
        self.observation_space, self.action_space = env.observation_space, env.action_space

    def set_opponents(self, opponents: Company) -> None:  # type: ignore[override]
        """Sit them down. The game asks through a `Minutes`, which keeps what they answer."""
        self.company = opponents
        self._minutes = Minutes(opponents, self.action_space, self.num_envs)
        self._env.set_opponents(self._minutes)

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        """As `VectorEnv`."""
        self._minutes.forget(np.arange(self.num_envs) if rows is None else rows)
        observations = self._env.reset(seeds, rows)
        self._minutes.turn_page()
        return observations

    def step(self, actions: Array) -> StepBatch:
        """As `VectorEnv`."""
        who = self.company.who.copy()
        batch = self._env.step(actions)
        return replace(batch, replies=self._minutes.take(), opponents=who)

    def action_masks(self) -> Array | None:
        """As `VectorEnv`."""
        return self._env.action_masks()

    def set_stage(self, stage: int) -> None:
        """As `VectorEnv`."""
        self._env.set_stage(stage)

    def close(self) -> None:
        """As `VectorEnv`."""
        self._env.close()

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        """As `VectorEnv`, with what the opponents go on from."""
        own = {f"{SEATS}{name}": array for name, array in self.company.save().items()}
        return {**self._env.save(), **own, **self._minutes.save()}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        """As `VectorEnv`."""
        ours = {name: array for name, array in saved.items() if name.startswith(SEATS)}
        self._minutes.restore(ours)
        self.company.restore({name.removeprefix(SEATS): array for name, array in ours.items()})
        rest = {name: array for name, array in saved.items() if name not in ours}
        return self._env.restore(rest, seeds)


class Minutes(Opponents):
    """Passes questions on, and keeps the answers until the step that they belong to is over."""

    def __init__(self, opponents: Opponents, actions: Any, num_envs: int) -> None:
        self._opponents, self._actions, self._num_envs = opponents, actions, num_envs
        self._page: list[tuple[Rows, npt.NDArray[Any]]] = []
        """Environments that asked and their answers, in this step."""
        self._next: list[tuple[Rows, npt.NDArray[Any]]] = []
        """Those of episodes that began in this step: they belong to their first step, the next one."""
        self._has_begun = np.zeros(num_envs, np.bool_)
        self._is_known = np.zeros(num_envs, np.bool_)
        """Where the game has said that an episode began."""

    def begin(self, rows: Rows, seeds: Integers) -> None:
        """As `Opponents`."""
        self._has_begun[rows] = self._is_known[rows] = True
        self._opponents.begin(rows, seeds)

    def choose(
        self, rows: Rows, observations: Observations, masks: Masks | None
    ) -> npt.NDArray[Any]:
        """As `Opponents`. ContractError if the rows do not rise, or nothing has begun there."""
        if len(rows) == 0 or (np.diff(rows) <= 0).any():
            raise ContractError(
                f"opponents are asked in the environments {rows}; expected rising ones"
            )
        if not self._is_known[rows].all():
            row = rows[~self._is_known[rows]][0]
            raise ContractError(
                f"opponents are asked in environment {row}, where no episode has begun; expected begin first"
            )
        answers = self._opponents.choose(rows, observations, masks)
        for page, is_own in (
            (self._page, ~self._has_begun[rows]),
            (self._next, self._has_begun[rows]),
        ):
            if is_own.any():
                page.append((rows[is_own], answers[is_own].copy()))
        return answers

    def take(self) -> Replies:
        """The answers of the step that is over."""
        found = self._gathered(self._page)
        self._page, self._next = self._next, []
        self._has_begun[:] = False
        return found

    def forget(self, rows: Rows) -> None:
        """These environments are reset: what was answered in their episodes has no step to belong to."""
        kept = [(asked, ~np.isin(asked, rows), answers) for asked, answers in self._page]
        self._page = [(asked[keep], answers[keep]) for asked, keep, answers in kept if keep.any()]

    def turn_page(self) -> None:
        """Environments were reset: what was answered in it belongs to the next step."""
        self._page += self._next
        self._next = []
        self._has_begun[:] = False

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """The answers that wait for a step, as rows of the same width."""
        waiting = self._gathered(self._page)
        ends = np.cumsum(waiting.counts)
        widest = max(int(waiting.counts.max(initial=0)), 1)
        rows = np.zeros((self._num_envs, widest, *waiting.actions.shape[1:]), waiting.actions.dtype)
        for row, (count, end) in enumerate(zip(waiting.counts, ends, strict=True)):
            rows[row, :count] = waiting.actions[end - count : end]
        return {WAITING: rows, COUNTS: waiting.counts}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on with what `save` gave."""
        counts, waiting = saved[COUNTS], saved[WAITING]
        self._page, self._next = [], []
        self._has_begun[:], self._is_known[:] = False, True
        for place in range(waiting.shape[1]):
            rows = np.flatnonzero(counts > place)
            if len(rows):
                self._page.append((rows, waiting[rows, place]))

    def _gathered(self, page: list[tuple[Rows, npt.NDArray[Any]]]) -> Replies:
        if not page:
            return no_replies(self._actions, self._num_envs)
        rows = np.concatenate([asked for asked, _ in page])
        order = np.argsort(rows, kind="stable")
        counts = np.bincount(rows, minlength=self._num_envs).astype(np.int64)
        return Replies(counts, np.concatenate([answers for _, answers in page])[order])


def no_replies(space: Any, rows: int) -> Replies:
    """The replies of so many environments or steps in which nobody was asked."""
    kind = np.float32 if np.dtype(space.dtype).kind == "f" else np.int64
    return Replies(np.zeros(rows, np.int64), np.zeros((0, *(space.shape or ())), kind))


def at_table(env: VectorEnv, declaration: Declaration) -> VectorEnv:
    """The environments, with a place for opponents where the game has more than one seat."""
    return Table(env) if len(declaration.seats) > 1 else env
