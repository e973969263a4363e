"""N games observed through 42 numbers from memory: small enough to learn from in minutes on a CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import Array, Observations, Purpose, SeedSource, StepBatch, VectorEnv
from arcade_rl_breakout import memory, snapshot
from arcade_rl_breakout.console import FIRE, MemoryConsole, Openings, state_of
from arcade_rl_breakout.options import BreakoutOptions
from arcade_rl_breakout.tally import (
    FEATURE_METRICS,
    PADDLE_HITS,
    TUNNEL_OPENED,
    Bools,
    Floats,
    Tally,
    common_terms,
)

FEATURES = 42
VELOCITY_SCALE = 16.0
OFFSET_SCALE = 64.0
PADDLE_CENTRE = 9.0
"""Ball x minus paddle x, as memory has them, when the ball is over the middle of the paddle. Pixel."""

_POSITION = np.array([memory.PADDLE_X, memory.BALL_X, memory.BALL_Y])
_CENTRE = np.array([123.0, 128.0, 116.0], np.float32)
_HALF = np.array([68.0, 73.0, 95.0], np.float32)


class FeaturesEnv(VectorEnv):
    """N games observed through memory.

    | index | meaning | min | max | unit |
    |---|---|---|---|---|
    | 0 | paddle x: -1 at the left wall, 1 at the right wall | -1 | 1 | 68 pixels |
    | 1 | ball x, from the middle of the field | -1 | 1 | 73 pixels |
    | 2 | ball y, from the middle of the picture, growing downwards | -1 | 1 | 95 pixels |
    | 3 | ball velocity x; 0 at the first step of a ball | -1 | 1 | 16 pixels a step |
    | 4 | ball velocity y, growing downwards; 0 at the first step of a ball | -1 | 1 | 16 pixels a step |
    | 5 | ball x minus the middle of the paddle | -1 | 1 | 64 pixels |
    | 6-41 | bytes 0-35 of memory, two bits a brick (`memory.BRICK_REGISTERS`) | 0 | 1 | 255 |

    Values beyond the limits are clipped. 1 to 5 are 0 while no ball is in play.

    Actions: NOOP, RIGHT, LEFT. While no ball is in play every action presses FIRE instead.
    """

    def __init__(self, options: BreakoutOptions, num_envs: int, purpose: Purpose) -> None:
        self.num_envs = num_envs
        self.observation_space: spaces.Space[npt.NDArray[np.float32]] = spaces.Box(
            -1.0, 1.0, (FEATURES,), np.float32
        )
        self.action_space: spaces.Space[np.int64] = spaces.Discrete(len(MemoryConsole.BUTTONS))
        self._cuts = purpose == "training" and options.episodic_life
        self._sticks = options.sticky > 0.0
        self._max_steps = options.max_steps
        openings = Openings(options.noop_max)
        begins = state_of(options.start_state)
        self._consoles = [
            MemoryConsole(options.sticky, openings, begins=begins) for _ in range(num_envs)
        ]
        self._buttons = np.array(MemoryConsole.BUTTONS)
        self._ram = np.zeros((num_envs, memory.RAM_SIZE), np.uint8)
        self._tally = Tally(num_envs, len(FEATURE_METRICS))
        self._seeds = np.zeros(num_envs, np.int64)
        self._steps = np.zeros(num_envs, np.int64)
        self._lives = np.zeros(num_envs, np.int64)
        self._position = np.zeros((num_envs, 3), np.float32)
        self._velocity = np.zeros((num_envs, 2), np.float32)
        self._in_play = np.zeros(num_envs, np.bool_)
        self._falling = np.zeros(num_envs, np.bool_)
        self._standing = np.zeros((num_envs, memory.ROWS), np.int64)
        self._broken = np.zeros((num_envs, memory.ROWS), np.float32)

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        self._source = seeds
        return self._start(np.arange(self.num_envs) if rows is None else rows)

    def step(self, actions: Array) -> StepBatch:
        buttons = self._buttons[np.asarray(actions)]
        buttons[~self._in_play] = FIRE
        points = self._play(buttons)
        bricks_broken, tunnel = self._count_bricks()
        lives = self._ram[:, memory.LIVES].astype(np.int64)
        lives_lost = (self._lives - lives).astype(np.float32)
        paddle_hit = memory.has_left_paddle(self._falling, self._ram)
        self._lives = lives
        self._steps += 1
        observations = self._observe()

        tally = self._tally
        tally.count(points, self._broken, lives_lost)
        tally.values[:, PADDLE_HITS] += paddle_hit
        tally.values[:, TUNNEL_OPENED] = np.maximum(tally.values[:, TUNNEL_OPENED], tunnel)
        terms = common_terms(points, bricks_broken, lives_lost)
        terminated = lives == 0
        truncated = (self._steps >= self._max_steps) & ~terminated
        ended = terminated | truncated
        batch = StepBatch(
            observations=observations,
            rewards=points,
            terms=np.stack([*terms, paddle_hit.astype(np.float32)], axis=1),
            terminated=terminated,
            truncated=truncated,
            metrics=tally.values.copy(),
            episode_seeds=self._seeds.copy(),
            cut=(lives_lost > 0) & ~ended if self._cuts else None,
        )
        if ended.any():
            rows = np.flatnonzero(ended)
            batch.final_observations = observations
            batch.observations = observations.copy()
            batch.observations[rows] = self._start(rows)
        return batch

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        consoles = snapshot.save(self._consoles, self._sticks)
        return {**consoles, **{name: array.copy() for name, array in self._kept().items()}}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        self._source = seeds
        snapshot.restore(self._consoles, saved, self._sticks)
        for name, array in self._kept().items():
            array[:] = saved[name]
        self._look(np.arange(self.num_envs))
        return featurize(self._ram, self._velocity)

    def close(self) -> None:
        self._consoles.clear()

    def _kept(self) -> dict[str, npt.NDArray[Any]]:
        """What memory does not tell of the episodes, by its name in a saved state."""
        return {
            "seeds": self._seeds,
            "steps": self._steps,
            "metrics": self._tally.values,
            "fell": self._tally.fell,
            "broken": self._broken,
            "velocity": self._velocity,
        }

    def _play(self, buttons: npt.NDArray[np.intp]) -> Floats:
        """One step of every emulator; leaves its memory in `_ram`. Points (N,), float32."""
        points = []
        for console, button, ram in zip(self._consoles, buttons.tolist(), self._ram, strict=True):
            points.append(console.hold(button))
            console.ale.getRAM(ram)
        return np.array(points, np.float32)

    def _start(self, rows: npt.NDArray[np.intp]) -> Floats:
        """Start the next episode of these environments; returns its first observations. (R, 42)"""
        self._seeds[rows] = self._source.next(rows)
        for row in rows.tolist():
            self._consoles[row].start(int(self._seeds[row]))
        self._tally.begin(rows)
        self._steps[rows] = 0
        self._broken[rows] = 0.0
        self._velocity[rows] = 0.0
        self._look(rows)
        return featurize(self._ram[rows], self._velocity[rows])

    def _look(self, rows: npt.NDArray[np.intp]) -> None:
        """Take from memory what the next step is compared with."""
        for row in rows.tolist():
            self._consoles[row].ale.getRAM(self._ram[row])
        ram = self._ram[rows]
        self._lives[rows] = ram[:, memory.LIVES]
        self._standing[rows] = memory.standing_bricks(ram).sum(axis=2)
        self._in_play[rows] = memory.is_ball_in_play(ram)
        self._falling[rows] = memory.is_falling(ram)
        self._position[rows] = ram[:, _POSITION]

    def _count_bricks(self) -> tuple[Floats, Bools]:
        """Bricks broken in this step, and where a whole column is gone. (N,) each."""
        bricks = memory.standing_bricks(self._ram)  # (N, 6, 18)
        standing = bricks.sum(axis=2)
        broken = self._standing - standing
        broken[standing.sum(axis=1) > self._standing.sum(axis=1)] += memory.COLUMNS  # a new wall
        self._standing = standing
        self._broken = self._broken + broken.astype(np.float32)
        tunnel: Bools = bricks.view(np.uint8).max(axis=1).min(axis=1) == 0
        return broken.sum(axis=1).astype(np.float32), tunnel

    def _observe(self) -> Floats:
        """(N, 42)"""
        position = self._ram[:, _POSITION].astype(np.float32)
        in_play = memory.is_ball_in_play(self._ram)
        velocity = (position - self._position)[:, 1:]
        velocity[~(in_play & self._in_play)] = 0.0
        self._position, self._velocity, self._in_play = position, velocity, in_play
        self._falling = memory.is_falling(self._ram)
        return featurize(self._ram, velocity)


def featurize(ram: memory.Ram, velocity: Floats) -> Floats:
    """The observation, as the table of `FeaturesEnv` says. (N, 42), float32.

    `velocity` is the ball's since the step before, pixel a step. (N, 2)
    """
    position = ram[:, _POSITION].astype(np.float32)
    features = np.empty((len(ram), FEATURES), np.float32)
    features[:, 0:3] = (position - _CENTRE) / _HALF
    features[:, 3:5] = velocity / VELOCITY_SCALE
    features[:, 5] = (position[:, 1] - position[:, 0] - PADDLE_CENTRE) / OFFSET_SCALE
    features[:, 6:] = ram[:, memory.BRICK_BYTES] / np.float32(255.0)
    features[~memory.is_ball_in_play(ram), 1:6] = 0.0
    clipped: Floats = features.clip(-1.0, 1.0, out=features)
    return clipped
