"""A recorded episode, played again by the environment that played it.

A rerun gives what neither recordings nor screens have: what the agent saw before every step, and
the reward terms. Rewards, ends and states are compared with what was recorded.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Array, Observations, Replies
from arcade_rl.envs.arrays import actions_for, to_numpy
from arcade_rl.envs.seats import RecordedOpponents
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.errors import VerificationError
from arcade_rl.playback.game import PlayedGame
from arcade_rl.playback.performance import Performance, Sights, StepSight, before
from arcade_rl.playback.replay import fault_of
from arcade_rl.playback.stock import Stock, env_kind
from arcade_rl.playback.verify import state_fault
from arcade_rl.recording.recording import Recording

SAVED_INTERVAL = 64
"""Steps between two saved states of the environment, where its states can be saved."""
MAX_SAVED = 256
"""Largest number of saved states of an episode; a longer episode has them further apart."""


class RerunDivergenceError(VerificationError):
    """The game plays an episode otherwise than it was recorded."""

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step
        """The first step that differs, from 1."""


def can_rerun(recording: Recording, played: PlayedGame) -> bool:
    """Whether the episode can be played again from its seed and actions."""
    return recording.is_exact or played.declaration.reruns


class Rerun:
    """The environment that played an episode, playing it again: from the start, or from a state
    that was saved on the way. Close the rerun after use."""

    def __init__(
        self,
        played: PlayedGame,
        performance: Performance,
        go_on: Callable[[], None] = lambda: None,
        stock: Stock | None = None,
    ) -> None:
        """`go_on` is called before every step, and may raise an error. `stock`: what lends the
        environment; None for one that is opened and closed here. ValueError for a game without
        re-runs."""
        if not can_rerun(performance.recording, played):
            raise ValueError("the game has no re-runs beside states")
        recording = performance.recording
        self._performance, self._go_on = performance, go_on
        self._seed = recording.start.seed
        self._saves = played.declaration.saved_state == "exact"
        self._saved: dict[int, Mapping[str, npt.NDArray[Any]]] = {}
        self._interval = SAVED_INTERVAL
        self._stock, purpose = stock or Stock(), recording.metadata.purpose
        self._kind = env_kind(played, purpose)
        self.env = self._stock.env(played, purpose)
        self._has_failed = False
        """Whether an error came out of the last step, so that nobody else can use the environment."""
        with ExitStack() as failed:
            failed.callback(self.env.close)
            self.env.set_stage(recording.metadata.stage)
            self._begin()
            failed.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the environment."""
        if self._has_failed:
            self.env.close()
        else:
            self._stock.give_back(self._kind, self.env)

    def play_to(self, step: int, sights: Sights) -> StepSight:
        """Play step number `step`, from 0, and return what was seen; what was seen on the way is
        put into `sights`. RerunDivergenceError where a step is not what was recorded."""
        self._has_failed = True
        if step < self._position:
            self._go_back(step)
        while True:
            sight = self._step()
            sights.put(self._position - 1, sight)
            if self._position > step:
                self._has_failed = False
                return sight

    def _begin(self) -> None:
        self._position = 0
        self._rivals = self._recorded_rivals()
        if self._rivals is not None:
            self.env.set_opponents(self._rivals)
        self._observations: Observations = self.env.reset(self._seeds())

    def _recorded_rivals(self) -> RecordedOpponents | None:
        """Opponents that give the recorded answers up to the first step; None in a game of one
        seat."""
        answers = self._performance.recording.replies_of(0)
        if answers is None:
            return None
        return RecordedOpponents([[Replies(np.array([len(answers)]), answers)]])

    def _seeds(self) -> GivenSeeds:
        return GivenSeeds([[self._seed, self._seed]])  # the second seed is not played

    def _go_back(self, step: int) -> None:
        nearest = max((at for at in self._saved if at <= step), default=0)
        if not nearest:
            self._begin()
            return
        env: Any = self.env
        self._position = nearest
        self._observations = env.restore(self._saved[nearest], self._seeds())

    def _step(self) -> StepSight:
        """Play the next step. Returns copies of what was seen before the step, and of its terms."""
        self._go_on()
        k, recording = self._position, self._performance.recording
        self._save()
        if k and self._rivals is not None and (answers := recording.replies_of(k)) is not None:
            self._rivals.give(0, answers)
        seen = copy.deepcopy(before(self.env, self._observations))
        batch = self.env.step(actions_for(recording.actions[k : k + 1], self._observations))
        reward, ended = to_numpy(batch.rewards)[0], bool((batch.terminated | batch.truncated)[0])
        fault = fault_of(recording, k + 1, reward, ended, self._performance.is_over)
        fault = fault or _state_fault(recording, k, batch.states)
        if fault:
            self._begin()
            raise RerunDivergenceError(f"{fault}; `arcade-rl episodes verify` tells more", k + 1)
        self._position, self._observations = k + 1, batch.observations
        return StepSight(seen, to_numpy(batch.terms)[0].copy())

    def _save(self) -> None:
        """Save a state where one is due. Each time there are too many, every second one is
        dropped."""
        at = self._position
        if not self._saves or not at or at % self._interval or at in self._saved:
            return
        env: Any = self.env
        self._saved[at] = env.save()
        if len(self._saved) > MAX_SAVED:
            self._interval *= 2
            self._saved = {at: s for at, s in self._saved.items() if at % self._interval == 0}


def _state_fault(recording: Recording, k: int, states: Array | None) -> str:
    """How the state after step `k`, from 0, differs from the recorded one; "" if they are equal or
    no state was recorded."""
    if recording.states is None:
        return ""
    fault = state_fault(recording.states[k], None if states is None else to_numpy(states)[0])
    if fault is None:
        return ""
    what, recorded, found = fault
    who = f"episode {recording.metadata.number} of {recording.metadata.run}"
    return f"{who} has another {what}, after step {k + 1}: {found}; recorded is {recorded}"
