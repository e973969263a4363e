"""A checkpoint that plays: its episodes as recordings, and what its policy does with an observation."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from arcade_rl.config import Resolved
from arcade_rl.contracts import Observations, StepBatch, VectorEnv
from arcade_rl.envs.accounting import EpisodeAccounting, refuse_non_finite
from arcade_rl.envs.arrays import WeightedSum, actions_for, observations_to_numpy, to_numpy
from arcade_rl.envs.door import open_env
from arcade_rl.envs.fingerprints import row_of
from arcade_rl.envs.seeds import EpisodeSeeds, GivenSeeds
from arcade_rl.policies.actor import Actor, load_acting
from arcade_rl.policies.device import find_device
from arcade_rl.policies.opponents import Rival, chosen_opponent, seat_in_evaluation
from arcade_rl.policies.taps import Taps
from arcade_rl.recording.ended import of_episode
from arcade_rl.recording.origin import origin, stage_name
from arcade_rl.recording.recording import Metadata, Recording, Start
from arcade_rl.recording.tape import Rollout, Tape
from arcade_rl.runs import checkpoints

HORIZON = 1024
"""Steps between two harvests of what the environment gave."""


@dataclass(frozen=True, slots=True)
class Before:
    """What an agent saw before a step."""

    observation: Observations
    """Of one environment."""
    masks: npt.NDArray[np.bool_] | None
    """Which actions were allowed, where the game forbids some. (actions,)"""


@dataclass(frozen=True, slots=True)
class Performance:
    """An episode that can be shown."""

    recording: Recording
    seen: list[Before] | None = None
    """Before each step, where playing the game again would not give it. T of them."""
    terms: npt.NDArray[np.float32] | None = None
    """Every reward term of each step, unweighted, in the order of declaration; None as above. (T, K)"""


def before(env: VectorEnv, observations: Observations) -> Before:
    """What the agent of the first environment sees. Arrays may be the environment's own."""
    masks = env.action_masks()
    allowed = None if masks is None else to_numpy(masks)[0]
    return Before(row_of(observations_to_numpy(observations), 0), allowed)


def episode_seeds(seed: int, episodes: int) -> list[int]:
    """Seeds of the first episodes that an evaluation with `seed` plays."""
    seeds = EpisodeSeeds(seed, 1)
    return [int(seeds.next(np.array([0]))[0]) for _ in range(episodes)]


class Player:
    """A verified checkpoint of a run. Close it after use."""

    def __init__(
        self,
        resolved: Resolved,
        checkpoint: Path,
        device: str = "cpu",
        threads: int = 0,
        opponent: str | Rival | None = None,
    ) -> None:
        """`threads`: of torch; 0 for as many as in training. `opponent`: as in an evaluation.
        VerificationError if the checkpoint is
        damaged or does not fit the configuration."""
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
        """Looks into the policy; to be closed after use."""
        env = self._env
        return Taps(self.policy, self.normalizer, env.observation_space, env.action_space)

    def play(
        self, seed: int, number: int, deterministic: bool, go_on: Callable[[], None] | None = None
    ) -> Performance:
        """The episode that this seed starts, of which sampled actions take their randomness too.
        `number`: what the recording calls it. `go_on` is called before every step, and may raise."""
        declaration, env, began = self._resolved.declaration, self._env, time.time()
        train, seeds = self._resolved.config.train, np.array([seed])
        actor = Actor(self.policy, self.normalizer, env, train, deterministic, lambda _: seeds)
        env.set_stage(self.state.stage)
        rollouts = _Rollouts(self._resolved, env, self.state.stage)
        observations = env.reset(GivenSeeds([[seed, seed]]))  # the second one is not played
        seen, terms = list[Before](), list[npt.NDArray[np.float32]]()
        has_states = declaration.replay == "states"
        while not rollouts.is_over:
            if go_on is not None:
                go_on()
            if has_states:
                seen.append(copy.deepcopy(before(env, observations)))
            actions = actor.act(observations)
            batch = env.step(actions_for(actions, observations))
            rollouts.note(actions, batch)
            if has_states:
                terms.append(to_numpy(batch.terms)[0].copy())
            observations = batch.observations
        ended, span = rollouts.ended, rollouts.span
        metadata = Metadata(
            **self._shared(number, deterministic, began),
            **of_episode(ended, 0, declaration, lambda _: self.opponent),
        )
        recording = span.recording(metadata, Start(int(ended.seed[0])))
        if not has_states:
            return Performance(recording)
        return Performance(recording, seen, np.stack(terms))

    def _shared(self, number: int, deterministic: bool, began: float) -> dict[str, Any]:
        state = self.state
        return {
            **origin(self._resolved),
            "run": self.run,
            "number": number,
            "chunk": state.chunk,
            "step_start": state.steps,
            "step_end": state.steps,
            "progress": state.progress,
            "purpose": "evaluation",
            "checkpoint": state.chunk,
            "stage_name": stage_name(self._resolved, state.stage),
            "mode": "deterministic" if deterministic else "sampled",
            "reasons": [],
            "started": began,
            "ended": time.time(),
        }


class _Rollouts:
    """What one environment gives until its first episode ends."""

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
            Rollout(
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
