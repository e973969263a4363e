"""Checks that a training can be cut anywhere: open episodes go on alike in other environments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import (
    Declaration,
    Game,
    Observations,
    StepBatch,
    VectorEnv,
)
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.arrays import WeightedSum, actions_for
from arcade_rl.envs.conformance.arrays import as_numpy
from arcade_rl.envs.conformance.play import (
    Digest,
    choose,
    digest_step,
    hash_row,
    masks_of,
    opened,
)
from arcade_rl.envs.harvest import OpenEpisodes
from arcade_rl.envs.reopening import Causes, reopen, save
from arcade_rl.envs.replies import replies_of
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.envs.table import Table
from arcade_rl.errors import DivergenceError

NUM_ENVS = 3
SEEDS = 41
MOST_STEPS = 200
"""Most steps before the cut, and after it. Playing an episode again takes its time again."""


class Caused(NamedTuple):
    """One step of one environment."""

    action: npt.NDArray[Any]
    reward: np.float32
    replies: npt.NDArray[Any] | None
    """What opponents answered; None in a game of one seat."""


@dataclass(slots=True)
class Past:
    """The state at a cut, and how the episodes went on."""

    open: OpenEpisodes
    causes: list[Causes]
    saved: Mapping[str, npt.NDArray[Any]]
    actions: list[npt.NDArray[Any]] = field(default_factory=list)
    """Actions of each step after the cut. (N, ...) each."""
    digests: list[list[Digest]] = field(default_factory=list)
    """Digests of each step after the cut, one per environment."""


def cut_faults(game: Game, options: Any, declaration: Declaration, steps: int) -> Iterator[str]:
    """Faults of going on after a cut, in every way that the declaration promises."""
    length = min(steps // 2, MOST_STEPS)
    with opened(game, options, NUM_ENVS, "training") as env:
        past = _play(env, declaration, length)
    plays_again = declaration.replay == "exact" or declaration.reruns
    ways: dict[str, Sequence[Causes] | Mapping[str, npt.NDArray[Any]]] = {}
    if plays_again:
        ways["played again from their seeds and actions, with reset(seeds, rows)"] = past.causes
    if declaration.saved_state != "none":
        yield from _saved_faults(past.saved)
        ways["saved and restored"] = past.saved
    for way, source in ways.items():
        is_exact = source is past.causes or declaration.saved_state == "exact"
        with opened(game, options, NUM_ENVS, "training") as env:
            what = f"open episodes that are {way}"
            first, fault = _reopened(env, declaration, past, source, is_exact)
            if fault:
                yield f"{what} are others: {fault}"
            elif is_exact and plays_again:  # otherwise like actions may give another future
                yield from _future_faults(env, past, first, what)


def _play(env: VectorEnv, declaration: Declaration, length: int) -> Past:
    """Play up to a cut and beyond, with random actions."""
    random = np.random.default_rng(SEEDS)
    accounting = EpisodeAccounting(declaration, NUM_ENVS, length, has_prints=True)
    accounting.begin_episodes(0)
    weighted = WeightedSum([1.0] * len(declaration.terms))
    first = env.reset(HashedSeeds(SEEDS, NUM_ENVS))
    played: list[list[Caused]] = [[] for _ in range(NUM_ENVS)]
    for _ in range(length):
        actions = _choose(env, random)
        batch = env.step(actions_for(actions, first))
        ended = as_numpy(accounting.record(batch, weighted(batch.terms)))
        for index, steps in enumerate(played):
            steps.append(
                Caused(actions[index], as_numpy(batch.rewards)[index], replies_of(batch, index))
            )
            if ended[index]:
                steps.clear()
    accounting.harvest()
    open_ = accounting.open_episodes()
    if isinstance(env, Table):
        open_ = replace(open_, opponent=env.company.who.copy())
    past = Past(
        open_,
        [_causes(steps, env) for steps in played],
        save(env, declaration),
    )
    for _ in range(length):
        past.actions.append(_choose(env, random))
        past.digests.append(_digests(env.step(actions_for(past.actions[-1], first))))
    return past


def _choose(env: VectorEnv, random: np.random.Generator) -> npt.NDArray[Any]:
    masks = masks_of(env)
    rows = [
        choose(env.action_space, random, None if masks is None else masks[k])
        for k in range(NUM_ENVS)
    ]
    return np.stack(rows).astype(env.action_space.dtype)


def _causes(steps: list[Caused], env: VectorEnv) -> Causes:
    shape, dtype = env.action_space.shape or (), env.action_space.dtype
    actions = np.array([step.action for step in steps], dtype).reshape(len(steps), *shape)
    answers = [step.replies for step in steps if step.replies is not None]
    rewards = np.array([step.reward for step in steps], np.float32)
    return Causes(actions, rewards, {}, np.concatenate(answers) if answers else None)


def _digests(batch: StepBatch) -> list[Digest]:
    return [
        {
            **digest_step(batch, index),
            "observations": hash_row(batch.observations, index),
            "episode_seeds": hash_row(batch.episode_seeds, index),
        }
        for index in range(NUM_ENVS)
    ]


def _saved_faults(saved: Mapping[str, npt.NDArray[Any]]) -> Iterator[str]:
    for name, array in saved.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            yield f"save gives {name} as {type(array).__name__}; expected numpy arrays of numbers"
        elif array.shape[:1] != (NUM_ENVS,):
            yield f"save gives {name} of shape {array.shape}; expected {NUM_ENVS} rows"


def _reopened(
    env: VectorEnv,
    declaration: Declaration,
    past: Past,
    source: Sequence[Causes] | Mapping[str, npt.NDArray[Any]],
    is_exact: bool,
) -> tuple[Observations, str]:
    """(the observations now, why the episodes differ, or "")."""
    try:
        seeds = HashedSeeds(SEEDS, NUM_ENVS)
        return reopen(env, declaration, past.open, source, is_exact, seeds, 0), ""
    except DivergenceError as error:
        return None, str(error)


def _future_faults(env: VectorEnv, past: Past, first: Observations, what: str) -> Iterator[str]:
    """The first step after the cut that gives something else than before."""
    for step, (actions, expected) in enumerate(zip(past.actions, past.digests, strict=True), 1):
        found = _digests(env.step(actions_for(actions, first)))
        for index, (then, now) in enumerate(zip(expected, found, strict=True)):
            if now != then:
                names = ", ".join(name for name in then if now[name] != then[name])
                yield (
                    f"{what} go on otherwise: environment {index} differs at step {step} after the "
                    f"cut in {names}; expected the same"
                )
                return
