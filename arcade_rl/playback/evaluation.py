"""Measuring a checkpoint over whole episodes, under the game's own rules.

How many episodes each of n environments plays is fixed beforehand: episode j of N is played by
environment j % n, as its episode j // n. Taking the first N episodes that end would favour short
ones. What starts an episode and what is sampled in it follow from (seed, j) alone, however many
environments there are.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from arcade_rl.config import Resolved
from arcade_rl.contracts import Declaration, VectorEnv
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.arrays import actions_for, to_numpy
from arcade_rl.envs.door import open_env
from arcade_rl.envs.harvest import refuse_non_finite
from arcade_rl.envs.seeds import EpisodeSeeds
from arcade_rl.playback.interval import mean_interval
from arcade_rl.policies.actor import Actor, load_acting
from arcade_rl.policies.builtin import BuiltInActor
from arcade_rl.policies.device import find_device
from arcade_rl.policies.opponents import Rival, chosen_opponent, seat_in_evaluation
from arcade_rl.recording.ended import EndedEpisodes
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.evaluations import Evaluation, PlayedEpisodes, Summary

HORIZON = 64
"""Steps between two harvests of ended episodes."""

Progress: TypeAlias = Callable[[int, int], None]
"""A function that is told of the progress: the number of episodes that are played, and of all."""


def evaluate(
    resolved: Resolved,
    checkpoint: Path,
    episodes: int,
    n_envs: int,
    seed: int,
    deterministic: bool,
    device: str = "cpu",
    progress: Progress | None = None,
    opponent: str | Rival | None = None,
) -> Evaluation:
    """Play exactly `episodes` episodes with a checkpoint of the run, `n_envs` at once.

    `opponent`: who sits opposite in a game of more than one seat, the name of one of the game's own
    opponents or a checkpoint; None for the usual opponent. Sampled actions follow from the seed
    too: the same call on the same machine gives the same numbers, whatever `n_envs` is.
    VerificationError if the checkpoint is damaged or does not fit the configuration; UsageError for
    an opponent that cannot sit there.
    """
    chosen = chosen_opponent(resolved, opponent)
    device = find_device(device)
    state = _state_of(checkpoint)
    n_envs = min(n_envs, episodes)
    env = _open(resolved, n_envs)
    try:
        stand = _Stand(resolved, env, seed, deterministic, device, chosen)
        played = stand.play(checkpoint, state, episodes, progress)
    finally:
        env.close()
    return _summarized(
        resolved,
        played,
        run=checkpoint.absolute().parent.parent.name,
        chunk=state.chunk,
        weights_sha256=state.weights_sha256,
        deterministic=deterministic,
        seed=seed,
        n_envs=n_envs,
        device=device,
        stage=state.stage,
        opponent=chosen.name if isinstance(chosen, Rival) else chosen or "",
    )


def evaluate_built_in(
    resolved: Resolved,
    name: str,
    episodes: int,
    n_envs: int,
    seed: int,
    progress: Progress | None = None,
    opponent: str | Rival | None = None,
) -> Evaluation:
    """Play exactly `episodes` episodes with one of the game's own policies on the learner's seat, in
    the last stage of the curriculum. Parameters and errors are those of `evaluate`."""
    chosen = chosen_opponent(resolved, opponent)
    n_envs, declaration = min(n_envs, episodes), resolved.declaration
    stage, seeds = max(len(declaration.stages) - 1, 0), EpisodeSeeds(seed, n_envs)
    env = _open(resolved, n_envs)
    try:
        if chosen is not None:
            env.set_opponents(seat_in_evaluation(resolved, env, chosen, "cpu"))
        actor = BuiltInActor(resolved, name, env, seeds.of)
        played = _play(declaration, env, actor, stage, episodes, seeds, progress)
    finally:
        env.close()
    return _summarized(
        resolved,
        played,
        run=f"{resolved.game.name}:{name}",
        chunk=-1,
        weights_sha256="",
        deterministic=True,
        seed=seed,
        n_envs=n_envs,
        device="cpu",
        stage=stage,
        opponent=chosen.name if isinstance(chosen, Rival) else chosen or "",
    )


def _open(resolved: Resolved, n_envs: int) -> VectorEnv:
    declaration = resolved.declaration
    return open_env(resolved.game, resolved.options, declaration, n_envs, "evaluation")


def _summarized(resolved: Resolved, played: PlayedEpisodes, **known: Any) -> Evaluation:
    """An evaluation with its statistics. `known`: the other fields of `Evaluation`."""
    declaration = resolved.declaration
    return Evaluation(
        **known,
        game=resolved.game.name,
        protocol=declaration.protocol,
        created=time.time(),
        episodes=played,
        raw_return=summarize(played.raw_return),
        length=summarize(played.length, least=0),
        metrics={
            metric.name: summarize(played.metrics[metric.name], metric.least, metric.most)
            for metric in declaration.metrics
        },
    )


def play_all(
    resolved: Resolved,
    paths: Sequence[Path],
    episodes: int,
    seed: int,
    deterministic: bool,
    progress: Progress | None = None,
    opponent: str | Rival | None = None,
) -> list[PlayedEpisodes]:
    """Play the first `episodes` episodes of an evaluation with each of several checkpoints of the
    run, all episodes of a checkpoint at once. Parameters and errors are those of `evaluate`."""
    chosen = chosen_opponent(resolved, opponent)
    env = open_env(resolved.game, resolved.options, resolved.declaration, episodes, "evaluation")
    try:
        stand = _Stand(resolved, env, seed, deterministic, "cpu", chosen)
        found = list[PlayedEpisodes]()
        for path in paths:
            tell = partial(_tell, progress, len(found) * episodes, len(paths) * episodes)
            found.append(stand.play(path, _state_of(path), episodes, tell))
        return found
    finally:
        env.close()


def _tell(progress: Progress | None, before: int, total: int, played: int, _: int) -> None:
    """Report progress when `before` episodes of earlier checkpoints are played."""
    if progress is not None:
        progress(before + played, total)


def _state_of(checkpoint: Path) -> CheckpointState:
    """The state of a verified checkpoint."""
    with checkpoints.unless_gone(checkpoint):
        checkpoints.verify(checkpoint)
        return checkpoints.read_state(checkpoint)


@dataclass(frozen=True, slots=True)
class _Stand:
    """Environments in which checkpoints of a run play, one checkpoint after the other."""

    resolved: Resolved
    env: VectorEnv
    seed: int
    deterministic: bool
    device: str
    opponent: str | Rival | None

    def play(
        self,
        checkpoint: Path,
        state: CheckpointState,
        episodes: int,
        progress: Progress | None,
    ) -> PlayedEpisodes:
        """Play the first `episodes` episodes that the seed gives."""
        resolved, env = self.resolved, self.env
        acting = load_acting(resolved, checkpoint, state, env, self.device)
        if self.opponent is not None:
            env.set_opponents(seat_in_evaluation(resolved, env, self.opponent, self.device))
        seeds = EpisodeSeeds(self.seed, env.num_envs)
        actor = Actor(*acting, env, resolved.config.train, self.deterministic, seeds.of)
        return _play(resolved.declaration, env, actor, state.stage, episodes, seeds, progress)


def summarize(
    values: Sequence[float], least: float | None = None, most: float | None = None
) -> Summary:
    """Mean, its interval, median and range of at least one value. `least` and `most`: see
    `mean_interval`."""
    return Summary(
        mean=statistics.fmean(values),
        interval=mean_interval(values, least=least, most=most),
        median=float(statistics.median(values)),
        minimum=float(min(values)),
        maximum=float(max(values)),
    )


def _play(
    declaration: Declaration,
    env: VectorEnv,
    actor: Actor | BuiltInActor,
    stage: int,
    episodes: int,
    seeds: EpisodeSeeds,
    progress: Progress | None,
) -> PlayedEpisodes:
    """Step all environments until each has played its part of the episodes; episodes beyond that
    are not counted."""
    accounting = EpisodeAccounting(declaration, env.num_envs, HORIZON)
    book = Book(env.num_envs, episodes)
    env.set_stage(stage)
    observations = env.reset(seeds)
    accounting.begin_episodes(stage)
    steps = 0
    while not book.is_full:
        batch = env.step(actions_for(actor.act(observations), observations))
        ended = to_numpy(accounting.record(batch, batch.rewards))
        actor.observe_ends(ended)
        book.count(ended)
        observations = batch.observations
        steps += 1
        if steps % HORIZON == 0 or book.is_full:
            harvest = accounting.harvest().ended
            refuse_non_finite(harvest, declaration)
            book.take(harvest)
            if progress is not None:
                progress(book.played, episodes)
    return book.episodes(declaration)


class Book:
    """Takes ended episodes and keeps those that were asked for."""

    def __init__(self, num_envs: int, episodes: int) -> None:
        env = np.arange(num_envs)
        self._num_envs = num_envs
        self._quotas = episodes // num_envs + (env < episodes % num_envs)  # (N,)
        self._counted = np.zeros(num_envs, np.int64)
        self._taken = np.zeros(num_envs, np.int64)
        self._rows: dict[int, tuple[EndedEpisodes, int]] = {}

    @property
    def is_full(self) -> bool:
        """Whether every environment has played its part."""
        return bool((self._counted >= self._quotas).all())

    @property
    def played(self) -> int:
        """Number of episodes that are played and count."""
        return int(np.minimum(self._counted, self._quotas).sum())

    def count(self, ended: npt.NDArray[np.bool_]) -> None:
        """Count the episodes that ended in one step. `ended`: whether each environment's has. (N,),
        bool."""
        self._counted += ended

    def take(self, harvest: EndedEpisodes) -> None:
        """Keep the episodes of a harvest that belong to the quotas, which say how many episodes of
        each environment count."""
        for row, env in enumerate(harvest.env.tolist()):
            number = int(self._taken[env]) * self._num_envs + env
            if self._taken[env] < self._quotas[env]:
                self._rows[number] = (harvest, row)
            self._taken[env] += 1

    def episodes(self, declaration: Declaration) -> PlayedEpisodes:
        """The episodes in the order of their numbers."""
        rows = [self._rows[number] for number in sorted(self._rows)]
        played = PlayedEpisodes(
            seed=[int(harvest.seed[row]) for harvest, row in rows],
            length=[int(harvest.length[row]) for harvest, row in rows],
            raw_return=[float(harvest.raw_return[row]) for harvest, row in rows],
            truncated=[bool(harvest.truncated[row]) for harvest, row in rows],
            metrics={
                metric.name: [float(harvest.metrics[row, k]) for harvest, row in rows]
                for k, metric in enumerate(declaration.metrics)
            },
        )
        return played
