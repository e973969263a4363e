"""How episodes of ale-py's environments begin, and which seeds name their starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from ale_py import AtariVectorEnv

from arcade_rl.contracts import NumberedSeeds, Observations, SeedSource

EVERY = 32
"""One episode in so many is an anchor, which starts from a seed. That takes 71 ms, as ale-py loads the
ROM; a start without seed takes 5 ms, and one more of them for every episode since the anchor brings
another process there: 80 ms in the mean. Per environment, on one core."""


class Starts:
    """Begins the episodes of N environments.

    Without sticky actions the no-ops are all that tells two starts apart. Then only anchors start from
    a seed; later episodes go on with the random numbers that it began, and the smallest seed that
    draws as many no-ops names them. Which episodes are played follows from the seed source alone.
    """

    def __init__(self, atari: AtariVectorEnv, noop_max: int, sticky: float) -> None:
        self._atari = atari
        self._sticky = sticky
        self._names = seeds_of_starts(noop_max)
        self._anchors = np.full(atari.num_envs, -1, np.int64)
        """Seed that each environment's random numbers began with; -1: none yet."""
        self._ages = np.zeros(atari.num_envs, np.int64)
        """Starts since then."""

    def begin(
        self, rows: npt.NDArray[np.intp], source: SeedSource
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Observations]:
        """Start the next episode of these environments: seeds (R,), lives (R,), observations of all."""
        seeds = source.next(rows)
        if source.exact or self._sticky or not isinstance(source, NumberedSeeds):
            observations, info = self._start(rows, seeds)
        else:
            observations, info = self._follow(rows, *source.anchor(rows, EVERY))
            seeds = self._names[info["episode_frame_number"][rows]]
        return seeds, info["lives"][rows].astype(np.int64), observations

    def _follow(
        self,
        rows: npt.NDArray[np.intp],
        anchors: npt.NDArray[np.int64],
        ages: npt.NDArray[np.int64],
    ) -> tuple[Observations, Mapping[str, Any]]:
        """Start the episodes that come so many after those of the anchors, wherever the random
        numbers stand."""
        behind = ages - self._ages[rows]
        lost = (self._anchors[rows] != anchors) | (behind <= 0)
        behind[lost] = ages[lost]
        started = self._start(rows[lost], anchors[lost])
        for count in range(int(behind.max(initial=0))):
            started = self._start(rows[behind > count])
        return started

    def _start(
        self, rows: npt.NDArray[np.intp], seeds: npt.NDArray[np.int64] | None = None
    ) -> tuple[Observations, Mapping[str, Any]]:
        mask = np.zeros(len(self._ages), np.bool_)
        mask[rows] = True
        if seeds is None:
            self._ages[rows] += 1
        else:
            self._anchors[rows], self._ages[rows] = seeds, 0
        started: tuple[Observations, Mapping[str, Any]] = self._atari.reset(
            seed=seeds, options={"reset_mask": mask}
        )
        return started


def seeds_of_starts(noop_max: int) -> npt.NDArray[np.int64]:
    """Smallest seed whose episode starts at each frame number; -1 where none does.

    ale-py draws the no-ops as `noop_max` times the first number of `std::mt19937(seed)`, one frame
    each: measured on 0.12.1 for 24 seeds and five limits.
    """
    seeds = np.full(max(noop_max, 1), -1, np.int64)
    seed = 0
    while (seeds < 0).any():
        first = int(np.random.RandomState(seed).randint(0, 2**32, dtype=np.uint32))
        frames = first * noop_max >> 32
        seeds[frames] = seed if seeds[frames] < 0 else seeds[frames]
        seed += 1
    return seeds
