"""N games in which every step is a decision of the learner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import (
    Array,
    Observations,
    Opponents,
    Purpose,
    SeedSource,
    StepBatch,
    VectorEnv,
)
from arcade_rl_drmario.account import Account
from arcade_rl_drmario.backends import Bottles, open_bottles
from arcade_rl_drmario.match import Match
from arcade_rl_drmario.moments import moment_of
from arcade_rl_drmario.names import PRESSES, action_names
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.played import NOTHING, Cartridge
from arcade_rl_drmario.simulator.state import LEVEL
from arcade_rl_drmario.starts import draw_starts
from arcade_rl_drmario.views import PixelsView, View, make_view

Rows = npt.NDArray[np.intp]


class DrMarioEnv(VectorEnv):
    """N games, alone or against an opponent.

    With `options.decisions` "placement" an action is where the falling pill comes to rest: 128 x
    rotation + 8 x row + column of its bottom-left cell, row 0 on top; with "buttons" it is what is held
    for `options.step_frames` frames. A step lasts until the learner decides again. `views` documents the
    observations.
    """

    def __init__(self, options: DrMarioOptions, num_envs: int, purpose: Purpose) -> None:
        self.num_envs = num_envs
        self._options, self._purpose = options, purpose
        self._view = make_view(options, num_envs)
        self._their_view = make_view(options, num_envs) if options.players == 2 else None
        self._bottles = open_bottles(options, num_envs, self._shows(self._view))
        self.observation_space: spaces.Space[Any] = self._view.space
        self.action_space: spaces.Space[Any] = spaces.Discrete(len(action_names(options)))
        self._stage = 0
        self._seeds = np.zeros(num_envs, np.int64)
        self._learners = np.zeros(num_envs, np.int64)
        """The player that the learner is, 0 or 1."""
        self._moment = moment_of(options)
        self._match = Match(options, purpose, num_envs)
        self._account = Account(options, num_envs)
        self._opponents: Opponents | None = None

    def reset(self, seeds: SeedSource, rows: Rows | None = None) -> Observations:
        self._source = seeds
        chosen = np.arange(self.num_envs) if rows is None else rows
        self._start(chosen)
        return self._view.of(chosen)

    def step(self, actions: Array) -> StepBatch:
        wanted = np.full((self.num_envs, self._options.players), NOTHING, np.int64)
        own = np.arange(self.num_envs), self._learners
        wanted[own] = np.asarray(actions, np.int64)
        self._account.begin_step(self._bottles.bytes, self._learners)
        frames, counts = self._decide(wanted)
        self._let_others_decide(frames, counts)
        bottles = self._bottles.bytes
        facts = self._account.count(bottles, self._learners, frames, counts)
        over = facts.over
        ended = self._match.count(over, facts.won, facts.lost)
        batch = StepBatch(
            observations=self._view.all,
            rewards=facts.rewards,
            terms=facts.terms,
            terminated=ended,
            truncated=np.zeros(self.num_envs, np.bool_),
            metrics=self._account.metrics(self._match, ended, self._learners),
            episode_seeds=self._seeds.copy(),
            frames=frames,
        )
        self._begin_rounds(np.flatnonzero(over & ~ended))
        self._look(np.flatnonzero(~ended))
        if ended.any():
            rows = np.flatnonzero(ended)
            self._view.look_at_ends(bottles, rows, self._learners[rows])
            batch.final_observations = self._view.of(np.arange(self.num_envs))
            self._start(rows)
        return batch

    def set_stage(self, stage: int) -> None:
        self._stage = stage

    def action_masks(self) -> Array | None:
        if self._options.decisions == "buttons":
            return None
        return self._view.masks(np.arange(self.num_envs))

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        kept = {name: array.copy() for name, array in self._kept().items()}
        return {**self._bottles.save(), **kept}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        self._source = seeds
        self._bottles.restore(saved)
        for name, array in self._kept().items():
            array[:] = saved[name]
        self._look(np.arange(self.num_envs))
        return self._view.all

    def close(self) -> None:
        self._bottles.close()

    @property
    def bottles(self) -> Bottles:
        """The games themselves."""
        return self._bottles

    def _kept(self) -> dict[str, npt.NDArray[Any]]:
        """What the games do not tell of the episodes, by its name in a saved state."""
        found: dict[str, npt.NDArray[Any]] = {"seeds": self._seeds, "learners": self._learners}
        if isinstance(self._view, PixelsView):
            found["pictures"] = self._view.pictures
        return {**found, **self._match.kept(), **self._account.kept()}

    def _decide(self, wanted: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:  # fmt: skip
        """Act on decisions, (N, players) with -1 for none, and run to the next ones. Returns frames (N,)
        and what was counted, (N, players, 4)."""
        if self._options.decisions == "placement":
            frames = self._bottles.place(wanted)
        else:
            buttons = np.where(wanted == NOTHING, NOTHING, PRESSES[wanted])
            frames = self._bottles.press(buttons, self._options.step_frames)
        return frames, self._bottles.counts.copy()

    def _let_others_decide(
        self, frames: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
    ) -> None:
        """Ask opponents until the learner decides everywhere; `frames` and `counts` grow."""
        if self._their_view is None:
            return
        theirs = 1 - self._learners
        every = np.arange(self.num_envs)
        while len(rows := np.flatnonzero(self._bottles.deciding[every, theirs])):
            assert self._opponents is not None, "set_opponents comes before the first reset"
            self._their_view.look(self._bottles.bytes, rows, theirs[rows])
            is_placing = self._options.decisions == "placement"
            masks = self._their_view.masks(rows) if is_placing else None
            answers = self._opponents.choose(rows, self._their_view.of(rows), masks)
            wanted = np.full((self.num_envs, 2), NOTHING, np.int64)
            wanted[rows, theirs[rows]] = answers
            more, happened = self._decide(wanted)
            frames += more
            counts += happened

    def _start(self, rows: Rows) -> None:
        """Start the next episodes of these environments."""
        if not len(rows):
            return
        self._seeds[rows] = self._source.next(rows)
        self._match.begin(rows)
        self._account.begin_episodes(rows)
        if self._opponents is not None:
            self._opponents.begin(rows, self._seeds[rows])
        self._begin_rounds(rows)
        self._look(rows)

    def _begin_rounds(self, rows: Rows) -> None:
        """Begin a round in these environments, and run it to the learner's first decision."""
        if not len(rows):
            return
        starts = draw_starts(
            self._seeds[rows],
            self._options,
            self._purpose,
            np.full(len(rows), self._stage, np.int64),
            self._match.rounds[rows],
        )
        self._learners[rows] = starts.learners
        crowns = self._match.crowns(rows, starts.learners)
        levels = starts.levels
        if self._moment is not None:
            self._bottles.begin_from(rows, self._moment)
            levels = np.full(len(rows), self._moment.game[LEVEL])
        else:
            self._bottles.begin(rows, starts, self._options.speed_number, crowns)
        nothing = np.zeros(self.num_envs, np.int64)
        self._let_others_decide(nothing, np.zeros_like(self._bottles.counts))
        assert not nothing.any(), "both players' first pills fall in the same frame"
        self._account.begin_rounds(rows, self._bottles.bytes, self._learners, levels)

    def _look(self, rows: Rows) -> None:
        self._view.look(self._bottles.bytes, rows, self._learners[rows])

    @staticmethod
    def _shows(view: View) -> Any:
        """What is told of the cartridges' pictures, if anyone looks at them."""
        if not isinstance(view, PixelsView):
            return None

        def show(row: int, cartridge: Cartridge) -> None:
            view.show(row, cartridge.picture)

        return show


class VersusEnv(DrMarioEnv):
    """N games against opponents."""

    def set_opponents(self, opponents: Opponents) -> None:
        self._opponents = opponents


def make_env(options: DrMarioOptions, num_envs: int, purpose: Purpose) -> DrMarioEnv:
    """The environments that the options name."""
    kind = VersusEnv if options.mode == "versus" else DrMarioEnv
    return kind(options, num_envs, purpose)
