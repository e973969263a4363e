"""Messages between the processes of a `ProcessEnv`, and the memory that these processes share.

A frame on a pipe is 4 bytes of length, then a pickle of this length; both ends belong to one
program. An empty frame asks for a step, or says that the step is done.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import Declaration, Observations, Purpose, StepBatch
from arcade_rl.envs.spaces import choices, leaves
from arcade_rl.errors import ArcadeError, ContractError, RunFailed
from arcade_rl.recording.states import StartState

ALIGNMENT = 64
"""Bytes of a cache line. Every array begins at a multiple of this number."""


@dataclass(frozen=True, slots=True)
class Order:
    """The first message to a process: which environments to build."""

    game: str
    options: Mapping[str, Any]
    purpose: Purpose
    first: int
    """Index of the process's first environment among all environments."""
    rows: int
    """How many environments the process holds."""
    opponents: tuple[str, ...]
    """Names of the game's own opponents. Each episode draws one of them; empty in a game of one
    seat."""
    start_state: StartState | None = None
    """The state that the options name, for a process that does not know where its file is."""


@dataclass(frozen=True, slots=True)
class ScreenOrder:
    """The first message to a process that holds a screen: which one to build."""

    game: str
    options: Mapping[str, Any]
    purpose: Purpose
    sound: bool
    start_state: StartState | None = None
    """The state that the options name."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The answer of a process that has built its environments."""

    observation_space: spaces.Space[Any]
    action_space: spaces.Space[Any]


@dataclass(frozen=True, slots=True)
class ShardFault:
    """The last answer of a process in which something was raised."""

    kind: type[ArcadeError] | type[MemoryError]
    message: str


class Board:
    """All arrays of N environments in one piece of memory, laid out alike in every process."""

    def __init__(self, hello: Hello, declaration: Declaration, num_envs: int) -> None:
        self._places: dict[str, tuple[int, tuple[int, ...], npt.DTypeLike]] = {}
        self._size = 0
        n = num_envs
        for prefix in ("observations", "final"):
            for key, space in leaves(hello.observation_space).items():
                self._add(f"{prefix}.{key}", (n, *(space.shape or ())), space.dtype)
        space = hello.action_space
        is_box = isinstance(space, spaces.Box)
        self._add("actions", (n, *(space.shape or ())), np.float32 if is_box else np.int64)
        self._add("rewards", (n,), np.float32)
        self._add("terms", (n, len(declaration.terms)), np.float32)
        self._add("metrics", (n, len(declaration.metrics)), np.float32)
        self._add("seeds", (n,), np.int64)
        if declaration.timed:
            self._add("frames", (n,), np.int64)
        for name in ("terminated", "truncated", "cut", "has_final", "has_cut"):
            self._add(name, (n,), np.bool_)
        if declaration.masks:
            self._add("masks", (n, sum(choices(space))), np.bool_)
        self._is_dict = isinstance(hello.observation_space, spaces.Dict)
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def map(self, descriptor: int, create: bool) -> None:
        """Map the memory file. With `create`, the file gets its size first; RunFailed if there is
        no room, because writing to missing memory would end the process with a bus error."""
        if create:
            self._reserve(descriptor)
        self._memory = mmap.mmap(descriptor, self._size)
        self._arrays = {
            name: np.ndarray(shape, dtype, self._memory, offset)
            for name, (offset, shape, dtype) in self._places.items()
        }

    def _reserve(self, descriptor: int) -> None:
        if not hasattr(os, "posix_fallocate"):  # macOS
            os.ftruncate(descriptor, self._size)
            return
        try:
            os.posix_fallocate(descriptor, 0, self._size)
        except OSError as error:
            need = f"environment processes need {self._size:,} bytes of shared memory"
            hint = "free some (`df /dev/shm`), or set train.env_processes = 0"
            raise RunFailed(f"{need}: {error.strerror}; {hint}") from error

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._arrays[name]

    def observations(self, prefix: str, rows: slice | npt.NDArray[np.intp]) -> Observations:
        """The observations of some environments. A slice gives views, indices give copies."""
        found = {
            name.removeprefix(f"{prefix}."): array[rows]
            for name, array in self._arrays.items()
            if name.startswith(f"{prefix}.")
        }
        return found if self._is_dict else found[""]

    def put_observations(
        self, prefix: str, rows: slice | npt.NDArray[np.intp], observations: Observations
    ) -> None:
        """Copy the observations of some environments into the board."""
        parts = observations if self._is_dict else {"": observations}
        for key, array in parts.items():
            self._arrays[f"{prefix}.{key}"][rows] = array

    def put(self, rows: slice, batch: StepBatch) -> None:
        """Copy the batch of some environments into the board. ContractError for fields that have no
        place."""
        arrays = self._arrays
        self.put_observations("observations", rows, batch.observations)
        arrays["rewards"][rows] = batch.rewards
        arrays["terms"][rows] = batch.terms
        arrays["metrics"][rows] = batch.metrics
        arrays["terminated"][rows] = batch.terminated
        arrays["truncated"][rows] = batch.truncated
        arrays["seeds"][rows] = batch.episode_seeds
        arrays["has_final"][rows] = batch.final_observations is not None
        if batch.final_observations is not None:
            self.put_observations("final", rows, batch.final_observations)
        arrays["has_cut"][rows] = batch.cut is not None
        arrays["cut"][rows] = False if batch.cut is None else batch.cut
        if "frames" in arrays:
            arrays["frames"][rows] = batch.frames
        if batch.states is not None:
            raise ContractError(
                "StepBatch.states do not go between processes; set train.env_processes = 0"
            )

    def batch(self, rows: slice) -> StepBatch:
        """Views of all arrays of some environments, which always show what was put in last. The
        optional fields count only where `has_final` and `has_cut` are set."""
        arrays = self._arrays
        return StepBatch(
            observations=self.observations("observations", rows),
            rewards=arrays["rewards"][rows],
            terms=arrays["terms"][rows],
            terminated=arrays["terminated"][rows],
            truncated=arrays["truncated"][rows],
            metrics=arrays["metrics"][rows],
            episode_seeds=arrays["seeds"][rows],
            final_observations=self.observations("final", rows),
            cut=arrays["cut"][rows],
            frames=arrays["frames"][rows] if "frames" in arrays else None,
        )

    def _add(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike | None) -> None:
        assert dtype is not None, f"{name} has no dtype"
        self._places[name] = (self._size, shape, dtype)
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        self._size += -(-max(size, 1) // ALIGNMENT) * ALIGNMENT


def read_frame(descriptor: int) -> bytes | None:
    """The next frame; None at the end of the pipe."""
    header = _read(descriptor, 4)
    if len(header) < 4:
        return None
    return _read(descriptor, struct.unpack("=I", header)[0])


def write_frame(descriptor: int, body: bytes = b"") -> None:
    """Write a frame. BrokenPipeError if the other end of the pipe is closed."""
    frame = memoryview(struct.pack("=I", len(body)) + body)
    while frame:
        frame = frame[os.write(descriptor, frame) :]


def _read(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size and (part := os.read(descriptor, size - len(data))):
        data += part
    return data
