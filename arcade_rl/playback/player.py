"""A checkpoint that plays, and its episodes, while they are played and afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from stable_baselines3.common.policies import BasePolicy

from arcade_rl.config import Resolved
from arcade_rl.contracts import VectorEnv
from arcade_rl.playback.game import PlayedGame
from arcade_rl.playback.live import LivePerformance
from arcade_rl.playback.stock import Stock, env_kind
from arcade_rl.policies.actor import Actor, Spaced, load_acting
from arcade_rl.policies.device import find_device
from arcade_rl.policies.normalize import ObservationNormalizer
from arcade_rl.policies.opponents import Rival, chosen_opponent, seat_in_evaluation
from arcade_rl.policies.taps import Taps
from arcade_rl.recording.origin import unplayed
from arcade_rl.recording.recording import Metadata
from arcade_rl.runs import checkpoints


class Player:
    """A verified checkpoint of a run, which plays episodes. Close the player after use."""

    def __init__(
        self,
        resolved: Resolved,
        checkpoint: Path,
        device: str = "cpu",
        threads: int = 0,
        opponent: str | Rival | None = None,
        stock: Stock | None = None,
    ) -> None:
        """`threads`: number of torch's threads; 0 for as many as in training. `opponent`: as in an
        evaluation. `stock`: what lends the environment; None for one that is opened and closed here.
        VerificationError if the checkpoint is damaged or does not fit the
        configuration."""
        chosen = chosen_opponent(resolved, opponent)
        self.opponent = chosen.name if isinstance(chosen, Rival) else chosen or ""
        """Name of whoever sits opposite; "" in a game of one seat."""
        checkpoints.verify(checkpoint)
        self.state = checkpoints.read_state(checkpoint)
        self.run = checkpoint.absolute().parent.parent.name
        self._resolved = resolved
        played = PlayedGame(resolved.game, resolved.options, resolved.declaration)
        self._stock, self._kind = stock or Stock(), env_kind(played, "evaluation")
        self._env = self._stock.env(played, "evaluation")
        self._stock.spaces(self._kind, lambda: self._env)
        self._performance: LivePerformance | None = None
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
        """Leave the environment."""
        if self._performance is not None and self._performance.has_failed:
            self._env.close()
        else:
            self._stock.give_back(self._kind, self._env)

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
        self._performance = LivePerformance(self._resolved, self._env, actor, seed, about, go_on)
        return self._performance

    def _about(self, number: int, deterministic: bool) -> Metadata:
        """What is known of an episode before it is played."""
        state = self.state
        return replace(
            unplayed(self._resolved, self.run, state.stage),
            number=number,
            chunk=state.chunk,
            step_start=state.steps,
            step_end=state.steps,
            progress=state.progress,
            checkpoint=state.chunk,
            mode="deterministic" if deterministic else "sampled",
            opponent=self.opponent,
        )


def load_taps(
    resolved: Resolved,
    checkpoint: Path,
    spaces: Spaced,
    threads: int = 0,
    stock: Stock | None = None,
) -> Taps:
    """What looks into the policy of a checkpoint of the run. `spaces`: those of an environment of its
    game. `stock`: what keeps the policy for others who look; None for nothing. Close the taps after
    use. Errors are those of `Player`."""

    def load() -> tuple[BasePolicy, ObservationNormalizer]:
        checkpoints.verify(checkpoint)
        state = checkpoints.read_state(checkpoint)
        return load_acting(resolved, checkpoint, state, spaces, "cpu", threads)

    what = "policy", checkpoint.absolute(), checkpoints.identity(checkpoint)
    policy, normalizer = (stock or Stock()).remember(what, load)
    return Taps(policy, normalizer, spaces.observation_space, spaces.action_space)


def load_agent(
    resolved: Resolved, checkpoint: Path, env: VectorEnv, seed: int, threads: int = 0
) -> Actor:
    """A checkpoint's policy that samples its actions in an environment whose open episode others
    have begun. Errors are those of `Player`."""
    checkpoints.verify(checkpoint)
    state, seeds = checkpoints.read_state(checkpoint), np.array([seed])
    policy, normalizer = load_acting(resolved, checkpoint, state, env, "cpu", threads)
    return Actor(policy, normalizer, env, resolved.config.train, False, lambda _: seeds)
