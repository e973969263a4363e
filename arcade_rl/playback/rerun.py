"""A recorded episode, played again by the environment that played it.

It gives what neither recordings nor screens have: what the agent saw before every step, and the reward
terms. Rewards, ends and recorded states are compared with what was recorded.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Array
from arcade_rl.envs.arrays import actions_for, to_numpy
from arcade_rl.envs.door import open_env
from arcade_rl.envs.seats import RecordedOpponents
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.errors import VerificationError
from arcade_rl.playback.game import PlayedGame, find_playable
from arcade_rl.playback.player import Before, Performance, before
from arcade_rl.playback.replay import fault_of
from arcade_rl.playback.verify import state_fault
from arcade_rl.recording.recording import Recording


class DivergenceError(VerificationError):
    """The game plays an episode otherwise than it was recorded."""

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step
        """The first step that differs, from 1."""


class Rerun:
    """The environment that played an episode, playing it again. Close it after use."""

    def __init__(self, played: PlayedGame, recording: Recording) -> None:
        self._recording = recording
        purpose = recording.metadata.purpose
        self._env = open_env(played.game, played.options, played.declaration, 1, purpose)
        with ExitStack() as failed:
            failed.callback(self._env.close)
            self._env.set_stage(recording.metadata.stage)
            if recording.replies is not None:
                self._env.set_opponents(RecordedOpponents([[recording.replies]]))
            seed = recording.start.seed
            self._first = self._env.reset(GivenSeeds([[seed, seed]]))  # the second is not played
            self.seen: Before = before(self._env, self._first)
            """What the agent sees now. Arrays may be the environment's own."""
            failed.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._env.close()

    def step(self, k: int) -> npt.NDArray[np.float32]:
        """Play step `k`, from 0; what every reward term was. (K,). DivergenceError where it is not what
        was recorded."""
        it = self._recording
        batch = self._env.step(actions_for(it.actions[k : k + 1], self._first))
        reward, ended = to_numpy(batch.rewards)[0], bool((batch.terminated | batch.truncated)[0])
        fault = fault_of(it, k + 1, reward, ended) or _state_fault(it, k, batch.states)
        if fault:
            raise DivergenceError(f"{fault}; `arcade-rl episodes verify` tells more", k + 1)
        self.seen = before(self._env, batch.observations)
        terms: npt.NDArray[np.float32] = to_numpy(batch.terms)[0].copy()
        return terms


def rerun(recording: Recording, go_on: Callable[[], None] | None = None) -> Performance:
    """The whole episode of a game with `Declaration.reruns`, played again before it is shown: with what
    was seen, and with the terms. `go_on` is called before every step, and may raise.

    DivergenceError where it is played otherwise here, so that only its states can be shown; ValueError
    for a game without re-runs; MissingError and VerificationError as of `find_playable`.
    """
    played = find_playable(recording)
    if recording.is_exact or not played.declaration.reruns:
        raise ValueError("the game has no re-runs beside states")
    seen, terms = [], []
    with Rerun(played, recording) as again:
        for k in range(len(recording)):
            if go_on is not None:
                go_on()
            seen.append(copy.deepcopy(again.seen))
            terms.append(again.step(k))
    return Performance(recording, seen, np.stack(terms))


def _state_fault(recording: Recording, k: int, states: Array | None) -> str:
    """How the state after step `k`, from 0, differs from the recorded one; "" if it does not, or none
    was recorded."""
    if recording.states is None:
        return ""
    fault = state_fault(recording.states[k], None if states is None else to_numpy(states)[0])
    if fault is None:
        return ""
    what, recorded, found = fault
    who = f"episode {recording.metadata.number} of {recording.metadata.run}"
    return f"{who} has another {what}, after step {k + 1}: {found}; recorded is {recorded}"
