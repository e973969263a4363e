"""An episode while it is played: a policy or a person chooses the actions, as far as somebody asks
for steps. This module needs no torch."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from arcade_rl.config import Resolved
from arcade_rl.contracts import Declaration, Observations, Replies, StepBatch, VectorEnv
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.arrays import WeightedSum, actions_for, to_numpy
from arcade_rl.envs.harvest import refuse_non_finite
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.playback.performance import (
    KEPT_BYTES,
    Performance,
    Sights,
    StepSight,
    before,
)
from arcade_rl.playback.tables import GrowingArray, RunningMetrics
from arcade_rl.recording.ended import of_episode
from arcade_rl.recording.origin import named
from arcade_rl.recording.recording import Fingerprints, Metadata, Recording, Start
from arcade_rl.recording.tape import Span, Tape

HORIZON = 1024
"""Steps between two harvests of what the environment gave."""


class Pilot(Protocol):
    """Whoever chooses the actions on the learner's seat of one environment."""

    def act(self, observations: Observations) -> npt.NDArray[Any]:
        """The next action. (1,) int64, or (1, dimensions) float32."""
        ...


class LivePerformance(Performance):
    """An episode that is played as far as somebody asks for it."""

    def __init__(
        self,
        resolved: Resolved,
        env: VectorEnv,
        actor: Pilot,
        seed: int,
        about: Metadata,
        go_on: Callable[[], None] | None,
    ) -> None:
        """`about`: what is known before a step is played, such as the stage. The other parameters
        are those of `Player` and `Player.begin`."""
        self._declaration, self._weights = resolved.declaration, np.array(resolved.weights)
        self._env, self._actor, self._seed, self._about = env, actor, seed, about
        self._go_on = go_on
        self.has_failed = False
        """Whether an error came out of the last step, so that the environment is of no use."""
        has_states = resolved.declaration.replay == "states"
        self._sights = Sights(None if has_states else KEPT_BYTES)
        super().__init__(_nothing(about, seed, self._declaration), self._sights)
        env.set_stage(about.stage)
        self._rollouts = _Rollouts(resolved, env, about.stage)
        self._observations = env.reset(GivenSeeds([[seed, seed]]))  # the second seed is not played
        self._columns: dict[str, GrowingArray] = {}
        self._reply_counts, self._answers = GrowingArray(), GrowingArray()
        self._played = 0
        self._returns, self._terms = 0.0, np.zeros(len(self._declaration.terms))
        self._metrics = RunningMetrics(about, self._declaration)

    @property
    def is_over(self) -> bool:
        return self._rollouts.is_over

    def play_to(self, step: int) -> None:
        if self.is_over or len(self._recording) >= step:
            return
        self.has_failed = True
        while self._played < step and not self.is_over:
            self._step()
            self._played += 1
        self.has_failed = False
        self._recording = self._whole() if self.is_over else self._so_far()

    def play_to_end(self) -> None:
        """Play until the episode is over."""
        while not self.is_over:
            self.play_to(len(self._recording) + HORIZON)

    def _step(self) -> None:
        if self._go_on is not None:
            self._go_on()
        seen = copy.deepcopy(before(self._env, self._observations))
        actions = self._choose()
        batch = self._env.step(actions_for(actions, self._observations))
        self._rollouts.note(actions, batch)
        terms = to_numpy(batch.terms)[0].copy()
        self._sights.put(self._played, StepSight(seen, terms))
        self._returns += float(to_numpy(batch.rewards)[0])
        self._terms += terms
        self._observations = batch.observations
        rows = {"actions": actions, "rewards": batch.rewards, "metrics": batch.metrics}
        if batch.states is not None:
            rows["states"] = batch.states
        if batch.frames is not None:
            rows["frames"] = batch.frames
        for name, array in rows.items():
            self._columns.setdefault(name, GrowingArray()).append(to_numpy(array)[0])
        if batch.replies is not None:
            self._reply_counts.append(batch.replies.counts[0])
            for answer in batch.replies.actions:
                self._answers.append(answer)

    def _choose(self) -> npt.NDArray[Any]:
        """The action of the next step. (1,) int64, or (1, dimensions) float32."""
        return self._actor.act(self._observations)

    def _so_far(self) -> Recording:
        """The recording of the steps that are played by now."""
        columns: dict[str, Any] = {name: column.rows for name, column in self._columns.items()}
        if len(self._reply_counts):
            answers = self._answers.rows if len(self._answers) else np.zeros(0, np.int64)
            columns["replies"] = Replies(self._reply_counts.rows, answers)
        played = replace(self._recording, **columns)
        metadata = replace(
            self._about,
            length=self._played,
            metrics=self._metrics.after(played, self._played),
            raw_return=self._returns,
            shaped_return=float(self._terms @ self._weights),
            terms=named(self._declaration.terms, self._terms),
            ended=time.time(),
        )
        return replace(played, metadata=metadata)

    def _whole(self) -> Recording:
        """The recording of the whole episode as an evaluation counts it, with its fingerprints."""
        ended, span = self._rollouts.ended, self._rollouts.span
        columns = of_episode(ended, 0, self._declaration, lambda _: self._about.opponent)
        metadata = replace(self._about, ended=time.time(), **{**columns, "environment": 0})
        return span.recording(metadata, Start(int(ended.seed[0])))


def _nothing(about: Metadata, seed: int, declaration: Declaration) -> Recording:
    """The recording of an episode before its first step."""
    none, counts = np.zeros(0, np.float32), np.zeros(0, np.int64)
    return Recording(
        metadata=about,
        start=Start(seed),
        actions=counts,
        rewards=none,
        metrics=np.zeros((0, len(about.metrics)), np.float32),
        fingerprints=Fingerprints(counts, np.zeros(0, np.uint32)),
        states=none[:, None] if declaration.replay == "states" else None,
        frames=counts if declaration.timed else None,
        replies=Replies(counts, counts) if len(declaration.seats) > 1 else None,
    )


class _Rollouts:
    """Collects what one environment gives until its first episode ends."""

    def __init__(self, resolved: Resolved, env: VectorEnv, stage: int) -> None:
        self._declaration = resolved.declaration
        self._shape = WeightedSum(resolved.weights)
        self._accounting = EpisodeAccounting(
            resolved.declaration, 1, HORIZON, has_prints=True, has_states=True
        )
        self._accounting.begin_episodes(stage)
        self._actions: list[npt.NDArray[Any]] = []
        self._tape = Tape(1)
        self.is_over = False

    def note(self, actions: npt.NDArray[Any], batch: StepBatch) -> None:
        """Take in one step."""
        has_ended = self._accounting.record(batch, self._shape(batch.terms))
        self._actions.append(actions)
        self.is_over = bool(has_ended[0])
        if self.is_over or len(self._actions) == HORIZON:
            self._harvest()

    def open_span(self) -> Span:
        """The steps of an episode that has not ended, of at least one step."""
        if self._actions:
            self._harvest()
        return self._tape.open_span(0)

    def _harvest(self) -> None:
        harvest = self._accounting.harvest()
        refuse_non_finite(harvest.ended, self._declaration)
        steps, last = harvest.steps, len(self._actions) - 1
        self._tape.add(steps.with_actions(np.stack(self._actions)))
        self._actions = []
        if self.is_over:
            self.ended, self.span = harvest.ended, self._tape.cut(last, 0)
