"""Observations of a rollout on the learner's device, in their own dtype; a stacked frame is kept
once.

T is the number of steps of a rollout, N the number of environments, B the number of gathered rows.
Step T is the observation after the last step, from which the critic estimates what comes after the
rollout, and with which the next rollout begins. A flat index of step t and environment i is t * N +
i.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from arcade_rl.contracts import Array, Observations

SPARE = 0.05
"""Room for the first observations of episodes, as a part of all frames. The room grows when
needed."""

Batch = Tensor | dict[str, Tensor]
"""Observations as the policy takes them: a tensor (B, ...), or a dict of tensors."""


class Storage(Protocol):
    """T + 1 observations of N environments."""

    def put(self, t: int, rows: slice, observations: Observations, started: Array) -> None:
        """Keep the observations of the environments `rows` at step `t`.

        `started` says which of them begin an episode. (rows,), bool.
        """
        ...

    def at(self, t: int, rows: slice) -> Batch:
        """Observations of `rows` at step `t`."""
        ...

    def gather(self, index: Tensor) -> Batch:
        """Observations at flat indices. (B,), int64."""
        ...

    def carry(self) -> None:
        """Begin the next rollout: step T becomes step 0."""
        ...

    def not_finite(self) -> tuple[int, int, str] | None:
        """(step, environment, name of the observation) of the first observation that is not finite;
        None if all are. Waits for the device."""
        ...


def tensor(array: Array) -> Tensor:
    """The array as a tensor in the same memory."""
    return array if isinstance(array, Tensor) else torch.from_numpy(array)


def each(observations: Observations, function: Callable[[Any], Tensor]) -> Batch:
    """Apply a function to the array of an observation, or to every array of a dict."""
    if isinstance(observations, dict):
        return {key: function(array) for key, array in observations.items()}
    return function(observations)


class Plain:
    """Observations as they are. (T + 1, N, ...)"""

    def __init__(self, steps: int, num_envs: int, like: Array, device: torch.device) -> None:
        first = tensor(like)
        shape = (steps + 1, num_envs, *first.shape[1:])
        self._tensor = torch.empty(shape, dtype=first.dtype, device=device)
        self._flat = self._tensor.view(-1, *first.shape[1:])
        self._host = self._tensor.numpy() if device.type == "cpu" else None

    def put(self, t: int, rows: slice, observations: Observations, started: Array) -> None:
        if self._host is not None and not isinstance(observations, Tensor):
            self._host[t, rows] = observations
        else:
            self._tensor[t, rows].copy_(tensor(observations), non_blocking=True)

    def at(self, t: int, rows: slice) -> Tensor:
        return self._tensor[t, rows]

    def gather(self, index: Tensor) -> Tensor:
        return self._flat.index_select(0, index)

    def carry(self) -> None:
        self._tensor[0].copy_(self._tensor[-1])

    def not_finite(self) -> tuple[int, int, str] | None:
        if not self._tensor.is_floating_point() or bool(self._tensor.isfinite().all()):
            return None
        step, env, *place = (~self._tensor.isfinite()).nonzero()[0].tolist()
        return step, env, f"observations{[env, *place]}"


class Frames:
    """Observations that are stacks of K frames: a pool of frames, and for each stack the places of
    its frames in the pool."""

    def __init__(
        self, steps: int, num_envs: int, stack: int, like: Array, device: torch.device
    ) -> None:
        first = tensor(like)
        self._frame_shape = first.shape[2:]
        self._stack = stack
        self._slots = torch.zeros((steps + 1, num_envs, stack), dtype=torch.int64, device=device)
        frames = int((steps + stack) * num_envs * (1 + SPARE))
        self._pool = first.new_empty((frames, *self._frame_shape), device=device)
        self._used = 0

    def put(self, t: int, rows: slice, observations: Observations, started: Array) -> None:
        frames = tensor(observations)  # (n, K, ...)
        slots = self._slots[t, rows]  # (n, K)
        if t:
            slots[:, :-1] = self._slots[t - 1, rows, 1:]
        slots[:, -1] = self._keep(frames[:, -1])
        first = tensor(started).nonzero().squeeze(1)
        if len(first):
            old = frames[first, :-1].flatten(0, 1)  # (n_started * (K - 1), ...)
            slots[first.to(slots.device), :-1] = self._keep(old).view(len(first), -1)

    def at(self, t: int, rows: slice) -> Tensor:
        return self._stacks(self._slots[t, rows])

    def gather(self, index: Tensor) -> Tensor:
        return self._stacks(self._slots.view(-1, self._stack).index_select(0, index))

    def carry(self) -> None:
        last = self._stacks(self._slots[-1]).flatten(0, 1)  # (N * K, ...)
        self._used = 0
        self._slots[0] = self._keep(last).view(self._slots.shape[1:])

    def not_finite(self) -> tuple[int, int, str] | None:
        used = self._pool[: self._used]
        if not used.is_floating_point() or bool(used.isfinite().all()):
            return None
        bad = (~used.flatten(1).isfinite()).any(1).nonzero()[0]
        step, env, place = (self._slots == bad).nonzero()[0].tolist()
        return step, env, f"observations{[env, place]}"

    def _stacks(self, slots: Tensor) -> Tensor:
        frames = self._pool.index_select(0, slots.flatten())
        return frames.view(*slots.shape, *self._frame_shape)

    def _keep(self, frames: Tensor) -> Tensor:
        """Put frames into the pool; returns their slots. (n,), int64."""
        start, self._used = self._used, self._used + len(frames)
        if self._used > len(self._pool):
            grown = self._pool.new_empty((self._used * 5 // 4, *self._frame_shape))
            grown[:start].copy_(self._pool[:start])
            self._pool = grown
        self._pool[start : self._used].copy_(frames, non_blocking=True)
        return torch.arange(start, self._used, device=self._slots.device)


class Keyed:
    """Observations of a Dict space: a storage for each key."""

    def __init__(self, parts: dict[str, Plain]) -> None:
        self._parts = parts

    def put(self, t: int, rows: slice, observations: Observations, started: Array) -> None:
        for key, part in self._parts.items():
            part.put(t, rows, observations[key], started)

    def at(self, t: int, rows: slice) -> dict[str, Tensor]:
        return {key: part.at(t, rows) for key, part in self._parts.items()}

    def gather(self, index: Tensor) -> dict[str, Tensor]:
        return {key: part.gather(index) for key, part in self._parts.items()}

    def carry(self) -> None:
        for part in self._parts.values():
            part.carry()

    def not_finite(self) -> tuple[int, int, str] | None:
        for key, part in self._parts.items():
            if found := part.not_finite():
                step, env, name = found
                return step, env, name.replace("observations", f"observations[{key!r}]", 1)
        return None


def storage_for(
    steps: int, num_envs: int, stack: int | None, like: Observations, device: torch.device
) -> Storage:
    """A storage for observations such as `like`. `stack` is K where frames are stacked, else
    None."""
    if isinstance(like, dict):
        plain = {key: Plain(steps, num_envs, part, device) for key, part in like.items()}
        return Keyed(plain)
    if stack:
        return Frames(steps, num_envs, stack, like, device)
    return Plain(steps, num_envs, like, device)
