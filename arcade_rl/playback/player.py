"""A checkpoint that plays, and its episodes, while they are played and afterwards."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from arcade_rl.config import Resolved
from arcade_rl.contracts import Declaration, Replies, StepBatch, VectorEnv
from arcade_rl.envs.accounting import EpisodeAccounting, refuse_non_finite
from arcade_rl.envs.arrays import WeightedSum, actions_for, to_numpy
from arcade_rl.envs.door import open_env
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.playback.performance import (
    KEPT_BYTES,
    Performance,
    Sights,
    StepSight,
    before,
)
from arcade_rl.playback.tables import GrowingArray, RunningMetrics
from arcade_rl.policies.actor import Actor, load_acting
from arcade_rl.policies.builtin import BuiltInActor
from arcade_rl.policies.device import find_device
from arcade_rl.policies.opponents import Rival, chosen_opponent, seat_in_evaluation
from arcade_rl.policies.taps import Taps
from arcade_rl.recording.ended import of_episode
from arcade_rl.recording.origin import named, origin, stage_name
from arcade_rl.recording.recording import Fingerprints, Metadata, Recording, Start
from arcade_rl.recording.tape import HostRollout, Tape
from arcade_rl.runs import checkpoints

HORIZON = 1024
"""Steps between two harvests of what the environment gave."""


class Player:
    """A verified checkpoint of a run, which plays episodes. Close the player after use."""

    def __init__(
        self,
        resolved: Resolved,
        checkpoint: Path,
        device: str = "cpu",
        threads: int = 0,
        opponent: str | Rival | None = None,
    ) -> None:
        """`threads`: number of torch's threads; 0 for as many as in training. `opponent`: as in an
        evaluation. VerificationError if the checkpoint is damaged or does not fit the
        configuration."""
        chosen = chosen_opponent(resolved, opponent)
        self.opponent = chosen.name if isinstance(chosen, Rival) else chosen or ""
        """Name of whoever sits opposite; "" in a game of one seat."""
        checkpoints.verify(checkpoint)
        self.state = checkpoints.read_state(checkpoint)
        self.run = checkpoint.absolute().parent.parent.name
        self._resolved = resolved
        self._env = open_env(resolved.game, resolved.options, resolved.declaration, 1, "evaluation")
        with ExitStack() as failed:
            failed.callback(self._env.close)
            self.policy, self.normalizer = load_acting(
                resolved, checkpoint, self.state, self._env, find_device(device), threads
            )
            if chosen is not None:
                seated = seat_in_evaluation(
                    resolved, self._env, chosen, find_device(device), threads
                )
                self._env.set_opponents(seated)
            failed.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the environment."""
        self._env.close()

    def taps(self) -> Taps:
        """What looks into the policy. Close the taps after use."""
        env = self._env
        return Taps(self.policy, self.normalizer, env.observation_space, env.action_space)

    def play(
        self, seed: int, number: int, deterministic: bool, go_on: Callable[[], None] | None = None
    ) -> LivePerformance:
        """Play the episode that this seed starts to its end. Parameters are those of `begin`."""
        performance = self.begin(seed, number, deterministic, go_on)
        performance.play_to_end()
        return performance

    def begin(
        self, seed: int, number: int, deterministic: bool, go_on: Callable[[], None] | None = None
    ) -> LivePerformance:
        """Begin the episode that this seed starts. Sampled actions take their randomness from the
        seed too.

        The episode is played as far as it is asked for; another episode may begin once this one is
        not needed any more. `number`: the number that the recording gives the episode. `go_on` is
        called before every step, and may raise an error.
        """
        train, seeds = self._resolved.config.train, np.array([seed])
        actor = Actor(
            self.policy, self.normalizer, self._env, train, deterministic, lambda _: seeds
        )
        about = self._about(number, deterministic)
        return LivePerformance(self._resolved, self._env, actor, seed, about, go_on)

    def _about(self, number: int, deterministic: bool) -> Metadata:
        """What is known of an episode before it is played."""
        state, now = self.state, time.time()
        return Metadata(
            **origin(self._resolved),
            run=self.run,
            number=number,
            chunk=state.chunk,
            environment=0,
            step_start=state.steps,
            step_end=state.steps,
            progress=state.progress,
            purpose="evaluation",
            checkpoint=state.chunk,
            stage=state.stage,
            stage_name=stage_name(self._resolved, state.stage),
            mode="deterministic" if deterministic else "sampled",
            opponent=self.opponent,
            reasons=[],
            started=now,
            ended=now,
            length=0,
            raw_return=0.0,
            shaped_return=0.0,
            truncated=False,
            metrics=dict.fromkeys((it.name for it in self._resolved.declaration.metrics), 0.0),
            terms=dict.fromkeys((it.name for it in self._resolved.declaration.terms), 0.0),
        )


def load_taps(resolved: Resolved, checkpoint: Path, env: VectorEnv, threads: int = 0) -> Taps:
    """What looks into the policy of a checkpoint of the run. The policy does not play in `env`, an
    environment of its game. Close the taps after use. Errors are those of `Player`."""
    checkpoints.verify(checkpoint)
    state = checkpoints.read_state(checkpoint)
    policy, normalizer = load_acting(resolved, checkpoint, state, env, "cpu", threads)
    return Taps(policy, normalizer, env.observation_space, env.action_space)


class LivePerformance(Performance):
    """An episode that a checkpoint plays, as far as somebody asks for it."""

    def __init__(
        self,
        resolved: Resolved,
        env: VectorEnv,
        actor: Actor | BuiltInActor,
        seed: int,
        about: Metadata,
        go_on: Callable[[], None] | None,
    ) -> None:
        """`about`: what is known before a step is played, such as the stage. The other parameters
        are those of `Player` and `Player.begin`."""
        self._declaration, self._weights = resolved.declaration, np.array(resolved.weights)
        self._env, self._actor, self._seed, self._about = env, actor, seed, about
        self._go_on = go_on
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
        while self._played < step and not self.is_over:
            self._step()
            self._played += 1
        self._recording = self._whole() if self.is_over else self._so_far()

    def play_to_end(self) -> None:
        """Play until the episode is over."""
        while not self.is_over:
            self.play_to(len(self._recording) + HORIZON)

    def _step(self) -> None:
        if self._go_on is not None:
            self._go_on()
        seen = copy.deepcopy(before(self._env, self._observations))
        actions = self._actor.act(self._observations)
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

    def _harvest(self) -> None:
        harvest = self._accounting.harvest()
        refuse_non_finite(harvest.ended, self._declaration)
        steps, last = harvest.steps, len(self._actions) - 1
        self._tape.add(
            HostRollout(
                actions=np.stack(self._actions),
                rewards=steps.rewards,
                metrics=steps.metrics,
                values=None,
                distributions=None,
                states=steps.states,
                frames=steps.frames,
                reply_counts=None if steps.replies is None else steps.replies.counts,
                reply_actions=None if steps.replies is None else steps.replies.actions,
                print_steps=steps.prints.steps,
                prints=steps.prints.values,
                final_prints=steps.prints.finals,
            )
        )
        self._actions = []
        if self.is_over:
            self.ended, self.span = harvest.ended, self._tape.cut(last, 0)
