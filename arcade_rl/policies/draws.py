"""Sampled actions that follow from an episode's seed and step alone.

SB3's distributions draw the actions of all environments from one stream of random numbers, so an
episode's actions depend on how many environments there are. N is the number of environments, A the
number of actions or dimensions, L the length of the actor's latent code.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from sb3_contrib.common.maskable.distributions import (
    MaskableCategoricalDistribution,
    MaskableMultiCategoricalDistribution,
)
from stable_baselines3.common.distributions import (
    BernoulliDistribution,
    CategoricalDistribution,
    DiagGaussianDistribution,
    MultiCategoricalDistribution,
    StateDependentNoiseDistribution,
)
from stable_baselines3.common.policies import BasePolicy
from torch import Tensor

from arcade_rl.envs.seeds import uniforms

Integers = npt.NDArray[np.int64]


class Draws:
    """Replaces the random numbers from which a policy's distribution samples."""

    def __init__(self, policy: BasePolicy, noise_interval: int) -> None:
        """`noise_interval` is the number of steps after which state-dependent exploration renews
        its noise."""
        self._policy = cast(Any, policy)
        self._distribution = self._policy.action_dist
        self._distribution.sample = self._sample
        self._interval = noise_interval

    def begin_step(self, seeds: Integers, steps: Integers) -> None:
        """Set the seeds of episodes and their steps so far, for the next sample. (N,), int64."""
        self._seeds, self._steps = seeds, steps
        if isinstance(self._distribution, StateDependentNoiseDistribution):
            self._renew_noise(self._distribution)

    def _sample(self) -> Tensor:
        match found := self._distribution:
            case CategoricalDistribution() | MaskableCategoricalDistribution():
                return self._choose([found.distribution.probs])[:, 0]
            case MultiCategoricalDistribution():
                return self._choose([part.probs for part in found.distribution])
            case MaskableMultiCategoricalDistribution():
                return self._choose([part.probs for part in found.distributions])
            case BernoulliDistribution():
                pressed = found.distribution.probs
                return (self._uniform(pressed) < pressed).to(pressed.dtype)
            case DiagGaussianDistribution():
                mean = found.distribution.loc
                normal = self._normal(self._seeds, self._steps, mean.shape[1])
                return mean + found.distribution.scale * torch.from_numpy(normal).to(mean)
            case StateDependentNoiseDistribution():
                noise = found._latent_sde.unsqueeze(1) @ self._matrices
                actions = found.distribution.mean + noise.squeeze(1)
                return actions if found.bijector is None else found.bijector.forward(actions)
        raise TypeError(f"{type(found).__name__} is not a distribution of an on-policy algorithm")

    def _choose(self, probabilities: list[Tensor]) -> Tensor:
        """Choose one action of each set, whose probabilities are (N, A). (N, sets), int64."""
        # The largest p / e with e exponential falls on each action with its probability p.
        together = torch.cat(probabilities, dim=1)
        races = together / -self._uniform(together).log()
        parts = torch.split(races, [part.shape[1] for part in probabilities], dim=1)
        return torch.stack([part.argmax(dim=1) for part in parts], dim=1)

    def _uniform(self, like: Tensor) -> Tensor:
        return torch.from_numpy(uniforms(self._seeds, self._steps, like.shape[1])).to(like)

    def _normal(self, seeds: Integers, steps: Integers, count: int) -> npt.NDArray[np.float64]:
        """Normal random numbers (Box and Muller 1958). (N, count), float64."""
        radius, angle = np.split(uniforms(seeds, steps, 2 * count), 2, axis=1)
        found: npt.NDArray[np.float64] = np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * angle)
        return found

    def _renew_noise(self, distribution: StateDependentNoiseDistribution) -> None:
        """Renew the noise of each episode that begins, or whose noise has lasted long enough."""
        due = np.flatnonzero(self._steps % self._interval == 0)
        deviation = distribution.get_std(self._policy.log_std).detach()  # (L, A)
        # At the first step all episodes begin, so that the matrices are made before any is used.
        if len(due) == len(self._seeds):
            self._matrices = deviation.new_zeros(len(due), *deviation.shape)  # (N, L, A)
        if len(due):
            count = math.prod(deviation.shape)
            normal = self._normal(self._seeds[due], self._steps[due], count)
            fresh = torch.from_numpy(normal).to(deviation).view(-1, *deviation.shape)
            self._matrices[torch.from_numpy(due).to(deviation.device)] = fresh * deviation
