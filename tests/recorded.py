"""Episodes for the tests of recording, made of random numbers or played."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from gymnasium import spaces

from arcade_rl.contracts import Game, Purpose, StepBatch
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.recording.recording import Fingerprints, Metadata, Recording, Start

METADATA = Metadata(
    run="first",
    number=123,
    chunk=4,
    environment=7,
    step_start=1000,
    step_end=9000,
    progress=0.25,
    game="toy",
    options={"observation": "vector", "length": 20, "masks": False, "nothing": None},
    purpose="training",
    rom_sha256="ab" * 32,
    versions={"arcade-rl": "0.1.0", "ale-py": "0.12.1"},
    config_sha256="cd" * 32,
    checkpoint=3,
    stage=1,
    stage_name="hard",
    length=0,
    raw_return=12.0,
    shaped_return=3.5,
    truncated=True,
    metrics={"score": 12.0, "speed": 0.37},
    terms={"score_sign": 5.0},
    reasons=["all", "record"],
    started=1.5e9,
    ended=1.5e9 + 60,
)


def recording(steps: int = 100, seed: int = 0, number: int = 123, **parts: Any) -> Recording:
    """An episode of four actions, a whole-numbered metric and another. `parts` replace its fields."""
    rng = np.random.default_rng(seed)
    rewards = np.where(rng.random(steps) < 0.1, rng.choice([1.0, 4.0, -7.0], steps), 0.0)
    metrics = np.column_stack([np.cumsum(rewards), 0.37 * np.cumsum(rng.random(steps) < 0.05)])
    positions = np.arange(0, steps + 1, 32)
    found = Recording(
        replace(METADATA, length=steps, number=number),
        Start(seed),
        rng.integers(0, 4, steps),
        rewards.astype(np.float32),
        metrics.astype(np.float32),
        Fingerprints(positions, rng.integers(0, 2**32, len(positions), dtype=np.uint32)),
        rng.normal(size=steps).astype(np.float16),
        rng.normal(size=(steps, 4)).astype(np.float16),
    )
    return replace(found, **parts)


def played(
    game: Game, options: Any, seed: int, purpose: Purpose = "training", stage: int = 0
) -> tuple[Recording, list[StepBatch]]:
    """An episode of random actions, recorded without the policy's columns, and its steps."""
    env = game.make_env(options, 1, purpose)
    env.set_stage(stage)
    env.reset(GivenSeeds([[seed, 0]]))
    rng, space = np.random.default_rng(seed), env.action_space
    space.seed(seed)
    actions, batches = [], []
    while not batches or not (batches[-1].terminated | batches[-1].truncated)[0]:
        actions.append(rng.integers(0, 4) if isinstance(space, spaces.Discrete) else space.sample())
        batches.append(env.step(np.array(actions[-1:])))
    env.close()
    states = [batch.states[0] for batch in batches if batch.states is not None]
    metadata = replace(
        METADATA,
        game=game.name,
        options=options.model_dump(mode="json"),
        purpose=purpose,
        stage=stage,
        length=len(actions),
        truncated=bool(batches[-1].truncated[0]),
        metrics={metric.name: 0.0 for metric in game.declare(options).metrics},
    )
    found = Recording(
        metadata,
        Start(seed),
        np.array(actions),
        np.array([batch.rewards[0] for batch in batches]),
        np.array([batch.metrics[0] for batch in batches]),
        Fingerprints(np.zeros(0, np.int64), np.zeros(0, np.uint32)),
        states=np.array(states) if states else None,
    )
    return found, batches


def assert_equal(one: Recording, other: Recording) -> None:
    """Every field is the same, bit by bit."""
    assert one.metadata == other.metadata
    assert one.start == other.start
    for name in ("actions", "rewards", "metrics", "values", "distributions", "states", "frames"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None), name
        if mine is not None:
            assert mine.dtype == theirs.dtype, name
            assert mine.shape == theirs.shape, name
            assert mine.tobytes() == theirs.tobytes(), name
    assert one.fingerprints.positions.tolist() == other.fingerprints.positions.tolist()
    assert one.fingerprints.values.tolist() == other.fingerprints.values.tolist()
