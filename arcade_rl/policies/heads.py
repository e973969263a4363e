"""What a policy says about its next action: a distribution as a tensor of numbers, and what is
computed from it.

SB3 makes objects of `torch.distributions` for every batch. A head is made once; between its calls a
distribution is a plain tensor, so that a rollout can keep every one of them and hand them on. N is
the number of observations, A the number of actions or dimensions, P the number of numbers.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import StateDependentNoiseDistribution
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor
from torch.nn import functional

from arcade_rl.errors import ConfigError

FORBIDDEN_LOGIT = -1e8
"""Logit of a masked action, as in sb3_contrib's MaskableCategorical; the action's probability is
exactly 0."""


class Head(ABC):
    """Turns the actor's last layer into a distribution over actions."""

    numbers: int
    """P: how many numbers describe a distribution."""
    meaning: str
    """What the numbers of a distribution mean, such as "means, then logarithms of deviations"."""

    @abstractmethod
    def distribution(self, latent: Tensor, masks: Tensor | None = None) -> Tensor:
        """The distribution for the actor's latent code, (N, L). (N, P), float32.

        `masks` says which actions are allowed, (N, A), bool; only discrete actions have them.
        """

    @abstractmethod
    def sample(self, distribution: Tensor, rows: slice) -> Tensor:
        """One action for each of the environments `rows`, in the shape of the action space. (N,) or
        (N, A), int64; (N, ...), float32, for continuous actions."""

    @abstractmethod
    def log_prob(self, distribution: Tensor, actions: Tensor) -> Tensor:
        """Logarithm of the probability (density) of these actions. (N,), float32."""

    @abstractmethod
    def entropy(self, distribution: Tensor) -> Tensor:
        """Entropy of each row's distribution, nat. (N,), float32."""

    def renew_noise(self, num_envs: int) -> None:
        """Renew the noise that is kept over steps, for this many environments."""
        return  # most heads keep none


class CategoricalHead(Head):
    """One or several independent choices."""

    meaning = "log-probabilities, choice after choice"

    def __init__(self, policy: ActorCriticPolicy, sizes: list[int], is_single: bool) -> None:
        self._net = policy.action_net
        self._sizes = sizes
        self._is_single = is_single
        self.numbers = sum(sizes)

    def distribution(self, latent: Tensor, masks: Tensor | None = None) -> Tensor:
        logits = self._net(latent)
        if masks is not None:
            logits = torch.where(masks, logits, FORBIDDEN_LOGIT)
        if len(self._sizes) == 1:
            return functional.log_softmax(logits, dim=1)
        parts = torch.split(logits, self._sizes, dim=1)
        return torch.cat([functional.log_softmax(part, dim=1) for part in parts], dim=1)

    def sample(self, distribution: Tensor, rows: slice) -> Tensor:
        # The largest p / e with e exponential falls on each action with its probability p.
        races = distribution.exp() / torch.empty_like(distribution).exponential_()
        if self._is_single:
            return races.argmax(dim=1)
        parts = torch.split(races, self._sizes, dim=1)
        return torch.stack([part.argmax(dim=1) for part in parts], dim=1)

    def log_prob(self, distribution: Tensor, actions: Tensor) -> Tensor:
        if self._is_single:
            return distribution.gather(1, actions[:, None]).squeeze(1)
        parts = zip(torch.split(distribution, self._sizes, dim=1), actions.unbind(1), strict=True)
        return torch.stack([p.gather(1, a[:, None]).squeeze(1) for p, a in parts]).sum(0)

    def entropy(self, distribution: Tensor) -> Tensor:
        return -(distribution * distribution.exp()).sum(1)


class BernoulliHead(Head):
    """Independent yes-or-no choices."""

    meaning = "logits"

    def __init__(self, policy: ActorCriticPolicy, size: int) -> None:
        self._net = policy.action_net
        self.numbers = size

    def distribution(self, latent: Tensor, masks: Tensor | None = None) -> Tensor:
        logits: Tensor = self._net(latent)
        return logits

    def sample(self, distribution: Tensor, rows: slice) -> Tensor:
        return torch.bernoulli(distribution.sigmoid()).long()

    def log_prob(self, distribution: Tensor, actions: Tensor) -> Tensor:
        losses = functional.binary_cross_entropy_with_logits(
            distribution, actions.to(distribution.dtype), reduction="none"
        )
        return -losses.sum(1)

    def entropy(self, distribution: Tensor) -> Tensor:
        losses = functional.binary_cross_entropy_with_logits(
            distribution, distribution.sigmoid(), reduction="none"
        )
        return losses.sum(1)


class GaussianHead(Head):
    """Independent normal distributions, one for each number of an action of any shape."""

    meaning = "means, then logarithms of deviations"

    def __init__(self, policy: ActorCriticPolicy, shape: tuple[int, ...]) -> None:
        self._net = policy.action_net
        self._log_std = policy.log_std
        self._shape = shape
        self.numbers = 2 * math.prod(shape)

    def distribution(self, latent: Tensor, masks: Tensor | None = None) -> Tensor:
        mean = self._net(latent)
        return torch.cat([mean, self._log_std.expand_as(mean)], dim=1)

    def sample(self, distribution: Tensor, rows: slice) -> Tensor:
        mean, log_std = distribution.chunk(2, dim=1)
        return self._shaped(mean + log_std.exp() * torch.randn_like(mean))

    def _shaped(self, numbers: Tensor) -> Tensor:
        """Numbers (N, A) as actions of the game's own shape. (N, ...)"""
        return numbers.view(-1, *self._shape)

    def log_prob(self, distribution: Tensor, actions: Tensor) -> Tensor:
        mean, log_std = distribution.chunk(2, dim=1)
        scaled = (actions.reshape(mean.shape) - mean) / log_std.exp()
        return (-0.5 * scaled.square() - log_std - 0.5 * math.log(2 * math.pi)).sum(1)

    def entropy(self, distribution: Tensor) -> Tensor:
        _, log_std = distribution.chunk(2, dim=1)
        return (0.5 + 0.5 * math.log(2 * math.pi) + log_std).sum(1)


class StateDependentHead(GaussianHead):
    """Generalised state-dependent exploration (Raffin et al. 2021): the noise is a random function
    of the latent code, drawn once a rollout or every few steps."""

    def __init__(self, policy: ActorCriticPolicy, shape: tuple[int, ...]) -> None:
        super().__init__(policy, shape)
        assert isinstance(policy.action_dist, StateDependentNoiseDistribution)
        self._noise = policy.action_dist

    def distribution(self, latent: Tensor, masks: Tensor | None = None) -> Tensor:
        self._latent = latent.detach()  # as in SB3, the noise does not shape the features
        variance = self._latent.square() @ self._noise.get_std(self._log_std).square()
        log_std = 0.5 * (variance + self._noise.epsilon).log()
        return torch.cat([self._net(latent), log_std], dim=1)

    def sample(self, distribution: Tensor, rows: slice) -> Tensor:
        """Sample for the latent codes of the last call of `distribution`."""
        mean, _ = distribution.chunk(2, dim=1)
        matrices = self._noise.exploration_matrices[rows]  # (N, L, A)
        return self._shaped(mean + (self._latent.unsqueeze(1) @ matrices).squeeze(1))

    def renew_noise(self, num_envs: int) -> None:
        self._noise.sample_weights(self._log_std, batch_size=num_envs)


def refuse_masks_of(action_space: spaces.Space[Any]) -> None:
    """ConfigError where a game has action masks and its actions have no head that takes them."""
    if not isinstance(action_space, spaces.Discrete | spaces.MultiDiscrete):
        raise ConfigError(
            f"the game has action masks, and its actions are {action_space}; PPO takes masks for "
            "Discrete and MultiDiscrete actions only: train.algorithm = 'sb3:MaskablePPO' may help"
        )


def head_of(policy: ActorCriticPolicy, action_space: spaces.Space[Any]) -> Head:
    """The head of an SB3 policy. Its parameters stay the policy's."""
    match action_space:
        case spaces.Discrete():
            return CategoricalHead(policy, [int(action_space.n)], is_single=True)
        case spaces.MultiDiscrete():
            return CategoricalHead(policy, action_space.nvec.tolist(), is_single=False)
        case spaces.MultiBinary():
            return BernoulliHead(policy, math.prod(action_space.shape))
        case spaces.Box() if isinstance(policy.action_dist, StateDependentNoiseDistribution):
            return StateDependentHead(policy, action_space.shape)
        case spaces.Box():
            return GaussianHead(policy, action_space.shape)
    raise TypeError(f"{action_space} is not an action space of Stable-Baselines3's PPO")
