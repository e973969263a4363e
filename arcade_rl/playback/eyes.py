"""What an agent saw at any step, and what its policy made of that, computed on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import MissingError
from arcade_rl.playback.performance import KEPT_BYTES, Performance, Sights, StepSight
from arcade_rl.playback.rerun import Rerun, RerunDivergenceError
from arcade_rl.policies.activity import Activity

if TYPE_CHECKING:
    from arcade_rl.policies.taps import Taps

WITHOUT = "use --overlay minimal or none, or let its checkpoint play"
"""Advice for messages where what the agent saw is not known."""
MEMORY_INTERVAL = 64
"""Steps between two kept states of memory, for a policy that has a memory."""


class Eyes:
    """What the agent saw before every step of an episode. What was not kept when the episode was
    played is found by playing the episode again. Close the eyes after use."""

    def __init__(
        self,
        performance: Performance,
        where: str,
        open_rerun: Callable[[], Rerun] | None,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        """`where`: the name of the episode in messages. `open_rerun`: opens an environment that
        plays the episode again; None where that is impossible. `kept_bytes`: how much of what a
        rerun sees is kept."""
        self._performance, self._where = performance, where
        self._open_rerun = open_rerun
        self._rerun: Rerun | None = None
        self._sights = Sights(kept_bytes)

    @property
    def can_see(self) -> bool:
        """Whether what the agent saw can be known."""
        return self._open_rerun is not None or self._performance.sights is not None

    @property
    def can_rerun(self) -> bool:
        """Whether the episode can be played again."""
        return self._open_rerun is not None

    @property
    def rerun(self) -> Rerun:
        """The environment that plays the episode again, opened when it is first needed."""
        if self._rerun is None:
            assert self._open_rerun is not None, "the episode can be played again"
            self._rerun = self._open_rerun()
        return self._rerun

    def close(self) -> None:
        """Free the environment."""
        if self._rerun is not None:
            self._rerun.close()

    def sight(self, step: int) -> StepSight | None:
        """What the agent saw before step number `step`, from 0, and the reward terms of the step;
        None where they are not known.

        RerunDivergenceError where an exact game plays the episode otherwise than it was recorded.
        MissingError where a game whose states are recorded does so, which is no fault of the
        recording.
        """
        for sights in (self._performance.sights, self._sights):
            sight = None if sights is None else sights.get(step)
            if sight is not None:
                return sight
        if self._open_rerun is None:
            return None
        try:
            return self.rerun.play_to(step, self._sights)
        except RerunDivergenceError as error:
            if self._performance.recording.is_exact:
                raise
            raise MissingError(
                f"{self._where} is played otherwise here from step {error.step} on than it was "
                f"recorded, and what the agent saw is not known; {WITHOUT}, or export it where it was "
                "played"
            ) from error


class Insight(Protocol):
    """What the policy that is shown makes of an episode."""

    def activity(self, step: int) -> Activity | None:
        """What the policy did before step number `step`, from 0; None where nothing is known of it.
        Errors are those of `Eyes.sight`."""
        ...

    def values(self, first: int, end: int) -> npt.NDArray[np.float32]:
        """The policy's estimates of the return before the steps from `first` to before `end`; none for
        a policy without them. (end - first,) or (0,), float32."""
        ...


class Mind:
    """What the policy that is shown did before every step of an episode."""

    def __init__(self, taps: Taps, eyes: Eyes, performance: Performance) -> None:
        self._taps, self._eyes, self._performance = taps, eyes, performance
        self._values: dict[int, float | None] = {}
        """The critic's estimate before each step that was looked at."""
        self._last: tuple[int, Activity] | None = None
        self._memories: dict[int, object] = {}
        """Memory of the policy, where it has one, before every MEMORY_INTERVAL-th step, by step."""
        self._next = 0
        """The step that the policy's memory is ready for."""

    def activity(self, step: int) -> Activity:
        """What the policy did before step number `step`, from 0. Errors are those of
        `Eyes.sight`."""
        if self._last is not None and self._last[0] == step:
            return self._last[1]
        return self._look_at(step)

    def values(self, first: int, end: int) -> npt.NDArray[np.float32]:
        """The critic's estimates before the steps from `first` to before `end`; none for a policy
        without a critic. (end - first,) or (0,), float32."""
        for step in range(first, end):
            if step not in self._values:
                self._evaluate(step)
        found = [self._values[step] for step in range(first, end)]
        return np.array([value for value in found if value is not None], np.float32)

    def _evaluate(self, step: int) -> None:
        """Note the critic's estimate before a step. Only a policy with memory, whose looks depend on
        each other, is looked at for that."""
        if self._taps.has_memory:
            self._look_at(step)
            return
        sight = self._sight(step)
        self._values[step] = self._taps.value(sight.before.observation, self._masks(sight))

    def _sight(self, step: int) -> StepSight:
        sight = self._eyes.sight(step)
        assert sight is not None, "what is looked into can see"
        return sight

    def _masks(self, sight: StepSight) -> npt.NDArray[np.bool_] | None:
        return sight.before.masks if self._taps.takes_masks else None

    def _look_at(self, step: int) -> Activity:
        """Look at a step. A policy with memory first looks at all steps since the nearest earlier
        one whose memory was kept."""
        if not self._taps.has_memory:
            return self._look(step)
        if self._next != step:
            self._next = max((at for at in self._memories if at <= step), default=0)
            self._taps.memory = self._memories.get(self._next)
        while self._next < step:
            self._look(self._next)
        return self._look(step)

    def _look(self, step: int) -> Activity:
        sight = self._sight(step)
        if self._taps.has_memory and step % MEMORY_INTERVAL == 0:
            self._memories[step] = self._taps.memory
        action = self._performance.recording.actions[step]
        activity = self._taps.look(sight.before.observation, action, self._masks(sight))
        self._values[step], self._next, self._last = activity.value, step + 1, (step, activity)
        return activity
