"""The few operations that the core needs on arrays of numpy or torch."""

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
    """The observations in host memory, an array or a dict of arrays."""
    if isinstance(observations, dict):
        return {key: to_numpy(array) for key, array in observations.items()}
    return to_numpy(observations)


def host_copy(array: Array) -> npt.NDArray[Any]:
    """A copy of the array in host memory, which the environment's next step does not change."""
    is_shared = isinstance(array, np.ndarray) or array.device.type == "cpu"
    host = to_numpy(array)
    return host.copy() if is_shared else host


def observations_copy(observations: Observations, index: Any = ...) -> Observations:
    """A copy of the observations, or of those of one environment, in host memory."""
    if isinstance(observations, dict):
        return {key: host_copy(array[index]) for key, array in observations.items()}
    return host_copy(observations[index])


def picked(observations: Observations, row: Any) -> Observations:
    """The observations of one environment, or of some."""
    if isinstance(observations, dict):
        return {key: array[row] for key, array in observations.items()}
    return observations[row]


def actions_for(actions: npt.NDArray[Any], observations: Observations) -> Array:
    """Actions in the kind of array that the environment of these observations takes: a numpy array
    as it is, or a tensor on the device of the observations. (N, ...), integer or float32."""
    array = next(iter(observations.values())) if isinstance(observations, dict) else observations
    if isinstance(array, np.ndarray):
        return actions
    kind = array.new_empty(0)
    return (kind.float() if actions.dtype.kind == "f" else kind.long()).new_tensor(actions)


class WeightedSum:
    """The shaped reward of the learner: terms (N, K) times weights (K,). (N,), float32."""

    def __init__(self, weights: Sequence[float]) -> None:
        self._weights: Array = np.asarray(weights, np.float32)

    def __call__(self, terms: Array) -> Array:
        if type(self._weights) is not type(terms):  # moved once, to the device of the terms
            self._weights = terms.new_tensor(self._weights)
        return terms @ self._weights


def zeros(like: Array, *shape: int) -> Array:
    """Zeros of this shape, on the device and in the dtype of `like`."""
    if isinstance(like, np.ndarray):
        return np.zeros(shape, like.dtype)
    return like.new_zeros(shape)
