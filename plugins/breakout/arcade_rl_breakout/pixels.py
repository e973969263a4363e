"""N games observed through the last four pictures: the task that has published scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ale_py import AtariVectorEnv
from gymnasium import spaces

from arcade_rl.contracts import Array, Observations, Purpose, SeedSource, StepBatch, VectorEnv
from arcade_rl_breakout.console import FIRE, LEFT, NOOP, RIGHT, open_emulator
from arcade_rl_breakout.options import FRAME_SKIP, FRAME_STACK, BreakoutOptions
from arcade_rl_breakout.starts import Starts
from arcade_rl_breakout.tally import PIXEL_METRICS, Tally, common_terms
from arcade_rl_breakout.wall import Wall

BUTTONS = (NOOP, FIRE, RIGHT, LEFT)
"""Button of each action."""
FIRE_ACTION, RIGHT_ACTION = BUTTONS.index(FIRE), BUTTONS.index(RIGHT)
"""Pictures of an observation."""
UNLIMITED = 2**30
"""Frames. Truncation is not left to ale-py, whose last picture would then be half an old one."""


def open_vector(options: BreakoutOptions, num_envs: int) -> AtariVectorEnv:
    """ale-py's own environments. In its mode "NextStep" an ended one waits for a step that never
    comes: it is reset with its next seed at once."""
    return AtariVectorEnv(
        "breakout",
        num_envs,
        max_num_frames_per_episode=UNLIMITED,
        repeat_action_probability=options.sticky,
        autoreset_mode="NextStep",
        frameskip=FRAME_SKIP,
        stack_num=FRAME_STACK,
        noop_max=options.noop_max,
        episodic_life=False,  # would reset the whole game at a lost life
        reward_clipping=False,
        use_fire_reset=False,  # would serve before the no-ops: see `PixelsEnv`
    )


class PixelsEnv(VectorEnv):
    """N games observed through pictures.

    | index | meaning | min | max | unit |
    |---|---|---|---|---|
    | 0 | picture three steps ago, 84 x 84; 0 before the episode began | 0 | 255 | grey |
    | 1, 2 | pictures two steps and one step ago | 0 | 255 | grey |
    | 3 | picture now | 0 | 255 | grey |

    A picture is the maximum of the last two frames of its step, shrunk by area.

    Actions: NOOP, FIRE, RIGHT, LEFT. In a game's first step and in the step after a lost life every
    action presses FIRE, and in the step after that RIGHT, in training and in evaluation, as
    `FireResetEnv` of OpenAI's baselines and of Stable-Baselines3 does. Without RIGHT a paddle that
    nobody moves meets no ball; with it the paddle scores 1.4 points a game, as there. ale-py's own
    serve comes before the no-ops, so that the first life of every game has one and the same launch;
    a serve after the no-ops has four, because the launch depends on its frame modulo 4.
    """

    def __init__(self, options: BreakoutOptions, num_envs: int, purpose: Purpose) -> None:
        self._atari = open_vector(options, num_envs)
        self.num_envs = num_envs
        self.observation_space: spaces.Space[Any] = self._atari.single_observation_space
        self.action_space: spaces.Space[Any] = spaces.Discrete(len(BUTTONS))
        self._cuts = purpose == "training" and options.episodic_life
        self._starts = Starts(self._atari, options.noop_max, options.sticky)
        self._max_steps = options.max_steps
        self._tally = Tally(num_envs, len(PIXEL_METRICS))
        self._wall = Wall(num_envs)
        self._seeds = np.zeros(num_envs, np.int64)
        self._steps = np.zeros(num_envs, np.int64)
        self._lives = np.zeros(num_envs, np.int64)
        self._fell = np.zeros(num_envs, np.bool_)
        """Whether the next step serves: a life was lost, or the game begins. (N,), bool."""
        self._served = np.zeros(num_envs, np.bool_)
        """Whether the last step served. (N,), bool."""

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        self._source = seeds
        chosen = np.arange(self.num_envs) if rows is None else rows
        return self._start(chosen)[chosen]

    def step(self, actions: Array) -> StepBatch:
        pressed = np.where(self._served, RIGHT_ACTION, np.asarray(actions))
        pressed = np.where(self._fell, FIRE_ACTION, pressed).astype(np.int64)
        observations, points, terminated, _, info = self._atari.step(pressed)
        points = points.astype(np.float32)
        lives_lost = (self._lives - info["lives"]).astype(np.float32)
        self._lives = info["lives"].astype(np.int64)
        self._served, self._fell = self._fell, lives_lost > 0
        self._steps += 1
        bricks_broken, rows = self._wall.count(points, observations[:, -1])
        self._tally.count(points, rows, lives_lost)
        truncated = (self._steps >= self._max_steps) & ~terminated
        ended = terminated | truncated
        batch = StepBatch(
            observations=observations,
            rewards=points,
            terms=np.stack(common_terms(points, bricks_broken, lives_lost), axis=1),
            terminated=terminated,
            truncated=truncated,
            metrics=self._tally.values.copy(),
            episode_seeds=self._seeds.copy(),
            cut=self._fell & ~ended if self._cuts else None,
        )
        if ended.any():
            batch.final_observations = observations
            batch.observations = self._start(np.flatnonzero(ended))
        return batch

    def close(self) -> None:
        self._atari.close()

    def _start(self, rows: npt.NDArray[np.intp]) -> Observations:
        """Start the next episode of these environments; returns all observations. (N, 4, 84, 84)"""
        seeds, lives, observations = self._starts.begin(rows, self._source)
        self._seeds[rows] = seeds
        self._lives[rows] = lives
        self._fell[rows], self._served[rows] = True, False
        self._steps[rows] = 0
        self._tally.begin(rows)
        self._wall.begin(rows)
        return observations


class PixelsConsole:
    """One emulator that plays what an environment of `PixelsEnv` plays, sticky actions included:
    ale-py loads the ROM anew for every seed, and so does this.

    ale-py's saved states leave out which button sticks, so it is this console that lets it stick, with
    ale-py's own numbers: `std::mt19937`, two a frame, of which the second is for the other player.
    """

    def __init__(self, options: BreakoutOptions) -> None:
        self._sticky = float(np.float32(options.sticky))
        self._atari = open_vector(options, 1)

    def start(self, seed: int) -> Sequence[int]:
        """The no-ops that ale-py draws from the seed; the first step serves."""
        _, info = self._atari.reset(seed=np.array([seed]))
        frames = int(info["episode_frame_number"][0])
        self.ale = open_emulator()
        self._random = np.random.RandomState(seed)
        self.held = NOOP
        played = []
        for _ in range(frames):
            self.frame(NOOP)
            played.append(self.held)
        self._lives, self._has_served = self.ale.lives() + 1, False
        return played

    def button(self, action: int) -> int:
        lives = self.ale.lives()
        fell, self._lives = lives < self._lives, lives
        has_served, self._has_served = self._has_served, fell
        return FIRE if fell else RIGHT if has_served else BUTTONS[action]

    def frame(self, button: int) -> int:
        if not self._sticky or self._draw() >= self._sticky:
            self.held = button
        points: int = self.ale.act(self.held)
        return points

    def save(self) -> object:
        served = self._lives, self._has_served
        return self.ale.cloneState(), self._random.get_state(), self.held, served

    def restore(self, state: Any) -> None:
        saved, drawn, self.held, (self._lives, self._has_served) = state
        self.ale.restoreState(saved)
        self._random.set_state(drawn)

    def _draw(self) -> float:
        """ale-py's next number for the first player, 0 to 1."""
        mine, _ = self._random.randint(0, 2**32, 2, np.uint32).tolist()
        return float(mine / 2**32)
