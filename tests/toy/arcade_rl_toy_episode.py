"""The game `toy_episode`: a point that an action moves, written as one episode. Its options give it any
action space of Stable-Baselines3, frames that are stacked, seats, a process of its own, and faults."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.adapters import Episode, EpisodeGame, Step, Use
from arcade_rl.config import Options
from arcade_rl.contracts import (
    BuiltIn,
    Declaration,
    Frame,
    Metric,
    Observations,
    Opponent,
    RewardTerm,
)
from arcade_rl.envs.seats import RandomOpponent
from arcade_rl.hookspecs import hookimpl

SPACES: dict[str, spaces.Space[Any]] = {
    "discrete": spaces.Discrete(3),
    "choices": spaces.MultiDiscrete([3, 2]),
    "switches": spaces.MultiBinary(4),
    "box": spaces.Box(-1, 1, (2,), np.float32),
    "matrix": spaces.Box(-2, 2, (2, 3), np.float32),
    "number": spaces.Box(-1, 1, (), np.float32),
    "float64": spaces.Box(-1, 1, (2,), np.float64),
    "text": spaces.Text(3),
}
NAMES = {"discrete": 3, "choices": 5, "switches": 4, "box": 2, "matrix": 6, "number": 1}
SIDE = 36
STEPS = 12


class PointOptions(Options):
    """Which kind of episode."""

    space: Literal[tuple(SPACES)] = "discrete"  # type: ignore[valid-type]
    """Kind of the actions."""
    stack: int = 1
    """Frames of an observation, which is a picture where there are several."""
    seats: int = 1
    isolated: bool = False
    cuts: bool = False
    masks: bool = False
    saves: bool = False
    fault: Literal["", "terms", "shape", "segfault", "raise"] = ""


class PointEpisode(Episode):
    """12 to 15 steps, as the seed says; each adds the sum of the action's numbers to the sum so far."""

    def __init__(self, options: PointOptions, use: Use) -> None:
        self._options, self._use = options, use
        shape, high, kind = (
            ((SIDE, SIDE), 255, np.uint8) if options.stack > 1 else ((2,), 1e3, np.float32)
        )
        self.observation_space = spaces.Box(0 if options.stack > 1 else -high, high, shape, kind)  # type: ignore[arg-type]
        self.action_space = SPACES[options.space]

    def begin(self, seed: int) -> Observations:
        self._seed, self._clock, self._sum = seed, 0, seed % 7 * 1.0
        return self._observe()

    def play(self, action: Any) -> Step:
        if self._options.fault == "segfault" and self._clock == 3:
            os.kill(os.getpid(), signal.SIGSEGV)
        if self._options.fault == "raise" and self._clock == 3:
            raise RuntimeError("the point is lost")
        moved = float(np.sum(action))
        if self._options.seats > 1:
            moved -= float(np.sum(self.ask(self._observe())))
        self._clock += 1
        self._sum += moved
        over = self._clock == STEPS + self._seed % 4
        seen = self._observe()
        return Step(
            seen[:1] if self._options.fault == "shape" else seen,
            reward=moved,
            terms={} if self._options.fault == "terms" else {"moved": moved},
            metrics={"sum": self._sum},
            terminated=over and self._seed % 2 == 0,
            truncated=over and self._seed % 2 == 1,
            cut=self._options.cuts and self._clock % 4 == 0,
        )

    def frames(self) -> Sequence[Frame]:
        assert self._use.draws, "frames are asked of a screen only"
        return [np.full((8, 8, 3), (self._clock * 16, self._seed % 251, 0), np.uint8)]

    def masks(self) -> npt.NDArray[np.bool_]:
        first = np.arange(3) != self._clock % 3
        if self._options.space == "choices":
            return np.concatenate([first, np.arange(2) != self._clock % 2])
        return first

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        return {"state": np.array([self._seed, self._clock, self._sum])}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        self._seed, self._clock, self._sum = int(saved["state"][0]), int(saved["state"][1]), float(saved["state"][2])  # fmt: skip

    def _observe(self) -> Observations:
        if self._options.stack > 1:
            return np.full((SIDE, SIDE), self._clock * 16 + self._seed % 4)
        return np.array([self._sum, self._clock])


class Point(EpisodeGame):
    name = "toy_episode"
    summary = "Move a point; written as one episode."
    options = PointOptions

    def declare(self, options: PointOptions) -> Declaration:
        self.isolated = options.isolated
        return Declaration(
            metrics=(Metric("sum", "Sum", better="up"),),
            terms=(RewardTerm("moved", 1.0, "how far the point moved"),),
            actions=tuple(f"action {k}" for k in range(NAMES.get(options.space, 1))),
            main_metric="sum",
            frame_size=(8, 8),
            frame_rate=Fraction(10),
            protocol="toy",
            frame_stack=options.stack,
            masks=options.masks,
            seats=("left", "right")[: options.seats],
            opponents=(BuiltIn("random", "Moves anywhere."),) if options.seats > 1 else (),
            saved_state="exact" if options.saves else "none",
            keyframes=options.saves,
        )

    def defaults(self, options: PointOptions) -> Mapping[str, object]:
        return {
            "train": {
                "total_steps": 256,
                "n_envs": 4,
                "n_steps": 32,
                "batch_size": 64,
                "n_epochs": 1,
            }
        }

    def open(self, options: PointOptions, use: Use) -> Episode:
        return PointEpisode(options, use)

    def make_opponent(self, options: PointOptions, name: str) -> Opponent:
        return RandomOpponent(SPACES[options.space])


@hookimpl
def arcade_rl_games() -> Sequence[Any]:
    return [Point()]
