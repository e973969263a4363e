"""Checks that environments step as the contract says: spaces, shapes, dtypes, seeds, stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from arcade_rl.contracts import (
    Array,
    Declaration,
    Game,
    Observations,
    Purpose,
    StepBatch,
    VectorEnv,
)
from arcade_rl.envs.arrays import WeightedSum
from arcade_rl.envs.capabilities import environment_lacks
from arcade_rl.envs.conformance.arrays import array_faults, as_numpy, observation_faults
from arcade_rl.envs.conformance.play import RandomPlayer, Seeds, opened
from arcade_rl.envs.spaces import (
    action_space_faults,
    allowed,
    choices,
    count_names,
    observation_space_faults,
)
from arcade_rl.envs.table import Table

Rule: TypeAlias = "Callable[[SeenStep], Iterator[str]]"

NUM_ENVS = 3
STAGE_STEPS = 50
STATE_DTYPES = ("float32", "float64", "uint8")


def environment_faults(game: Game, options: Any, declaration: Declaration) -> Iterator[str]:
    """Faults that show before the first step."""
    with opened(game, options, NUM_ENVS, "training") as env:
        if env.num_envs != NUM_ENVS:
            yield f"num_envs is {env.num_envs}; expected the {NUM_ENVS} that were asked for"
        yield from _action_faults(env, declaration)
        yield from _feature_faults(env, declaration)
        yield from observation_space_faults(env.observation_space)
        yield from environment_lacks(env.game_env if isinstance(env, Table) else env, declaration)
        observations = env.reset(Seeds([[]] * env.num_envs))
        yield from observation_faults(
            "observations", env.observation_space, observations, np.arange(NUM_ENVS), NUM_ENVS
        )


def step_faults(
    game: Game, options: Any, declaration: Declaration, purpose: Purpose, steps: int
) -> Iterator[str]:
    """Faults of `steps` random steps."""
    with opened(game, options, NUM_ENVS, purpose) as env:
        yield from _walk(env, declaration, purpose, steps)


def stage_faults(game: Game, options: Any, declaration: Declaration) -> Iterator[str]:
    """Faults of some steps in every stage."""
    with opened(game, options, NUM_ENVS, "training") as env:
        for number, stage in enumerate(declaration.stages):
            env.set_stage(number)
            for fault in _walk(env, declaration, "training", STAGE_STEPS):
                yield f"stage {stage.name}: {fault}"


def _action_faults(env: VectorEnv, declaration: Declaration) -> Iterator[str]:
    faults = list(action_space_faults(env.action_space))
    yield from faults
    names, expected = len(declaration.actions), 0 if faults else count_names(env.action_space)
    if not faults and names != expected:
        yield (
            f"{names} actions are declared; expected {expected} names for the action space "
            f"{env.action_space}"
        )


def _feature_faults(env: VectorEnv, declaration: Declaration) -> Iterator[str]:
    shape, names = env.observation_space.shape, declaration.features
    if names and shape != (len(names),):
        yield f"an observation has shape {shape}; {len(names)} features are declared"
    if len(set(names)) != len(names):
        yield f"features is {names!r}; expected names that differ"


@dataclass(frozen=True, slots=True)
class SeenStep:
    """One step, and what the rules compare it with."""

    batch: StepBatch
    env: VectorEnv
    declaration: Declaration
    purpose: Purpose
    seeds: list[int]
    """Seed that was handed out for each environment's episode. N numbers."""
    before: Observations
    """Copies of the observations before the step."""
    states_before: Array | None
    """The states that the step before gave; None if it gave none."""


def _walk(env: VectorEnv, declaration: Declaration, purpose: Purpose, steps: int) -> Iterator[str]:
    """Faults of random steps. A rule that was broken once is not checked again."""
    player = RandomPlayer(env, Seeds([[]] * env.num_envs))
    live, states = list(RULES), None
    for step in range(1, steps + 1):
        seeds, before = player.current(), deepcopy(player.observations)
        batch = player.step(player.choose())
        seen = SeenStep(batch, env, declaration, purpose, seeds, before, states)
        for rule in tuple(live):
            faults = _ask(rule, seen, may_raise=_array_rule not in live)
            if faults:
                live.remove(rule)
            yield from (f"step {step}: {fault}" for fault in faults)
        states = batch.states
        player.advance(batch)


def _ask(rule: Rule, seen: SeenStep, may_raise: bool) -> list[str]:
    """The faults that a rule finds. With `may_raise`, a rule may fail on arrays of a wrong shape,
    which are reported already."""
    try:
        return list(rule(seen))
    except (ValueError, TypeError, IndexError):
        if may_raise:
            return []
        raise


def _array_rule(seen: SeenStep) -> Iterator[str]:
    n, batch = seen.env.num_envs, seen.batch
    yield from array_faults("rewards", batch.rewards, (n,), np.float32)
    yield from array_faults("terms", batch.terms, (n, len(seen.declaration.terms)), np.float32)
    yield from array_faults(
        "metrics", batch.metrics, (n, len(seen.declaration.metrics)), np.float32
    )
    yield from array_faults("terminated", batch.terminated, (n,), np.bool_)
    yield from array_faults("truncated", batch.truncated, (n,), np.bool_)
    yield from array_faults("episode_seeds", batch.episode_seeds, (n,), np.int64)


def _observation_rule(seen: SeenStep) -> Iterator[str]:
    n = seen.env.num_envs
    yield from observation_faults(
        "observations", seen.env.observation_space, seen.batch.observations, np.arange(n), n
    )


def _final_rule(seen: SeenStep) -> Iterator[str]:
    final = seen.batch.final_observations
    ended = np.flatnonzero(as_numpy(seen.batch.terminated) | as_numpy(seen.batch.truncated))
    if len(ended) and final is None:
        yield "final_observations is None where an episode ended; expected its last observation"
    elif final is not None and not len(ended):
        yield "final_observations is given where no episode ended; expected None"
    elif final is not None:
        yield from observation_faults(
            "final_observations", seen.env.observation_space, final, ended, seen.env.num_envs
        )


def _cut_rule(seen: SeenStep) -> Iterator[str]:
    cut = seen.batch.cut
    if cut is not None and seen.purpose == "evaluation":
        yield "cut is given in evaluation; expected None, as only learners are cut"
    elif cut is not None:
        yield from array_faults("cut", cut, (seen.env.num_envs,), np.bool_)


def _seed_rule(seen: SeenStep) -> Iterator[str]:
    told = as_numpy(seen.batch.episode_seeds).tolist()
    if told != seen.seeds:
        yield (
            f"episode_seeds is {told}; expected {seen.seeds}, the seeds that were handed out "
            "(-1: the episode began without asking for one)"
        )


def _frame_rule(seen: SeenStep) -> Iterator[str]:
    frames, timed = seen.batch.frames, seen.declaration.timed
    if (frames is None) == timed:
        given = "None" if frames is None else "given"
        yield f"frames is {given}; expected them where steps are timed, which is {timed}"
    if frames is None:
        return
    faults = list(array_faults("frames", frames, (seen.env.num_envs,), np.int64))
    yield from faults
    if not faults and (as_numpy(frames) < 1).any():
        yield f"frames is {as_numpy(frames).tolist()}; expected 1 or more of every step"


def _company_rule(seen: SeenStep) -> Iterator[str]:
    """Opponents must be told the seeds that the batch reports."""
    if not isinstance(seen.env, Table):
        return
    ended = as_numpy(seen.batch.terminated) | as_numpy(seen.batch.truncated)
    told, reported = seen.env.company.save()["seeds"], as_numpy(seen.batch.episode_seeds)
    if (told[~ended] != reported[~ended]).any():
        yield (
            f"opponents were told that the episodes {told.tolist()} began; episode_seeds is "
            f"{reported.tolist()}: expected begin at the start of every episode, with its seed"
        )


def _weight_rule(seen: SeenStep) -> Iterator[str]:
    weights = np.array([term.weight for term in seen.declaration.terms])
    terms = as_numpy(seen.batch.terms)
    exact = terms.astype(np.float64) @ weights
    learned = as_numpy(WeightedSum(weights.tolist())(seen.batch.terms))
    margin = 1e-5 * (1.0 + np.abs(terms.astype(np.float64)) @ np.abs(weights))
    if not (np.abs(exact - learned) <= margin).all():
        yield f"the shaped reward is {learned}, the weighted terms make {exact}; expected the same"


def _mask_rule(seen: SeenStep) -> Iterator[str]:
    sizes = choices(seen.env.action_space)
    shape = (seen.env.num_envs, sum(sizes))
    masks = seen.env.action_masks()
    if (masks is None) == seen.declaration.masks:
        given = "None" if masks is None else "given"
        yield f"action_masks is {given}; expected masks where they are declared, and nowhere else"
    if masks is None:
        return
    faults = list(array_faults("action_masks", masks, shape, np.bool_))
    yield from faults
    if not faults and not allowed(as_numpy(masks), sizes).all():
        yield "action_masks forbids every action of an environment; expected at least one allowed"


def _state_rule(seen: SeenStep) -> Iterator[str]:
    states, replay = seen.batch.states, seen.declaration.replay
    if (states is None) == (replay == "states"):
        given = "None" if states is None else "given"
        yield f'states is {given}; expected them where replay is "states", which is "{replay}"'
    if states is None:
        return
    array, n = as_numpy(states), seen.env.num_envs
    if array.dtype not in STATE_DTYPES:
        yield f"states has dtype {array.dtype}; expected one of {', '.join(STATE_DTYPES)}"
    shape = (n, array.shape[1]) if array.ndim == 2 else (n, 1)
    if seen.states_before is not None:
        shape = as_numpy(seen.states_before).shape
    yield from array_faults("states", states, shape, array.dtype)


def _stack_rule(seen: SeenStep) -> Iterator[str]:
    stack = seen.declaration.frame_stack
    if stack == 1:
        return
    shape = seen.env.observation_space.shape or ()
    if len(shape) < 2 or shape[0] != stack:
        yield f"frame_stack is {stack}; the observation has shape {shape}"
        return
    goes_on = ~(as_numpy(seen.batch.terminated) | as_numpy(seen.batch.truncated))
    before, now = as_numpy(seen.before), as_numpy(seen.batch.observations)
    if not np.array_equal(before[goes_on, 1:], now[goes_on, :-1]):
        yield "older frames are not those of the observation before, moved up by one (frame_stack)"


RULES: tuple[Rule, ...] = (
    _array_rule,
    _observation_rule,
    _final_rule,
    _cut_rule,
    _seed_rule,
    _weight_rule,
    _mask_rule,
    _state_rule,
    _frame_rule,
    _company_rule,
    _stack_rule,
)
