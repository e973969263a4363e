"""What one rollout leaves, on the learner's device, and the minibatches that are gathered from it.

T is the number of steps, N the number of environments, P the number of numbers of a distribution,
B the number of rows of a minibatch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from arcade_rl.contracts import Array, Declaration, Observations
from arcade_rl.envs.accounting import Steps
from arcade_rl.envs.spaces import choices
from arcade_rl.errors import ContractError
from arcade_rl.training.played import Played
from arcade_rl.training.storage import Batch, storage_for, tensor


class Rollout:
    """T steps of N environments."""

    def __init__(
        self,
        steps: int,
        action_space: spaces.Space[Any],
        declaration: Declaration,
        given: Array,
        like: Observations,
        keeps_stacks: bool,
        numbers: int,
        device: torch.device,
    ) -> None:
        """`given` is an array as the environment gives arrays; `like` is a batch of observations as
        they are kept, with the environment's stacks of frames if `keeps_stacks`; `numbers` is P."""
        self.is_on_host = isinstance(given, np.ndarray)
        """Whether the environment gives numpy arrays."""
        self.env_device = device if self.is_on_host else given.device
        """Device on which the environment takes tensors; the learner's where it takes numpy
        arrays."""
        n = len(given)
        self.steps, self.num_envs = steps, n
        is_stacked = keeps_stacks and declaration.frame_stack > 1
        stack = declaration.frame_stack if is_stacked else None
        self.observations = storage_for(steps, n, stack, like, device)
        self.rewards = _like(given, np.float32, steps, n)
        """What the learner is rewarded with. (T, N). This array and the next three are of the
        environment's kind and lie where its arrays do."""
        self.ended = _like(given, np.bool_, steps, n)
        """Whether a real episode ended."""
        self.done = _like(given, np.bool_, steps, n)
        """Whether the learner must not look past the step."""
        self.seeds = _like(given, np.int64, steps, n)
        self.frames = _like(given, np.int64, steps, n) if declaration.timed else None
        """Native frames that each step lasted, (T, N); None where steps have one length."""
        self._action_space = action_space
        is_continuous = isinstance(action_space, spaces.Box)
        self.limits = limits_of(action_space, device)
        """The lowest and the highest continuous actions that the environment takes."""
        dtype = torch.float32 if is_continuous else torch.int64
        shape = (steps, n, *(action_space.shape or ()))
        self.actions = torch.zeros(shape, dtype=dtype, device=device)
        """The actions as the policy chose them. (T, N, ...)."""
        self.sent = torch.zeros_like(self.actions) if is_continuous else self.actions
        """The actions as the environments got them, within the limits of their space."""
        self.distributions = torch.zeros((steps, n, numbers), device=device)
        self.log_probs = torch.zeros((steps, n), device=device)
        self.values = torch.zeros((steps + 1, n), device=device)
        """The critic's estimates in units of the reward; the last row is after the last step."""
        self.masks: Tensor | None = None
        """Allowed actions. (T, N, P), bool"""
        if declaration.masks:
            self.masks = torch.ones((steps, n, numbers), dtype=torch.bool, device=device)
        self.advantages = self.returns = torch.zeros((steps, n), device=device)

    def refuse_faults(self) -> None:
        """Raise ContractError if an observation is not finite, or masks allow no action. Asked once
        a rollout, because the question waits for the device."""
        if found := self.observations.not_finite():
            step, env, name = found
            raise ContractError(
                f"{name} is not finite in environment {env}, after {step} of {self.steps} steps of the "
                "rollout; expected finite numbers: the game's environment is broken"
            )
        if self.masks is None:
            return
        parts = torch.split(self.masks, choices(self._action_space), dim=2)
        free = torch.stack([part.any(2) for part in parts]).all(0)  # (T, N)
        if not bool(free.all()):
            step, env = (~free).nonzero()[0].tolist()
            raise ContractError(
                f"action_masks allows no action in environment {env}, after {step} of {self.steps} "
                "steps of the rollout; expected at least one that can be chosen"
            )

    def keep_choices(self, choices: Sequence[Choice]) -> None:
        """Take over what the policy chose, step by step and part by part. Writing all of it once
        costs less than writing at every step."""
        columns = (self.distributions, self.actions, self.sent)
        for column, chosen in zip(columns, list(zip(*choices, strict=True))[:3], strict=True):
            column.copy_(torch.cat(chosen).view_as(column))
        values = [choice.values for choice in choices if choice.values is not None]
        if values:
            self.values[:-1] = torch.cat(values).view(self.steps, self.num_envs)

    def played(self, given: Steps) -> Played:
        """The rollout for those who record and watch."""
        seeds, ended = tensor(self.seeds), tensor(self.ended)
        return Played(self.sent, seeds, ended, self.values[:-1], self.distributions, given)

    def columns(self, mean: float, deviation: float) -> Columns:
        """A row for every step of every environment, step by step. (T * N, ...)

        Returns and values are given in units of `deviation` from `mean`.
        """
        return Columns(
            self.actions.flatten(0, 1),
            self.log_probs.flatten(),
            self.advantages.flatten(),
            (self.returns.flatten() - mean) / deviation,
            (self.values[:-1].flatten() - mean) / deviation,
            None if self.masks is None else self.masks.flatten(0, 1),
        )

    def minibatch(self, columns: Columns, index: Tensor) -> Minibatch:
        """The rows `index` of the rollout. (B,), int64."""
        return Minibatch(self.observations.gather(index), columns.at(index))


class Choice(NamedTuple):
    """What the policy chose at one step for n environments."""

    distribution: Tensor
    """The numbers of each distribution. (n, P)"""
    actions: Tensor
    sent: Tensor
    """The actions as the environments get them."""
    values: Tensor | None
    """The critic's output, (n,); None where it is computed later."""


def limits_of(space: spaces.Space[Any], device: torch.device) -> tuple[Tensor, Tensor] | None:
    """(lowest, highest) continuous actions that an environment takes; None for other actions."""
    if not isinstance(space, spaces.Box):
        return None
    return torch.as_tensor(space.low, device=device), torch.as_tensor(space.high, device=device)


def _like(array: Array, dtype: Any, *shape: int) -> Array:
    """Zeros of the kind of `array`, and where it lies."""
    host = np.zeros(shape, dtype)
    return host if isinstance(array, np.ndarray) else torch.from_numpy(host).to(array.device)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the update reads besides observations."""

    actions: Tensor
    log_probs: Tensor
    advantages: Tensor
    returns: Tensor
    values: Tensor
    masks: Tensor | None

    def at(self, index: Tensor) -> Columns:
        """The rows `index`."""
        return Columns(
            self.actions.index_select(0, index),
            self.log_probs.index_select(0, index),
            self.advantages.index_select(0, index),
            self.returns.index_select(0, index),
            self.values.index_select(0, index),
            None if self.masks is None else self.masks.index_select(0, index),
        )


@dataclass(frozen=True, slots=True)
class Minibatch:
    """B rows of a rollout."""

    observations: Batch
    columns: Columns


@dataclass(frozen=True, slots=True)
class Final:
    """The last observations of episodes that a limit cut at one step."""

    step: int
    env: Tensor
    """Environment of each row; -1 where the row does not count. (n,), int64."""
    observations: Batch


class NoBuffer:
    """Stands in for SB3's rollout buffer, which is not used."""

    def __init__(self, *_: object, **__: object) -> None:
        """Take what SB3 gives its buffers, and ignore it."""


def advantages(
    rewards: Tensor, values: Tensor, done: Tensor, gamma: float | Tensor, gae_lambda: float
) -> Tensor:
    """Generalised advantage estimates (Schulman et al. 2016). (T, N), float32.

    rewards (T, N); values (T + 1, N), the last row after the last step; done (T, N), bool: nothing
    after the step counts; gamma, or the discount of every step, (T, N).
    """
    alive = 1.0 - done.to(values.dtype)
    deltas = rewards + gamma * values[1:] * alive - values[:-1]
    decay = gamma * gae_lambda * alive
    result = torch.empty_like(deltas)
    last = torch.zeros_like(deltas[0])
    for t in range(len(deltas) - 1, -1, -1):
        last = torch.addcmul(deltas[t], decay[t], last)
        result[t] = last
    return result
