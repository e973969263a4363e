"""Fingerprints: CRC-32 of observations at regular steps, which prove that a replay is what
happened.

The fingerprint of an observation is the CRC-32 of its bytes as the game made them, little-endian,
before any normalisation. In a stack of frames, only the newest frame counts. In a dict, all arrays
count, in the order of their keys.
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
    """Steps of the rollout after which fingerprints were taken, from 1. (F,), int64."""
    values: npt.NDArray[np.uint32]
    """Fingerprints of the observations after these steps. Where an episode had just ended, this is
    the first observation of the next episode. (F, N), uint32."""
    finals: dict[tuple[int, int], int]
    """Fingerprint of an episode's last observation, by the (step, environment) that ended the
    episode. Environments with arrays on a device have none: asking for them would wait for the
    device."""


class FingerprintLog:
    """Takes fingerprints while a rollout is played."""

    def __init__(self, is_stacked: bool, is_on: bool = True) -> None:
        """`is_stacked` says that observations are stacks of frames along their first axis. A log
        that is not `is_on` takes no fingerprints."""
        self._is_stacked = is_stacked
        self._is_on = is_on
        self.begin(0)

    def begin(self, count: int) -> None:
        """Begin an empty log after `count` steps of the training."""
        self.count = count
        """Steps since the training began, so that fingerprints do not depend on where a training is
        cut."""
        self._newest: Observations = None
        self._shown: list[tuple[int, Observations]] = []
        self._finals: dict[tuple[int, int], int] = {}

    def note(self, step: int, batch: StepBatch, ended: Array) -> None:
        """Take the fingerprints that are due after step number `step` of the rollout, from 0."""
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
        """The fingerprints that were taken since the last harvest."""
        steps = np.array([step for step, _ in self._shown], np.int64)
        values = np.zeros((len(steps), num_envs), np.uint32)
        for row, (_, shown) in zip(values, self._shown, strict=True):
            row[:] = fingerprints(observations_to_numpy(shown))
        found = Prints(steps, values, self._finals)
        self._shown, self._finals = [], {}
        return found

    def seen(self) -> npt.NDArray[np.uint32]:
        """Fingerprints of the observations after the last noted step. (N,), uint32."""
        return np.array(fingerprints(observations_to_numpy(self._newest)), np.uint32)


def newest(observations: Observations, is_stacked: bool) -> Observations:
    """The part of observations that fingerprints cover: the newest frame of each stack, (N, ...),
    or everything."""
    return observations[:, -1] if is_stacked else observations


def fingerprint(observation: Observations) -> int:
    """CRC-32 of one observation, which is an array in host memory or a dict of arrays."""
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
    """CRC-32 of each environment's observation. Arrays are in host memory, (N, ...)."""
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
    """A copy of observations, which the environment's next step does not change."""
    if isinstance(observations, dict):
        return {key: copied(array) for key, array in observations.items()}
    return observations.copy() if isinstance(observations, np.ndarray) else observations.clone()
