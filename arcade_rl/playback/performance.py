"""An episode that can be shown, while it is played or after, and what its agent saw."""

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
"""How much of what an agent saw is kept in memory where it can be had again."""


@dataclass(frozen=True, slots=True)
class Before:
    """What an agent saw before a step."""

    observation: Observations
    """Observation of one environment, without a row for it."""
    masks: npt.NDArray[np.bool_] | None
    """Which actions were allowed, where the game forbids some. (actions,)"""


@dataclass(frozen=True, slots=True)
class StepSight:
    """What neither a recording nor a screen has of a step."""

    before: Before
    terms: npt.NDArray[np.float32]
    """Every reward term of the step, unweighted, in the order of declaration. (K,)"""


def before(env: VectorEnv, observations: Observations) -> Before:
    """What the agent of the first environment sees. Arrays may be the environment's own."""
    masks = env.action_masks()
    allowed = None if masks is None else to_numpy(masks)[0]
    return Before(row_of(observations_to_numpy(observations), 0), allowed)


class Sights:
    """What was seen before some steps of an episode: those that were needed last, within a bound."""

    def __init__(self, most_bytes: int | None) -> None:
        """`most_bytes`: arrays that are kept; None: all of them."""
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[int, StepSight] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, step: int, sight: StepSight) -> None:
        """Keep what was seen before step number `step`, from 0; its arrays must not change any more."""
        if step in self._kept:
            return
        self._kept[step] = sight
        self._bytes += _bytes_of(sight)
        while self._most is not None and self._bytes > self._most and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _bytes_of(oldest)

    def get(self, step: int) -> StepSight | None:
        """What was seen before this step; None where it is not kept."""
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
    """An episode that is over. One that is still played is a `LivePerformance`."""

    def __init__(self, recording: Recording, sights: Sights | None = None) -> None:
        """`sights`: what was seen when it was played, where that is known."""
        self._recording = recording
        self.sights = sights

    @property
    def recording(self) -> Recording:
        """All of it that is played by now, one step or more once `play_to` was asked for some."""
        return self._recording

    @property
    def is_over(self) -> bool:
        """Whether its last step is played."""
        return True

    def play_to(self, step: int) -> None:
        """Play on until so many steps are played, or it is over."""
