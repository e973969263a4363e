"""Observations as the policy saw them in training: SB3's VecNormalize with its statistics at
rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Observations
from arcade_rl.errors import VerificationError

CLIP = 10.0
"""VecNormalize's `clip_obs`."""
EPSILON = 1e-8
"""VecNormalize's `epsilon`."""

Statistics = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


class ObservationNormalizer:
    """Applies the running mean and variance that a checkpoint's state holds, and never changes
    them.

    `normalization` is `CheckpointState.normalization`. Observations pass unchanged where nothing is
    normalised. VerificationError if the statistics cannot be read.
    """

    def __init__(self, normalization: Mapping[str, Any] | None) -> None:
        stored = normalization["observations"] if normalization else {}
        self._statistics = {key: _read(key, values) for key, values in stored.items()}

    def __call__(self, observations: Observations) -> Observations:
        """The observations as the policy takes them: host arrays, float32 where they are
        normalised."""
        if not self._statistics:
            return observations
        if isinstance(observations, dict):
            return {
                key: _apply(array, self._statistics[key]) if key in self._statistics else array
                for key, array in observations.items()
            }
        return _apply(observations, self._statistics[""])


def _read(key: str, values: Mapping[str, Any]) -> Statistics:
    try:
        mean = np.asarray(values["mean"], np.float64)
        deviation = np.sqrt(np.asarray(values["var"], np.float64) + EPSILON)
    except (KeyError, TypeError, ValueError) as error:
        raise VerificationError(
            f"normalisation of {key or 'observations'} is not readable: {error}"
        ) from error
    return mean, deviation


def _apply(array: npt.NDArray[Any], statistics: Statistics) -> npt.NDArray[np.float32]:
    mean, deviation = statistics
    normalized: npt.NDArray[np.float32] = np.clip((array - mean) / deviation, -CLIP, CLIP).astype(
        np.float32
    )
    return normalized
