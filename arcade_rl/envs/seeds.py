"""Where the seeds of episodes come from: hashed from a run's seed, or given one by one."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import NumberedSeeds, SeedSource
from arcade_rl.errors import ArcadeError

SEED_BITS = 31
"""Bits of a seed."""

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


class HashedSeeds(NumberedSeeds):
    """Seeds by counting: the seed of episode k of environment i follows from (seed, i, k) alone.

    Neither the number of environments nor the order in which they ask changes a seed. A seed is the
    top 31 bits of a splitmix64 hash (Steele, Lea and Flood 2014).
    """

    exact = False

    def __init__(self, seed: int, num_envs: int) -> None:
        root = _mix(np.array([seed % 2**64], np.uint64))
        self._streams = _mix(root + _GAMMA * np.arange(1, num_envs + 1, dtype=np.uint64))  # (N,)
        self._counts = np.zeros(num_envs, np.int64)

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Seeds for the next episodes of these environments, none of which may be named twice."""
        self._counts[indices] += 1
        return self._seeds(indices, self._counts[indices])

    def anchor(
        self, indices: npt.NDArray[np.intp], every: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        numbers = self._counts[indices]
        ages = (numbers - 1) % every
        return self._seeds(indices, numbers - ages), ages

    def at(self, counts: npt.NDArray[np.int64]) -> HashedSeeds:
        """These seeds after `counts` episodes of each environment have begun. `counts` is (N,)."""
        found = copy(self)
        found._counts = counts.copy()
        return found

    def _seeds(
        self, indices: npt.NDArray[np.intp], numbers: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Seeds of the episodes with these numbers, which count from 1."""
        hashed = _mix(self._streams[indices] + _GAMMA * numbers.astype(np.uint64))
        return (hashed >> np.uint64(64 - SEED_BITS)).astype(np.int64)


class ResumedSeeds(HashedSeeds):
    """Seeds of a run that is resumed: the next episodes get the seeds that they had before."""

    def __init__(
        self,
        seeds: HashedSeeds,
        counts: npt.NDArray[np.int64],
        given: npt.NDArray[np.int64],
    ) -> None:
        """`counts` says how many episodes of each environment have begun, (N,). `given` has the
        seed of each environment's next episode, (N,), or -1 for the run's own next seed."""
        vars(self).update(vars(seeds.at(counts)))
        self._given = given.copy()

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        own, given = super().next(indices), self._given[indices]
        self._given[indices] = -1
        return np.where(given < 0, own, given)


class EpisodeSeeds(SeedSource):
    """The seeds of an evaluation: the seed of episode j follows from (seed, j) alone.

    The number of environments changes no seed. Of N environments, number i plays the episodes i,
    i + N, i + 2 N and so on.
    """

    exact = True

    def __init__(self, seed: int, num_envs: int) -> None:
        self._hashed = HashedSeeds(seed, 1)
        self._counts = np.zeros(num_envs, np.int64)

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        found = self.of(self._counts)[indices]
        self._counts[indices] += 1
        return found

    def of(self, rounds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Seed of each environment's episode after `rounds` earlier ones. (N,), int64."""
        numbers = rounds * len(rounds) + np.arange(len(rounds))
        return self._hashed._seeds(np.zeros(len(rounds), np.intp), numbers + 1)


class GivenSeeds(SeedSource):
    """Hands out seeds from one list per environment. ArcadeError when a list is used up."""

    exact = True

    def __init__(self, seeds: Sequence[Sequence[int]]) -> None:
        self._seeds = [list(of_one) for of_one in seeds]
        self._counts = [0] * len(self._seeds)

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        return np.array([self._next(int(index)) for index in indices], np.int64)

    def _next(self, index: int) -> int:
        count = self._counts[index]
        if count >= len(self._seeds[index]):
            raise ArcadeError(
                f"environment {index} asks for the seed of episode {count + 1}; "
                f"{len(self._seeds[index])} were given"
            )
        self._counts[index] += 1
        return self._seeds[index][count]


def uniforms(
    seeds: npt.NDArray[np.int64], steps: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.float64]:
    """`count` random numbers for each row, which follow from the row's seed and step alone.

    (N, count), float64, above 0 and below 1.
    """
    roots = _mix(_mix(seeds.astype(np.uint64) + _GAMMA) + _GAMMA * steps.astype(np.uint64))
    places = _GAMMA * np.arange(1, count + 1, dtype=np.uint64)
    hashed = _mix(roots[:, None] + places)
    return ((hashed >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Hash with the finaliser of splitmix64."""
    x = (x ^ (x >> np.uint64(30))) * _FIRST
    x = (x ^ (x >> np.uint64(27))) * _SECOND
    return x ^ (x >> np.uint64(31))
