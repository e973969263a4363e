"""Running mean and variance on tensors, and what they normalise.

The statistics follow Chan et al. (1979) in float64, as SB3's RunningMeanStd does, and live where
the environment's arrays are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch
from gymnasium import spaces
from stable_baselines3.common.preprocessing import is_image_space
from torch import Tensor, nn

from arcade_rl.contracts import Array, Observations
from arcade_rl.errors import ConfigError
from arcade_rl.policies.normalize import CLIP, EPSILON
from arcade_rl.training.storage import tensor

COUNT = 1e-4
"""Weight of the mean 0 and variance 1 that statistics begin with."""


@dataclass(frozen=True, slots=True)
class Normalize:
    """Which of a learner's inputs are normalised by running statistics."""

    observations: bool = False
    rewards: bool = False
    values: bool = False


class Moments:
    """Mean, variance and count of everything that was taken in."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.mean = torch.zeros(shape, dtype=torch.float64)
        self.var = torch.ones(shape, dtype=torch.float64)
        self.count = COUNT

    def to(self, device: torch.device) -> None:
        """Move to a device."""
        self.mean, self.var = self.mean.to(device), self.var.to(device)

    def update(self, batch: Tensor) -> None:
        """Take in the rows of a batch. (B, *shape)"""
        rows = batch.to(torch.float64)
        count, mean, var = len(rows), rows.mean(0), rows.var(0, correction=0)
        delta, total = mean - self.mean, self.count + count
        squares = self.var * self.count + var * count
        squares += delta.square() * (self.count * count / total)
        self.mean += delta * (count / total)
        self.var = squares / total
        self.count = total

    @property
    def deviation(self) -> Tensor:
        """Standard deviation, never 0."""
        return (self.var + EPSILON).sqrt()

    def put(self, mean: npt.NDArray[Any], var: npt.NDArray[Any], count: float) -> None:
        """Take over other statistics of the same shape. float64."""
        self.mean.copy_(torch.as_tensor(mean))
        self.var.copy_(torch.as_tensor(var))
        self.count = count


class ObservationMoments:
    """Normalises observations by their running statistics, as SB3's VecNormalize does."""

    def __init__(self, space: spaces.Space[Any]) -> None:
        parts = space.spaces if isinstance(space, spaces.Dict) else {"": space}
        for key, part in parts.items():
            if not isinstance(part, spaces.Box) or is_image_space(part):
                raise ConfigError(
                    f"train.normalize_observations: {key or 'the observation'} is {part}; "
                    "only numbers that are no pictures can be normalised"
                )
        self.moments = {key: Moments(part.shape or ()) for key, part in parts.items()}

    def to(self, device: torch.device) -> None:
        """Move to where the environment's arrays are."""
        for moments in self.moments.values():
            moments.to(device)

    def update(self, observations: Observations) -> None:
        """Take in a batch of observations."""
        for key, array in _items(observations):
            self.moments[key].update(tensor(array))

    def __call__(self, observations: Observations) -> Observations:
        """The observations in units of their deviation from their mean, within +-10. float32
        tensors."""
        normalized = {key: self._normalize(key, array) for key, array in _items(observations)}
        return normalized if isinstance(observations, dict) else normalized[""]

    def _normalize(self, key: str, array: Array) -> Tensor:
        moments = self.moments[key]
        return ((tensor(array) - moments.mean) / moments.deviation).clamp_(-CLIP, CLIP).float()


class RewardScale:
    """Divides rewards by the running deviation of the discounted return, as VecNormalize does."""

    def __init__(self, num_envs: int) -> None:
        self.moments = Moments(())
        self.returns = torch.zeros(num_envs, dtype=torch.float64)
        """Sum of each environment's rewards so far, those further back discounted more. (N,),
        float64."""

    def to(self, device: torch.device) -> None:
        """Move to where the environment's arrays are."""
        self.moments.to(device)
        self.returns = self.returns.to(device)

    def __call__(
        self, rows: slice, rewards: Tensor, done: Tensor, discount: float | Tensor
    ) -> Tensor:
        """Take in one step of the environments `rows`, and return their scaled rewards. (rows,),
        float32. `discount` is the discount of this step, (rows,) where steps differ in length."""
        returns = self.returns[rows]
        returns.mul_(discount).add_(rewards)
        self.moments.update(returns)
        returns.masked_fill_(done, 0.0)
        return (rewards / self.moments.deviation).clamp_(-CLIP, CLIP).float()


def _items(observations: Observations) -> list[tuple[str, Array]]:
    return list(observations.items()) if isinstance(observations, dict) else [("", observations)]


def renew_preserving(moments: Moments, returns: Tensor, layer: nn.Linear) -> None:
    """Take in a rollout's returns, (T * N,), and rescale the critic's last layer so that its
    estimates, in units of the reward, stay the same (van Hasselt et al. 2016, "preserving outputs
    precisely")."""
    mean, deviation = float(moments.mean), float(moments.deviation)
    moments.update(returns)
    new_mean, new_deviation = float(moments.mean), float(moments.deviation)
    with torch.no_grad():
        layer.weight.mul_(deviation / new_deviation)
        layer.bias.mul_(deviation).add_(mean - new_mean).div_(new_deviation)
