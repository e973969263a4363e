"""An episode that can be shown, while it is played or afterwards, and what its agent saw."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Observations, VectorEnv
from arcade_rl.envs.arrays import observations_to_numpy, to_numpy
from arcade_rl.envs.fingerprints import row_of
from arcade_rl.recording.recording import Recording

KEPT_BYTES = 64 * 2**20
"""Limit for what is kept of an agent's observations where they can be found again. Bytes."""


@dataclass(frozen=True, slots=True)
class Before:
    """What an agent saw before a step."""

    observation: Observations
    """Observation of one environment, without an axis for environments."""
    masks: npt.NDArray[np.bool_] | None
    """Which actions were allowed; None where the game forbids none. (actions,), bool."""


@dataclass(frozen=True, slots=True)
class StepSight:
    """What belongs to a step, and neither a recording nor a screen has."""

    before: Before
    terms: npt.NDArray[np.float32]
    """Every reward term of the step, unweighted, in the order of declaration. (K,)"""


def before(env: VectorEnv, observations: Observations) -> Before:
    """What the agent of the first environment sees. Arrays may be the environment's own, which
    changes them later."""
    masks = env.action_masks()
    allowed = None if masks is None else to_numpy(masks)[0]
    return Before(row_of(observations_to_numpy(observations), 0), allowed)


class Sights:
    """What the agent saw before some steps of an episode: the steps that were needed last, within a
    limit."""

    def __init__(self, most_bytes: int | None) -> None:
        """`most_bytes`: limit for all arrays that are kept; None for no limit."""
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[int, StepSight] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, step: int, sight: StepSight) -> None:
        """Keep what was seen before step number `step`, from 0. The arrays must not change
        afterwards."""
        if step in self._kept:
            return
        self._kept[step] = sight
        self._bytes += _bytes_of(sight)
        while self._most is not None and self._bytes > self._most and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _bytes_of(oldest)

    def get(self, step: int) -> StepSight | None:
        """What was seen before this step; None where that is not kept."""
        sight = self._kept.get(step)
        if sight is not None:
            self._kept.move_to_end(step)
        return sight


def _bytes_of(sight: StepSight) -> int:
    seen: Any = sight.before.observation
    arrays = [*seen.values()] if isinstance(seen, dict) else [seen]
    masks = sight.before.masks
    kept = [*arrays, sight.terms, *(() if masks is None else (masks,))]
    return sum(array.nbytes for array in kept)


class Performance:
    """An episode that is over. An episode that is still played is a `LivePerformance`."""

    def __init__(self, recording: Recording, sights: Sights | None = None) -> None:
        """`sights`: what the agent saw when the episode was played, where that is known."""
        self._recording = recording
        self.sights = sights

    @property
    def recording(self) -> Recording:
        """The episode as far as it is played: one step or more after `play_to` was asked for
        some."""
        return self._recording

    @property
    def is_over(self) -> bool:
        """Whether the last step of the episode is played."""
        return True

    @property
    def waits(self) -> bool:
        """Whether the next step waits for a person, who plays one step after the other."""
        return False

    def play_to(self, step: int) -> None:
        """Play on until `step` steps are played or the episode is over."""
