"""A policy's distribution over actions in the numbers that people read, beside the action taken.

A is the number of actions, D the number of dimensions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor

from arcade_rl.errors import ConfigError
from arcade_rl.policies.activity import Choices, Decision, Dials, Floats, Switches
from arcade_rl.policies.heads import CategoricalHead, head_of


class Decider(ABC):
    """Puts a policy's distribution and the action that was taken side by side."""

    @abstractmethod
    def numbers(self, latent: Tensor, masks: Tensor | None) -> Tensor:
        """The numbers that describe the distribution for the actor's latent code, (1, L). (P,),
        float32."""

    @abstractmethod
    def decide(
        self, numbers: Floats, action: npt.NDArray[Any]
    ) -> tuple[Decision, npt.NDArray[np.intp]]:
        """The decision, and the units of the actor's output that stand for it."""


class ChoiceDecider(Decider):
    """One or several choices; each has an output for every action."""

    def __init__(self, policy: ActorCriticPolicy, space: spaces.Space[Any]) -> None:
        self._head = head_of(policy, space)
        is_single = isinstance(space, spaces.Discrete)
        self._sizes = (int(space.n),) if is_single else tuple(space.nvec.tolist())  # type: ignore[attr-defined]
        self._starts = np.cumsum([0, *self._sizes[:-1]])

    def numbers(self, latent: Tensor, masks: Tensor | None) -> Tensor:
        return self._head.distribution(latent, masks)[0].exp()

    def decide(
        self, numbers: Floats, action: npt.NDArray[Any]
    ) -> tuple[Decision, npt.NDArray[np.intp]]:
        taken = action.reshape(-1)
        return Choices(numbers, self._sizes, tuple(taken.tolist())), self._starts + taken


class SwitchDecider(Decider):
    """Independent switches with one output each. The outputs of pressed switches stand for the
    action; where none is pressed, all do."""

    def __init__(self, policy: ActorCriticPolicy, space: spaces.MultiBinary) -> None:
        self._head = head_of(policy, space)

    def numbers(self, latent: Tensor, masks: Tensor | None) -> Tensor:
        return self._head.distribution(latent)[0].sigmoid()

    def decide(
        self, numbers: Floats, action: npt.NDArray[Any]
    ) -> tuple[Decision, npt.NDArray[np.intp]]:
        taken = action.reshape(-1).astype(bool)
        return Switches(numbers, taken), np.flatnonzero(taken if taken.any() else ~taken)


class MaskedSwitchDecider(Decider):
    """Independent switches that can be masked: each has an output for "off" and one for "on"."""

    def __init__(self, policy: ActorCriticPolicy, space: spaces.MultiBinary) -> None:
        self._count = int(np.prod(space.shape))
        self._head = CategoricalHead(policy, [2] * self._count, is_single=False)

    def numbers(self, latent: Tensor, masks: Tensor | None) -> Tensor:
        return self._head.distribution(latent, masks)[0, 1::2].exp()

    def decide(
        self, numbers: Floats, action: npt.NDArray[Any]
    ) -> tuple[Decision, npt.NDArray[np.intp]]:
        taken = action.reshape(-1).astype(bool)
        return Switches(numbers, taken), 2 * np.arange(self._count) + taken


class DialDecider(Decider):
    """Continuous actions.

    One dimension stands for the action: the one whose mean is farthest from 0, counted in
    deviations, because there the network says most. What sampling adds to a mean comes from no
    weight.
    """

    def __init__(self, policy: ActorCriticPolicy, space: spaces.Box) -> None:
        self._head = head_of(policy, space)
        self._low, self._high = (
            bound.reshape(-1).astype(np.float32) for bound in (space.low, space.high)
        )

    def numbers(self, latent: Tensor, masks: Tensor | None) -> Tensor:
        mean, log_deviation = self._head.distribution(latent)[0].chunk(2)
        return torch.cat([mean, log_deviation.exp()])

    def decide(
        self, numbers: Floats, action: npt.NDArray[Any]
    ) -> tuple[Decision, npt.NDArray[np.intp]]:
        mean, deviation = np.split(numbers, 2)
        taken = action.reshape(-1).astype(np.float32)
        clearest = np.argmax(np.abs(mean) / deviation, keepdims=True)
        return Dials(mean, deviation, taken, self._low, self._high), clearest


def decider_of(policy: ActorCriticPolicy, space: spaces.Space[Any]) -> Decider:
    """The decider for a policy. ConfigError where the distribution squashes its actions: their
    density is not normal."""
    if policy.squash_output:
        raise ConfigError(
            "policy_kwargs.squash_output: squashed actions have no mean and deviation in their own "
            "unit; expected a policy without it"
        )
    match space:
        case spaces.Discrete() | spaces.MultiDiscrete():
            return ChoiceDecider(policy, space)
        case spaces.MultiBinary() if isinstance(policy, MaskableActorCriticPolicy):
            return MaskedSwitchDecider(policy, space)
        case spaces.MultiBinary():
            return SwitchDecider(policy, space)
        case spaces.Box():
            return DialDecider(policy, space)
    raise TypeError(f"{space} is not an action space of Stable-Baselines3's on-policy classes")
