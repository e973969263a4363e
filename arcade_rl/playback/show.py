"""An episode step by step with everything that can be shown of it.

The screen makes the pictures, as in `replay`. Beside it the vectorised environment that played the
episode plays it again, and gives what screens do not have: what the agent saw, and the reward terms.
Both are compared with what was recorded; VerificationError where one differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Declaration, StagedVectorEnv
from arcade_rl.envs.arrays import to_numpy
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.errors import VerificationError
from arcade_rl.playback.game import PlayedGame, find_playable
from arcade_rl.playback.player import Performance, Player, before
from arcade_rl.playback.replay import Moment, Replay, fault_of
from arcade_rl.policies.activity import Activity
from arcade_rl.recording.recording import Recording


@dataclass(frozen=True, slots=True)
class Shown:
    """One step."""

    moment: Moment
    metrics: dict[str, float]
    """Every metric up to here, aggregated as declared."""
    terms: dict[str, float] | None
    """What every reward term was in the step, unweighted; None where the game is not played again."""
    activity: Activity | None
    """What the policy that is shown did with what the agent saw before the step."""


class Show:
    """One episode, from the first step to the last. Close it after use."""

    def __init__(
        self, performance: Performance, player: Player | None = None, sound: bool = False
    ) -> None:
        """`player`: whose policy to look into. MissingError and VerificationError as of
        `find_playable`."""
        self.recording = performance.recording
        self.played = find_playable(self.recording)
        self._seen = performance.seen or []
        self._totals = running(self.recording, self.played.declaration)
        with ExitStack() as opened:
            purpose = self.recording.metadata.purpose
            screen = self.played.game.make_screen(self.played.options, purpose, sound)
            opened.callback(screen.close)
            self._replay = Replay(self.recording, screen, self.played.declaration.frame_rate)
            self._rerun = None
            if self.recording.is_exact:
                self._rerun = opened.enter_context(_Rerun(self.played, self.recording))
            self._taps = None
            can_see = self._rerun is not None or bool(self._seen)
            if player is not None and can_see:
                self._taps = opened.enter_context(player.taps())
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free screen and environment."""
        self._opened.close()

    @property
    def declaration(self) -> Declaration:
        """What the game declares."""
        return self.played.declaration

    def __iter__(self) -> Iterator[Shown]:
        """Every step, once."""
        names = self.recording.metadata.metrics
        for k in range(len(self.recording)):
            activity = self._look(k)
            terms = None if self._rerun is None else self._rerun.step(k)
            metrics = dict(zip(names, self._totals[k].tolist(), strict=True))
            yield Shown(self._replay.step(), metrics, terms, activity)

    def _look(self, k: int) -> Activity | None:
        if self._taps is None:
            return None
        seen = self._seen[k] if self._rerun is None else self._rerun.seen
        masks = seen.masks if self._taps.takes_masks else None
        return self._taps.look(seen.observation, self.recording.actions[k], masks)


class _Rerun:
    """The environment that played an episode, playing it again."""

    def __init__(self, played: PlayedGame, recording: Recording) -> None:
        self._recording = recording
        self._terms = [term.name for term in played.declaration.terms]
        self._env = played.game.make_env(played.options, 1, recording.metadata.purpose)
        with ExitStack() as failed:
            failed.callback(self._env.close)
            if isinstance(self._env, StagedVectorEnv):
                self._env.set_stage(recording.metadata.stage)
            seed = recording.start.seed
            first = self._env.reset(GivenSeeds([[seed, seed]]))  # the second one is not played
            self.seen = before(self._env, first)
            failed.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._env.close()

    def step(self, k: int) -> dict[str, float]:
        """Play step `k`; what every reward term was."""
        it = self._recording
        batch = self._env.step(it.actions[k : k + 1])
        reward, ended = to_numpy(batch.rewards)[0], bool(batch.terminated[0] | batch.truncated[0])
        if fault := fault_of(it, k + 1, reward, ended):
            raise VerificationError(f"{fault}; `arcade-rl episodes verify` tells more")
        self.seen = before(self._env, batch.observations)
        return dict(zip(self._terms, to_numpy(batch.terms)[0].tolist(), strict=True))


def running(recording: Recording, declaration: Declaration) -> npt.NDArray[np.float64]:
    """Every metric up to each step, aggregated as declared. (T, M). VerificationError if the game does
    not know one of them any more."""
    metadata, declared = recording.metadata, {metric.name: metric for metric in declaration.metrics}
    wide, found = recording.metrics.astype(np.float64), np.empty(recording.metrics.shape)
    for k, name in enumerate(metadata.metrics):
        if name not in declared:
            raise VerificationError(
                f"episode {metadata.number} of {metadata.run} has a metric {name!r}; {metadata.game} "
                f"has {', '.join(declared)}: install the version that it was played with"
            )
        column = wide[:, k]
        match declared[name].aggregation:
            case "last":
                found[:, k] = column
            case "sum":
                found[:, k] = np.cumsum(column)
            case "max":
                found[:, k] = np.maximum.accumulate(column)
            case "mean":
                found[:, k] = np.cumsum(column) / np.arange(1, len(column) + 1)
    return found
