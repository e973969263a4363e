"""The running statistics of a learner as plain numbers, without loss.

SB3 keeps its own as a pickle, which is not safe to read. Python writes a float64 to JSON so that it
reads back the same, so nothing is lost here. The discounted returns so far of the reward scale
belong to the open episodes, and `carried` keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize

from arcade_rl.envs.arrays import to_numpy
from arcade_rl.errors import VerificationError
from arcade_rl.training.moments import Moments

Statistics: TypeAlias = Moments | RunningMeanStd


@dataclass(frozen=True, slots=True)
class Normalization:
    """The statistics that a learner normalises by. They go on changing while it learns."""

    observations: Mapping[str, Statistics]
    """Statistics of the observations, by key of a Dict observation; any other has the key "". Empty
    where observations are not normalised."""
    returns: Statistics | None = None
    """Statistics of the discounted return, by whose deviation rewards are divided; None where they
    are not."""
    values: Statistics | None = None
    """Statistics of the returns, in whose units the critic predicts; None where it predicts in
    units of the reward."""

    def export(self) -> dict[str, Any] | None:
        """The statistics as JSON values; None where nothing is normalised."""
        if not self.observations and self.returns is None and self.values is None:
            return None
        return {
            "observations": {key: _plain(s) for key, s in self.observations.items()},
            "returns": None if self.returns is None else _plain(self.returns),
            "values": None if self.values is None else _plain(self.values),
        }

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Put exported statistics back. VerificationError if they belong to other observations."""
        if self.observations.keys() != stored["observations"].keys():
            raise VerificationError(
                f"normalisation of {sorted(stored['observations'])}; "
                f"expected {sorted(self.observations)}"
            )
        for key, statistics in self.observations.items():
            _put(statistics, stored["observations"][key], key or "observations")
        for name, single in (("returns", self.returns), ("values", self.values)):
            if single is not None:
                _put(single, stored[name], name)


def of_vec_normalize(env: VecNormalize | None) -> Normalization:
    """The statistics that SB3's wrapper normalises by."""
    if env is None:
        return Normalization({})
    if not env.norm_obs:
        return Normalization({}, env.ret_rms)
    observations = env.obs_rms if isinstance(env.obs_rms, dict) else {"": env.obs_rms}
    return Normalization(observations, env.ret_rms)


def _plain(statistics: Statistics) -> dict[str, Any]:
    return {
        "mean": _host(statistics.mean).tolist(),
        "var": _host(statistics.var).tolist(),
        "count": float(statistics.count),
    }


def _put(statistics: Statistics, stored: Mapping[str, Any], name: str) -> None:
    mean, var = np.asarray(stored["mean"], np.float64), np.asarray(stored["var"], np.float64)
    expected = _host(statistics.mean).shape
    if mean.shape != expected:
        raise VerificationError(
            f"normalisation of {name} has shape {mean.shape}; expected {expected}"
        )
    if isinstance(statistics, Moments):
        statistics.put(mean, var, stored["count"])
    else:
        statistics.mean, statistics.var, statistics.count = mean, var, stored["count"]


def _host(array: Any) -> Any:
    return np.asarray(array) if isinstance(array, float) else to_numpy(array)
