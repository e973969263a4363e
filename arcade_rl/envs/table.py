"""Environments of more than one seat, with their opponents, whose answers are kept by step."""

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
"""Prefix of the names of arrays that are saved for opponents."""
WAITING, COUNTS = "seats.waiting", "seats.counts"
"""Names of two arrays: answers that wait for their episode's first step, and how many wait in each
environment."""


class Table(VectorEnv):
    """A game's environments, and the opponents in them."""

    def __init__(self, env: VectorEnv) -> None:
        self.game_env = self._env = env
        """The game's own environments."""
        self.num_envs = env.num_envs
        self.observation_space, self.action_space = env.observation_space, env.action_space

    def set_opponents(self, opponents: Company) -> None:  # type: ignore[override]
        """Seat the opponents. The game asks them through a `Minutes`, which keeps their answers."""
        self.company = opponents
        self._minutes = Minutes(opponents, self.action_space, self.num_envs)
        self._env.set_opponents(self._minutes)

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        self._minutes.forget(np.arange(self.num_envs) if rows is None else rows)
        observations = self._env.reset(seeds, rows)
        self._minutes.turn_page()
        return observations

    def step(self, actions: Array) -> StepBatch:
        who = self.company.who.copy()
        batch = self._env.step(actions)
        return replace(batch, replies=self._minutes.take(), opponents=who)

    def action_masks(self) -> Array | None:
        return self._env.action_masks()

    def set_stage(self, stage: int) -> None:
        self._env.set_stage(stage)

    def close(self) -> None:
        self._env.close()

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        """What the environments save, with the opponents' state and the answers that wait."""
        own = {f"{SEATS}{name}": array for name, array in self.company.save().items()}
        return {**self._env.save(), **own, **self._minutes.save()}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        ours = {name: array for name, array in saved.items() if name.startswith(SEATS)}
        self._minutes.restore(ours)
        self.company.restore({name.removeprefix(SEATS): array for name, array in ours.items()})
        rest = {name: array for name, array in saved.items() if name not in ours}
        return self._env.restore(rest, seeds)


class Minutes(Opponents):
    """Passes questions on to the opponents, and keeps each answer until its step is over."""

    def __init__(self, opponents: Opponents, actions: Any, num_envs: int) -> None:
        self._opponents, self._actions, self._num_envs = opponents, actions, num_envs
        self._page: list[tuple[Rows, npt.NDArray[Any]]] = []
        """(environments that asked, their answers), for every question of this step."""
        self._next: list[tuple[Rows, npt.NDArray[Any]]] = []
        """Questions of episodes that began in this step. Their answers belong to the next step,
        which is the first of these episodes."""
        self._has_begun = np.zeros(num_envs, np.bool_)
        """Whether an episode began in this step. (N,), bool."""
        self._is_known = np.zeros(num_envs, np.bool_)
        """Whether the game has ever said that an episode began. (N,), bool."""

    def begin(self, rows: Rows, seeds: Integers) -> None:
        self._has_begun[rows] = self._is_known[rows] = True
        self._opponents.begin(rows, seeds)

    def choose(
        self, rows: Rows, observations: Observations, masks: Masks | None
    ) -> npt.NDArray[Any]:
        """Ask the opponents. ContractError if `rows` do not rise, or no episode has begun in one of
        them."""
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
        """The answers of the step that is over. The next step begins."""
        found = self._gathered(self._page)
        self._page, self._next = self._next, []
        self._has_begun[:] = False
        return found

    def forget(self, rows: Rows) -> None:
        """Forget the answers in environments that are reset: these answers have no step to belong
        to."""
        kept = [(asked, ~np.isin(asked, rows), answers) for asked, answers in self._page]
        self._page = [(asked[keep], answers[keep]) for asked, keep, answers in kept if keep.any()]

    def turn_page(self) -> None:
        """End a reset: the answers that were given in it belong to the next step."""
        self._page += self._next
        self._next = []
        self._has_begun[:] = False

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """The answers that wait for a step, as rows of one width."""
        waiting = self._gathered(self._page)
        ends = np.cumsum(waiting.counts)
        widest = max(int(waiting.counts.max(initial=0)), 1)
        rows = np.zeros((self._num_envs, widest, *waiting.actions.shape[1:]), waiting.actions.dtype)
        for row, (count, end) in enumerate(zip(waiting.counts, ends, strict=True)):
            rows[row, :count] = waiting.actions[end - count : end]
        return {WAITING: rows, COUNTS: waiting.counts}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on with the answers that `save` gave."""
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
    """Replies for `rows` environments or steps in which nobody was asked."""
    kind = np.float32 if np.dtype(space.dtype).kind == "f" else np.int64
    return Replies(np.zeros(rows, np.int64), np.zeros((0, *(space.shape or ())), kind))


def at_table(env: VectorEnv, declaration: Declaration) -> VectorEnv:
    """The environments, with a place for opponents where the game has more than one seat."""
    return Table(env) if len(declaration.seats) > 1 else env
