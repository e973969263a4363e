"""Checks that a seed and actions give the same episode wherever that episode is played."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Game, SeedSource, StepBatch, VectorEnv
from arcade_rl.envs.arrays import actions_for
from arcade_rl.envs.conformance.arrays import as_numpy
from arcade_rl.envs.conformance.play import (
    Digest,
    RandomPlayer,
    Seeds,
    Traces,
    choose,
    digest_step,
    hash_row,
    masks_of,
    opened,
    trace,
)
from arcade_rl.envs.conformance.screen import frame_hashes
from arcade_rl.envs.seeds import GivenSeeds, HashedSeeds

QUEUES = ((11, 13), (12, 14))
"""Seeds of the episodes of the reference's two environments."""
OTHER_NUMBER = ((14,), (12, 13), (11,))
OTHER_ORDER = ((12, 11), (14, 13))
HISTORY = ((21, 22), (23, 24))
SHOWN_STEPS = 50
TIMEOUT_S = 1800.0


def reference(game: Game, options: Any, steps: int) -> Traces:
    """The reference episodes, with which all others are compared."""
    with opened(game, options, len(QUEUES), "training") as env:
        return trace(env, QUEUES, steps)


def number_faults(game: Game, options: Any, steps: int, expected: Traces) -> Iterator[str]:
    """Faults of the reference episodes at other places, among another number of environments."""
    with opened(game, options, len(OTHER_NUMBER), "training") as env:
        seen = trace(env, OTHER_NUMBER, steps)
    yield from differences(expected, seen, f"among {len(OTHER_NUMBER)} environments")


def history_faults(game: Game, options: Any, steps: int, expected: Traces) -> Iterator[str]:
    """Faults of the reference episodes after other episodes, the last of which is broken off."""
    with opened(game, options, len(HISTORY), "training") as env:
        player = RandomPlayer(env, Seeds(HISTORY))
        for _ in range(max(1, steps // 4)):
            player.advance(player.step(player.choose()))
        seen = trace(env, OTHER_ORDER, steps)
    yield from differences(expected, seen, "after other episodes")


def repeat_faults(game: Game, options: Any, steps: int, expected: Traces) -> Iterator[str]:
    """Faults of the reference episodes when they are played once more."""
    yield from differences(expected, reference(game, options, steps), "when played once more")


def named_faults(game: Game, options: Any, steps: int, _: Traces) -> Iterator[str]:
    """Faults of episodes whose seeds the environment chose, when they are played from the seeds
    that it reported."""
    with opened(game, options, 2, "training") as env:
        episodes = _record(env, HashedSeeds(31, 2), steps)
    with opened(game, options, 1, "training") as env:
        for seed, actions, expected in episodes:
            first = env.reset(GivenSeeds([[seed] * (len(actions) + 1)]))
            rows = [actions_for(action[None], first) for action in actions]
            seen = [_digest_whole(env.step(row), 0) for row in rows]
            if seen != expected:
                at = next(
                    k
                    for k, pair in enumerate(zip(expected, seen, strict=True))
                    if pair[0] != pair[1]
                )
                yield (
                    f"the episode that was reported as seed {seed} differs at step {at + 1} when it "
                    "is started from that seed; expected the same"
                )


def _record(
    env: VectorEnv, seeds: SeedSource, steps: int
) -> list[tuple[int, list[npt.NDArray[Any]], list[Digest]]]:
    """(reported seed, actions, digests) of the first whole episodes, six at most."""
    random = np.random.default_rng(0)
    first = env.reset(seeds)
    open_: list[tuple[list[npt.NDArray[Any]], list[Digest]]] = [([], []) for _ in range(2)]
    episodes: list[tuple[int, list[npt.NDArray[Any]], list[Digest]]] = []
    for _ in range(steps):
        masks = masks_of(env)
        actions = [
            choose(env.action_space, random, None if masks is None else masks[k]) for k in range(2)
        ]
        rows = np.stack(actions).astype(env.action_space.dtype)
        batch = env.step(actions_for(rows, first))
        ended = as_numpy(batch.terminated) | as_numpy(batch.truncated)
        for index, (played, digests) in enumerate(open_):
            played.append(actions[index].astype(env.action_space.dtype))
            digests.append(_digest_whole(batch, index))
            if ended[index]:
                episodes.append((int(as_numpy(batch.episode_seeds)[index]), played, digests))
                open_[index] = ([], [])
    return episodes[:6]


def _digest_whole(batch: StepBatch, index: int) -> Digest:
    """Digest of a step and the observation after it, which at an end is the episode's last one."""
    ended = (as_numpy(batch.terminated) | as_numpy(batch.truncated))[index]
    last = batch.final_observations if ended else batch.observations
    return {**digest_step(batch, index), "observation": hash_row(last, index)}


def process_faults(game: Game, options: Any, steps: int, expected: Traces) -> Iterator[str]:
    """Faults of the reference episodes in another process, which has no display."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digests.json"
        fault = _run_elsewhere(game, options, steps, path)
        if fault:
            yield fault
            return
        told = json.loads(path.read_text(encoding="utf-8"))
    seen = {int(seed): digests for seed, digests in told["episodes"].items()}
    yield from differences(expected, seen, "in another process")
    if told["frames"] != frame_hashes(game, options, SHOWN_STEPS):
        yield "the screen draws other frames in another process; expected the same"


def digests(game: Game, options: Any, steps: int) -> dict[str, object]:
    """Digests of episodes and of frames, for `process_faults` to compare."""
    episodes = reference(game, options, steps)
    return {"episodes": episodes, "frames": frame_hashes(game, options, SHOWN_STEPS)}


def differences(expected: Traces, seen: Traces, where: str) -> Iterator[str]:
    """How many of the episodes that both played differ, and where the first difference is."""
    both = [seed for seed in expected if seed in seen]
    found = [
        f"seed {seed} at step {step} in {', '.join(_fields(one, other))}"
        for seed in both
        if (difference := _first_difference(expected[seed], seen[seed])) is not None
        for step, one, other in [difference]
    ]
    if not both:
        yield f"none of the episodes of seeds {list(expected)} was played {where}"
    if found:
        yield (
            f"{len(found)} of {len(both)} episodes differ {where}, {found[0]}; "
            "expected the same for the same seed and actions"
        )


def _first_difference(
    expected: list[Digest], seen: list[Digest]
) -> tuple[int, Digest, Digest] | None:
    pairs = enumerate(zip(expected, seen, strict=False))
    return next(((step, one, other) for step, (one, other) in pairs if one != other), None)


def _fields(one: Digest, other: Digest) -> list[str]:
    return [field for field in one if one[field] != other.get(field)]


def _run_elsewhere(game: Game, options: Any, steps: int, path: Path) -> str:
    """Let another process write digests to `path`. Returns its fault, or an empty string."""
    table = options.model_dump_json()
    command = [
        sys.executable,
        "-m",
        __package__ or "",
        "digests",
        game.name,
        table,
        str(steps),
        str(path),
    ]
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return f"another process needs over {TIMEOUT_S:.0f} s for {steps} steps"
    if done.returncode == 0 and path.exists():
        return ""
    said = (done.stderr.strip().splitlines() or ["nothing on stderr"])[-1]
    return f"another process without a display exits with {done.returncode}: {said}"
