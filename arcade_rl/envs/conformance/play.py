"""Plays environments with random actions that follow from the seeds of the episodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import (
    Array,
    Game,
    Observations,
    Purpose,
    SeedSource,
    StepBatch,
    VectorEnv,
    gives,
)
from arcade_rl.envs.arrays import actions_for
from arcade_rl.envs.conformance.arrays import as_numpy
from arcade_rl.envs.replies import replies_of
from arcade_rl.envs.seats import Seated, built_in
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.envs.spaces import choices
from arcade_rl.envs.table import Table

Digest: TypeAlias = dict[str, str]
"""Hash of each field of one step of one episode."""

Traces: TypeAlias = dict[int, list[Digest]]
"""Digests of the steps of each episode, by its seed. The first digest is of the reset."""

FIELDS = ("rewards", "terms", "metrics", "terminated", "truncated", "cut", "states", "frames")


class Seeds(SeedSource):
    """Hands out seeds from one list per environment, then hashed seeds, and remembers them all."""

    exact = True

    def __init__(self, queues: Sequence[Sequence[int]], filler: int = 0) -> None:
        self._queues = [list(queue) for queue in queues]
        self._filler = HashedSeeds(filler, len(queues))
        self.handed: list[list[int]] = [[] for _ in queues]

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        seeds = [self._next(int(index)) for index in as_numpy(np.asarray(indices))]
        return np.array(seeds, np.int64)

    def _next(self, index: int) -> int:
        queue = self._queues[index]
        seed = queue.pop(0) if queue else int(self._filler.next(np.array([index]))[0])
        self.handed[index].append(seed)
        return seed


class RandomPlayer:
    """Steps environments, and knows which episode each environment plays."""

    def __init__(self, env: VectorEnv, seeds: Seeds) -> None:
        self.env = env
        self.observations: Observations = env.reset(seeds)
        self._seeds = seeds
        self._played = [0] * env.num_envs
        self._random = [np.random.default_rng(max(seed, 0)) for seed in self.current()]

    def current(self) -> list[int]:
        """Seed of each environment's episode; -1 if the environment asked for none. N numbers."""
        return [
            handed[played] if played < len(handed) else -1
            for handed, played in zip(self._seeds.handed, self._played, strict=True)
        ]

    def choose(self) -> npt.NDArray[Any]:
        """A random action for each environment, which its mask allows if there are masks."""
        space, masks = self.env.action_space, masks_of(self.env)
        rows = [
            choose(space, random, None if masks is None else masks[k])
            for k, random in enumerate(self._random)
        ]
        return np.stack(rows).astype(space.dtype)

    def step(self, actions: npt.NDArray[Any]) -> StepBatch:
        """Step the environments, with actions in their own kind of array."""
        return self.env.step(actions_for(actions, self.observations))

    def advance(self, batch: StepBatch) -> npt.NDArray[np.bool_]:
        """Go on to the next episode where one ended. Returns where one ended, (N,), bool."""
        self.observations = batch.observations
        ended: npt.NDArray[np.bool_] = as_numpy(batch.terminated) | as_numpy(batch.truncated)
        for index in np.flatnonzero(ended):
            self._played[index] += 1
            self._random[index] = np.random.default_rng(max(self.current()[index], 0))
        return ended


def masks_of(env: VectorEnv) -> npt.NDArray[Any] | None:
    """Which actions are allowed now. (N, actions), bool; None for a game without masks."""
    masks = env.action_masks()
    return None if masks is None else as_numpy(masks)


def choose(
    space: spaces.Space[Any], random: np.random.Generator, mask: npt.NDArray[Any] | None
) -> npt.NDArray[Any]:
    """One random action that the mask allows."""
    if sizes := choices(space):
        parts = [None] * len(sizes) if mask is None else np.split(mask, np.cumsum(sizes)[:-1])
        found = [_pick(size, random, part) for size, part in zip(sizes, parts, strict=True)]
        return np.array(found).reshape(space.shape or ())
    if isinstance(space, spaces.Box):
        low = np.where(np.isfinite(space.low), space.low, -1.0)
        high = np.where(np.isfinite(space.high), space.high, 1.0)
        return np.asarray(low + (high - low) * random.random(space.shape), np.float32)
    raise TypeError(f"action space is {space}; expected choices or a Box")


def _pick(size: int, random: np.random.Generator, mask: npt.NDArray[Any] | None) -> int:
    """One of `size` actions, each with equal chances."""
    allowed = np.arange(size) if mask is None else np.flatnonzero(mask)
    return int(allowed[int(random.random() * len(allowed))])


@contextmanager
def opened(game: Game, options: Any, num_envs: int, purpose: Purpose) -> Iterator[VectorEnv]:
    """A game's environments, closed at the end: a simulator may not fit into memory twice."""
    env = game.make_env(options, num_envs, purpose)
    try:
        yield seated(env, game, options)
    finally:
        env.close()


def seated(env: VectorEnv, game: Game, options: Any) -> VectorEnv:
    """The environments, with the game's own opponents on the other seats if there are any."""
    declaration = game.declare(options)
    names = [opponent.name for opponent in declaration.opponents]
    if len(declaration.seats) == 1 or not names or not gives(env, VectorEnv, "set_opponents"):
        return env
    table = Table(env)
    group = [built_in(game, options, names, name) for name in names]
    table.set_opponents(Seated([group], [], env.num_envs))
    return table


def trace(env: VectorEnv, queues: Sequence[Sequence[int]], steps: int) -> Traces:
    """Play episodes of these seeds, one queue per environment, and digest every step."""
    player = RandomPlayer(env, Seeds(queues))
    traces: Traces = {}
    _begin(traces, player, range(env.num_envs))
    for _ in range(steps):
        seeds = player.current()
        batch = player.step(player.choose())
        steps_of = [digest_step(batch, index) for index in range(env.num_envs)]
        ended = player.advance(batch)
        for index, seed in enumerate(seeds):
            last = batch.final_observations if ended[index] else batch.observations
            steps_of[index]["observation"] = hash_row(last, index)
            traces[seed].append(steps_of[index])
        _begin(traces, player, np.flatnonzero(ended))
    return traces


def _begin(
    traces: Traces, player: RandomPlayer, indices: Sequence[int] | npt.NDArray[np.intp]
) -> None:
    for index in indices:
        digest = {"first observation": hash_row(player.observations, int(index))}
        traces[player.current()[index]] = [digest]


def digest_step(batch: StepBatch, index: int) -> Digest:
    fields = {field: getattr(batch, field) for field in FIELDS}
    hashes = {
        field: "none" if value is None else hash_row(value, index)
        for field, value in fields.items()
    }
    answers = replies_of(batch, index)
    return {**hashes, "replies": "none" if answers is None else hash_bytes(answers.tobytes())}


def hash_row(value: Array | dict[str, Array] | None, index: int) -> str:
    """Hash of one environment's part of an array, or of a dict of arrays."""
    if value is None:
        return "none"
    if isinstance(value, dict):
        return "".join(hash_row(value[key], index) for key in sorted(value))
    return hash_bytes(as_numpy(value)[index].tobytes())


def hash_bytes(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()
