"""Observations of a rollout: what was put in comes out, and a frame is kept once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from arcade_rl.training.storage import Frames, Plain, storage_for

STEPS, ENVS, STACK = 12, 5, 4
CPU = torch.device("cpu")
HALVES = (slice(0, 3), slice(3, 5))


class Stacker:
    """Stacks of random frames; an episode's first stack is free: zeros, copies or anything."""

    def __init__(self, ends: float) -> None:
        self._rng = np.random.default_rng(0)
        self._ends = ends
        self.stacks = self._frames(ENVS, STACK)

    def step(self) -> tuple[np.ndarray, np.ndarray]:
        started = self._rng.random(ENVS) < self._ends
        self.stacks = np.concatenate([self.stacks[:, 1:], self._frames(ENVS, 1)], axis=1)
        first = self._frames(ENVS, STACK)
        first[:, : self._rng.integers(STACK)] = 0
        self.stacks[started] = first[started]
        return self.stacks.copy(), started

    def _frames(self, *shape: int) -> np.ndarray:
        return self._rng.integers(0, 256, (*shape, 6, 7)).astype(np.uint8)


@pytest.mark.parametrize("on", ["", "cpu"], ids=["numpy", "torch"])
@pytest.mark.parametrize("ends", [0.0, 0.1, 0.9])
def test_stacks_are_gathered_from_frames(ends: float, on: str) -> None:
    def given(array: np.ndarray) -> Any:
        return torch.as_tensor(array, device=on) if on else array

    env = Stacker(ends)
    storage = Frames(STEPS, ENVS, STACK, env.stacks, CPU)
    expected = np.zeros((STEPS + 1, *env.stacks.shape), np.uint8)
    expected[0] = env.stacks
    storage.put(0, slice(0, ENVS), given(env.stacks), given(np.ones(ENVS, np.bool_)))
    for rollout in range(3):
        if rollout:
            storage.carry()
            expected[0] = expected[-1]
        for t in range(1, STEPS + 1):
            expected[t], started = env.step()
            for rows in HALVES:
                storage.put(t, rows, given(expected[t, rows].copy()), given(started[rows]))
                np.testing.assert_array_equal(storage.at(t, rows), expected[t, rows])
        index = torch.randperm((STEPS + 1) * ENVS)
        flat = expected.reshape(-1, *expected.shape[2:])
        np.testing.assert_array_equal(storage.gather(index), flat[index])


def test_a_frame_is_kept_once() -> None:
    env = Stacker(0.0)
    storage = Frames(128, ENVS, STACK, env.stacks, CPU)
    frames, stacks = storage._pool.numel(), 129 * env.stacks.size
    assert frames < stacks / STACK * 1.1


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.bool_, np.int8])
def test_observations_keep_their_dtype(dtype: Any) -> None:
    first = np.ones((ENVS, 3), dtype)
    storage = storage_for(STEPS, ENVS, None, first, CPU)
    assert isinstance(storage, Plain)
    storage.put(2, slice(1, 4), first[1:4], np.zeros(3, np.bool_))
    kept = storage.at(2, slice(1, 4))
    assert isinstance(kept, torch.Tensor)
    assert kept.numpy().dtype == dtype
    assert (kept == torch.ones_like(kept)).all()


def test_what_was_put_in_is_not_the_environments_buffer() -> None:
    buffer = {"a": np.ones((ENVS, 2), np.float32), "b": np.ones(ENVS, np.int64)}
    storage = storage_for(STEPS, ENVS, None, buffer, CPU)
    storage.put(0, slice(0, ENVS), buffer, np.ones(ENVS, np.bool_))
    for array in buffer.values():
        array[:] = 7
    kept = storage.gather(torch.arange(ENVS))
    assert isinstance(kept, dict)
    assert all((part == 1).all() for part in kept.values())
