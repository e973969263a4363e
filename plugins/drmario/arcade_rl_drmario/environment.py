"""N games in which every step places one pill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import Array, Observations, Purpose, SeedSource, StepBatch, VectorEnv
from arcade_rl_drmario import tally
from arcade_rl_drmario.backends import Bottles, EmulatedBottles, SimulatedBottles
from arcade_rl_drmario.cartridge import find_cartridge
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.planning.candidates import MOST, fill_candidates, measure_all, settle_all
from arcade_rl_drmario.planning.features import FEATURES
from arcade_rl_drmario.simulator.batch import PLACEMENTS
from arcade_rl_drmario.simulator.falling import ROW_FRAMES, SPEED_START
from arcade_rl_drmario.simulator.reach import REACHED_SHAPE
from arcade_rl_drmario.simulator.state import (
    EMPTIED,
    EMPTY,
    FIELD,
    FIELD_SIZE,
    FIRST_WON,
    PLAYING,
    STATE,
    VIRUS,
)
from arcade_rl_drmario.starts import draw_starts

NEAR_TOP = 12
POINTS = 10 ** np.arange(1, 7)
"""Points that each digit of the score stands for, lowest first."""

Floats = npt.NDArray[np.float32]


class PlacementEnv(VectorEnv):
    """N games of one player. An action is where the falling pill comes to rest: 128 x rotation + 8 x row
    + column of its bottom-left cell, row 0 on top.

    | key | meaning | shape | min | max |
    |---|---|---|---|---|
    | `candidates` | the board after each placement that can be reached (`planning.features`) | (128, 60) | | |
    | `placements` | the number of each, lowest rows first; -1: none | (128,) | -1 | 511 |
    | `state` | the same features of the board as it is | (60,) | | |
    | `bottle` | its cells, as the game's memory has them | (128,) | 0 | 255 |
    | `pills` | colours of the pill that falls and of the next one, and frames that it takes to fall by a row | (5,) | 0 | 40 |
    """

    def __init__(self, options: DrMarioOptions, num_envs: int, purpose: Purpose) -> None:
        self.num_envs = num_envs
        limit = np.float32(1e4)
        self.observation_space: spaces.Dict = spaces.Dict(
            {
                "candidates": spaces.Box(-limit, limit, (MOST, FEATURES), np.float32),
                "placements": spaces.Box(-1, PLACEMENTS - 1, (MOST,), np.int16),
                "state": spaces.Box(-limit, limit, (FEATURES,), np.float32),
                "bottle": spaces.Box(0, 255, (FIELD_SIZE,), np.uint8),
                "pills": spaces.Box(0, 40, (5,), np.uint8),
            }
        )
        self.action_space: spaces.Space[np.int64] = spaces.Discrete(PLACEMENTS)
        self._options, self._purpose = options, purpose
        self._bottles = open_bottles(options, num_envs)
        self._stage = 0
        self._seen = {
            key: np.zeros((num_envs, *(space.shape or ())), space.dtype)
            for key, space in self.observation_space.spaces.items()
        }
        self._seeds = np.zeros(num_envs, np.int64)
        self._viruses = np.ones(num_envs, np.int64)
        """Viruses that each level began with."""
        self._metrics = np.zeros((num_envs, len(tally.METRICS)), np.float32)
        self._row_frames = np.zeros(num_envs, np.int64)
        self._buffers = (
            np.zeros(17, np.int64),
            np.zeros(REACHED_SHAPE, np.int64),
            np.zeros((16, 2), np.int64),
            np.zeros(16, np.int64),
        )

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        self._source = seeds
        chosen = np.arange(self.num_envs) if rows is None else rows
        self._start(chosen)
        return {key: array[chosen] for key, array in self._seen.items()}

    def step(self, actions: Array) -> StepBatch:
        placements = np.asarray(actions, np.int64)
        boards, pills = self._seen["bottle"].copy(), self._seen["pills"]
        results = np.zeros((self.num_envs, 3), np.int64)
        settle_all(boards, placements, pills, results)
        points = self._points()
        frames = self._bottles.place(placements)
        outcomes = self._state["outcome"]
        cleared, full = outcomes == FIRST_WON, (outcomes != PLAYING) & (outcomes != FIRST_WON)
        metrics = self._count(results, frames, cleared, full)
        stalled = metrics[:, tally.STALLED] > 0
        ended = cleared | full | stalled
        batch = StepBatch(
            observations=self._seen,
            rewards=(self._points() - points).astype(np.float32),
            terms=self._terms(results, frames, cleared, full | stalled),
            terminated=ended,
            truncated=np.zeros(self.num_envs, np.bool_),
            metrics=metrics.copy(),
            episode_seeds=self._seeds.copy(),
            frames=frames,
        )
        self._look(np.flatnonzero(~ended))
        if ended.any():
            rows = np.flatnonzero(ended)
            self._look_at_ends(rows)
            batch.final_observations = {key: array.copy() for key, array in self._seen.items()}
            self._start(rows)
        return batch

    def set_stage(self, stage: int) -> None:
        self._stage = stage

    def action_masks(self) -> Array | None:
        masks = np.zeros((self.num_envs, PLACEMENTS), np.bool_)
        rows, places = np.nonzero(self._seen["placements"] >= 0)
        masks[rows, self._seen["placements"][rows, places]] = True
        return masks

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        return {
            **self._bottles.save(),
            **{name: array.copy() for name, array in self._kept().items()},
        }

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        self._source = seeds
        self._bottles.restore(saved)
        for name, array in self._kept().items():
            array[:] = saved[name]
        self._look(np.arange(self.num_envs))
        return self._seen

    def close(self) -> None:
        self._bottles.close()

    def _kept(self) -> dict[str, npt.NDArray[Any]]:
        """What the games do not tell of the episodes, by its name in a saved state."""
        return {"seeds": self._seeds, "viruses": self._viruses, "metrics": self._metrics}

    @property
    def _state(self) -> npt.NDArray[Any]:
        """The games' bytes by name. (N,), `STATE`."""
        state: npt.NDArray[Any] = self._bottles.bytes.view(STATE)[:, 0]
        return state

    def _points(self) -> npt.NDArray[np.int64]:
        points: npt.NDArray[np.int64] = self._state["score_digits"].astype(np.int64) @ POINTS
        return points

    def _start(self, rows: npt.NDArray[np.intp]) -> None:
        """Start the next episodes of these environments."""
        if not len(rows):
            return
        seeds = self._source.next(rows)
        self._seeds[rows] = seeds
        starts = draw_starts(
            seeds, self._options, self._purpose, np.full(len(rows), self._stage, np.int64)
        )
        self._bottles.begin(rows, starts, self._options.speed_number)
        self._look(rows)
        cells = self._seen["bottle"][rows]
        self._viruses[rows] = _are_viruses(cells).sum(axis=1)
        self._metrics[rows] = 0
        self._metrics[rows, tally.LEVEL] = starts.levels

    def _look(self, rows: npt.NDArray[np.intp]) -> None:
        """Observe these environments, where a pill falls."""
        self._look_around(rows)
        seen = self._seen
        fill_candidates(
            self._bottles.bytes, rows, 0, seen["placements"], seen["candidates"], seen["state"],
            self._buffers,
        )  # fmt: skip

    def _look_at_ends(self, rows: npt.NDArray[np.intp]) -> None:
        """Observe environments whose episode has ended, where nothing can be placed."""
        self._look_around(rows)
        seen = self._seen
        seen["placements"][rows], seen["candidates"][rows] = -1, 0
        measured = np.zeros((len(rows), FEATURES), np.float32)
        measure_all(seen["bottle"][rows], self._row_frames[rows], measured)
        seen["state"][rows] = measured

    def _look_around(self, rows: npt.NDArray[np.intp]) -> None:
        player = self._state["players"][rows, 0]
        self._row_frames[rows] = ROW_FRAMES[
            SPEED_START[player["speed"]].astype(np.intp) + player["speedups"]
        ]
        cells = self._bottles.bytes[rows, FIELD : FIELD + FIELD_SIZE]
        self._seen["bottle"][rows] = np.where(cells >= EMPTIED, EMPTY, cells)
        pills = self._seen["pills"]
        for place, name in enumerate(
            ("first_colour", "second_colour", "next_first_colour", "next_second_colour")
        ):
            pills[rows, place] = player[name]
        pills[rows, 4] = self._row_frames[rows]

    def _count(
        self,
        results: npt.NDArray[np.int64],
        frames: npt.NDArray[np.int64],
        cleared: npt.NDArray[np.bool_],
        full: npt.NDArray[np.bool_],
    ) -> Floats:
        """The metrics after a step, (N, M)."""
        metrics = self._metrics
        metrics[:, tally.CLEARED], metrics[:, tally.TOPPED_OUT] = cleared, full
        metrics[:, tally.KILLED] += results[:, 0]
        metrics[:, tally.LEFT] = self._viruses - metrics[:, tally.KILLED]
        metrics[:, tally.PILLS] += 1
        metrics[:, tally.FRAMES] += frames
        metrics[:, tally.CHAIN], metrics[:, tally.MOST_LINES] = results[:, 2], results[:, 1]
        cells = self._bottles.bytes[:, FIELD : FIELD + FIELD_SIZE].reshape(-1, 16, 8)
        taken: npt.NDArray[np.bool_] = np.any(cells < EMPTIED, axis=2)
        metrics[:, tally.HIGHEST_ROW] = np.where(taken.any(axis=1), 16 - taken.argmax(axis=1), 0)
        is_long = metrics[:, tally.PILLS] >= self._options.most_pills
        metrics[:, tally.STALLED] = is_long & ~cleared & ~full
        return metrics

    def _terms(
        self,
        results: npt.NDArray[np.int64],
        frames: npt.NDArray[np.int64],
        cleared: npt.NDArray[np.bool_],
        lost: npt.NDArray[np.bool_],
    ) -> Floats:
        """The reward terms of a step, (N, K)."""
        cells = self._bottles.bytes[:, FIELD : FIELD + FIELD_SIZE].reshape(-1, 16, 8)
        middle = np.any(cells[:, : 16 - NEAR_TOP + 1, 3:5] < EMPTIED, axis=(1, 2))
        columns = (
            results[:, 0] / np.sqrt(self._viruses),
            cleared,
            lost,
            np.ones(self.num_envs),
            frames / float(tally.FRAME_RATE),
            np.maximum(results[:, 2] - 1, 0),
            self._metrics[:, tally.HIGHEST_ROW] / 16,
            middle,
        )
        return np.stack(columns, axis=1).astype(np.float32)


def open_bottles(options: DrMarioOptions, num_games: int) -> Bottles:
    """The games where the options want them."""
    if options.backend == "emulator":
        return EmulatedBottles(num_games, find_cartridge(options))
    return SimulatedBottles(num_games)


def _are_viruses(cells: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    are: npt.NDArray[np.bool_] = (cells < EMPTIED) & (cells & 0xF0 == VIRUS)
    return are
