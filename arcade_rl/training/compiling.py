"""Whether a run's networks are compiled: measured once, before its first step, and kept in its
state.

The choice changes the last bits of every sum, so no later process may choose anew: a chunk that is
tried again must give the same bytes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from gymnasium.vector.utils import create_empty_array

from arcade_rl.errors import RunFailed
from arcade_rl.training.ppo import PPO
from arcade_rl.training.rollout import Minibatch

WORTH_TRYING_S = 600.0
"""Time of all updates of a run, in seconds, below which the trial is not worth the minute that it
takes."""
REPEATS = 5
COMPILED_AGAIN = 10
"""Assumed number of processes that compile again. A constant, because where a run is cut must not
change the choice."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to compile, and the sentence that says why."""

    compiled: bool
    reason: str


def choose(model: PPO, wish: bool | str, updates: int) -> Verdict:
    """Follow the configuration's `compile`, or measure where it is "auto".

    `updates` are those of the whole run. Every chunk's process compiles again, from a cache on
    disk. The model's weights and torch's random numbers stay as they are. RunFailed if compiling
    was asked for and fails.
    """
    if wish == "auto":
        return _measure(model, updates)
    if not wish:
        return Verdict(False, "not compiled, as configured")
    return Verdict(
        True, f"compiled, as configured: {_compile(model, _blank_minibatch(model)):.0f} s"
    )


def _measure(model: PPO, updates: int) -> Verdict:
    rows = model.n_steps * model.n_envs
    minibatches = updates * model.n_epochs * -(-rows // model.batch_size)
    batch = _blank_minibatch(model)
    eager_s = _seconds(model, batch)
    total_s = eager_s * minibatches
    if total_s < WORTH_TRYING_S:
        return Verdict(False, f"not compiled: all updates of the run take {total_s:.0f} s")
    try:
        first_s = _compile(model, batch)
        compiled_s = _seconds(model, batch)
        again_s = _compile(model, batch)
    except RunFailed as error:
        return Verdict(False, f"not compiled: {error}")
    finally:
        model.use_compiled(False)
    gain_s = (eager_s - compiled_s) * minibatches - first_s - again_s * COMPILED_AGAIN
    measured = f"a minibatch takes {1e3 * eager_s:.1f} ms, compiled {1e3 * compiled_s:.1f} ms"
    cost = f"compiling {first_s:.0f} s and {again_s:.0f} s a chunk"
    if gain_s <= 0:
        return Verdict(False, f"not compiled: {measured}, {cost}: it would not pay")
    return Verdict(True, f"compiled: {measured}, {cost}: saves {gain_s / 60:.0f} min of the run")


def _compile(model: PPO, batch: Minibatch) -> float:
    """Compile as a new process would, and return the seconds that this takes. RunFailed if
    compiling fails."""
    from torch._dynamo.exc import TorchDynamoException  # importing torch's compiler takes 80 MB

    torch.compiler.reset()
    model.use_compiled(True)
    started = time.perf_counter()
    try:
        _differentiate(model, batch)
    except TorchDynamoException as error:
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise RunFailed(
            f"torch.compile failed: {reason}; most machines lack no more than a C++ compiler for it, "
            "and train.compile = false does without"
        ) from error
    return time.perf_counter() - started


def _seconds(model: PPO, batch: Minibatch) -> float:
    """Median seconds of a minibatch, after one that warms up."""
    times = []
    for _ in range(1 + REPEATS):
        started = time.perf_counter()
        _differentiate(model, batch)
        times.append(time.perf_counter() - started)
    return median(times[1:])


def _differentiate(model: PPO, batch: Minibatch) -> None:
    narrow = torch.tensor(0.2, device=model.device)
    clips = (narrow, None if model.clip_range_vf is None else narrow)
    loss, _ = model.loss(batch, clips)
    torch.autograd.backward(loss)
    model.policy.optimizer.zero_grad()
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)


def _blank_minibatch(model: PPO) -> Minibatch:
    """A minibatch of zeros: its cost does not depend on its values."""
    n = model.n_envs
    blank = create_empty_array(model.game_env.observation_space, n, fn=np.zeros)
    rollout = model.allocate(blank)
    if model.observation_moments:
        blank = model.observation_moments(blank)
    rollout.observations.put(0, slice(0, n), blank, np.ones(n, np.bool_))
    index = torch.arange(model.minibatch_rows, device=model.device) % n
    return rollout.minibatch(rollout.columns(0.0, 1.0), index)
