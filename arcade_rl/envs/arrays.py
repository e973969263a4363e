"""The few operations that the core needs on arrays that may be numpy's or torch's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Array, Observations


def to_numpy(array: Array) -> npt.NDArray[Any]:
    """The array in host memory; a numpy array is returned as it is."""
    if isinstance(array, np.ndarray):
        return array
    host: npt.NDArray[Any] = array.detach().cpu().numpy()
    return host


def observations_to_numpy(observations: Observations) -> Observations:
    """The same for an observation that may be a dict of arrays."""
    if isinstance(observations, dict):
        return {key: to_numpy(array) for key, array in observations.items()}
    return to_numpy(observations)


def actions_for(actions: npt.NDArray[Any], observations: Observations) -> Array:
    """Actions as an environment takes them that gives such observations: numpy arrays as they are, for
    others a tensor on their device. (N,) integer or (N, dimensions) float32."""
    array = next(iter(observations.values())) if isinstance(observations, dict) else observations
    if isinstance(array, np.ndarray):
        return actions
    kind = array.new_empty(0)
    return (kind.float() if actions.dtype.kind == "f" else kind.long()).new_tensor(actions)


class WeightedSum:
    """The shaped reward that the learner gets: terms (N, K) times weights (K,). (N,), float32."""

    def __init__(self, weights: Sequence[float]) -> None:
        self._weights: Array = np.asarray(weights, np.float32)

    def __call__(self, terms: Array) -> Array:
        if type(self._weights) is not type(terms):  # once: then they are where the terms are
            self._weights = terms.new_tensor(self._weights)
        return terms @ self._weights


def zeros(like: Array, *shape: int) -> Array:
    """Zeros where `like` lives, in its dtype."""
    if isinstance(like, np.ndarray):
        return np.zeros(shape, like.dtype)
    return like.new_zeros(shape)
