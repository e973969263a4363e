"""CRC-32 of what environments show, every so many steps: the proof that a replay is what happened.

The fingerprint of an observation is that of its bytes as the game made them, little-endian, before
any normalisation; of the newest frame where an observation is a stack of frames; of all arrays in the
order of their keys where it is a dict.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Array, Observations, StepBatch
from arcade_rl.envs.arrays import observations_to_numpy

INTERVAL = 32
"""Steps between two fingerprints of an environment."""


@dataclass(frozen=True, slots=True)
class Prints:
    """The fingerprints of a rollout of N environments."""

    steps: npt.NDArray[np.int64]
    """Steps of the rollout after which they were taken, from 1. (F,)"""
    values: npt.NDArray[np.uint32]
    """Of the observations then; where an episode had just ended, of the next one's first. (F, N)"""
    finals: dict[tuple[int, int], int]
    """Of the last observation of the episode that (step, environment) ended. Only environments whose
    arrays are in host memory have them: asking others would wait for the device."""


class FingerprintLog:
    """Takes fingerprints while a rollout is played."""

    def __init__(self, is_stacked: bool, is_on: bool = True) -> None:
        """`is_stacked`: observations are stacks of frames along their first axis. One that is not
        `is_on` takes none."""
        self._is_stacked = is_stacked
        self._is_on = is_on
        self.begin(0)

    def begin(self, count: int) -> None:
        """`count` steps were played before, of which nothing is noted yet."""
        self.count = count
        """Steps since the training began: where it is cut changes no fingerprint."""
        self._newest: Observations = None
        self._shown: list[tuple[int, Observations]] = []
        self._finals: dict[tuple[int, int], int] = {}

    def note(self, step: int, batch: StepBatch, ended: Array) -> None:
        """Look at what step number `step` of the rollout gave."""
        if not self._is_on:
            return
        self.count += 1
        self._newest = newest(batch.observations, self._is_stacked)
        if self.count % INTERVAL == 0:
            self._shown.append((step + 1, copied(self._newest)))
        if batch.final_observations is not None and isinstance(ended, np.ndarray):
            for env in np.flatnonzero(ended).tolist():
                last = row_of(newest(batch.final_observations, self._is_stacked), env)
                self._finals[step, env] = fingerprint(last)

    def harvest(self, num_envs: int) -> Prints:
        """What was taken since the last harvest."""
        steps = np.array([step for step, _ in self._shown], np.int64)
        values = np.zeros((len(steps), num_envs), np.uint32)
        for row, (_, shown) in zip(values, self._shown, strict=True):
            row[:] = fingerprints(observations_to_numpy(shown))
        found = Prints(steps, values, self._finals)
        self._shown, self._finals = [], {}
        return found

    def seen(self) -> npt.NDArray[np.uint32]:
        """Fingerprints of what the environments show now, until their next step. (N,), uint32."""
        return np.array(fingerprints(observations_to_numpy(self._newest)), np.uint32)


def newest(observations: Observations, is_stacked: bool) -> Observations:
    """What fingerprints are taken of: the newest frames of stacks, (N, ...), or all there is."""
    return observations[:, -1] if is_stacked else observations


def fingerprint(observation: Observations) -> int:
    """CRC-32 of one observation: an array in host memory, or a dict of such."""
    parts = (
        [observation[k] for k in sorted(observation)]
        if isinstance(observation, dict)
        else [observation]
    )
    crc = 0
    for part in parts:
        crc = zlib.crc32(np.ascontiguousarray(part, part.dtype.newbyteorder("<")).data, crc)
    return crc


def fingerprints(observations: Observations) -> list[int]:
    """That of each environment's observation; arrays in host memory, (N, ...)."""
    parts = (
        [observations[k] for k in sorted(observations)]
        if isinstance(observations, dict)
        else [observations]
    )
    found = [0] * len(parts[0])
    for part in parts:
        block = np.ascontiguousarray(part, part.dtype.newbyteorder("<"))
        data = block.reshape(-1).view(np.uint8).data
        size = len(data) // len(block)
        found = [zlib.crc32(data[k * size : (k + 1) * size], crc) for k, crc in enumerate(found)]
    return found


def row_of(observations: Observations, env: int) -> Observations:
    """The observation of one environment."""
    if isinstance(observations, dict):
        return {key: array[env] for key, array in observations.items()}
    return observations[env]


def copied(observations: Observations) -> Observations:
    """Observations that an environment's next step leaves as they are."""
    if isinstance(observations, dict):
        return {key: copied(array) for key, array in observations.items()}
    return observations.copy() if isinstance(observations, np.ndarray) else observations.clone()
