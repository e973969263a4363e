"""The running statistics of SB3's VecNormalize as plain numbers, exactly.

SB3 keeps them as a pickle, which is not safe to read. Python writes a float64 to JSON so that it
reads back the same, so nothing is lost here. The running return is not part of it: a chunk begins
with new episodes, and their return so far is zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize

from arcade_rl.errors import VerificationError


def export(env: VecNormalize) -> dict[str, Any]:
    """Statistics as JSON values."""
    return {
        "observations": {key: _plain(statistics) for key, statistics in _observations(env).items()},
        "returns": _plain(env.ret_rms),
    }


def restore(env: VecNormalize, stored: dict[str, Any]) -> None:
    """Put exported statistics back. VerificationError if they are of other observations."""
    own = _observations(env)
    if own.keys() != stored["observations"].keys():
        raise VerificationError(
            f"normalisation of {sorted(stored['observations'])}; expected {sorted(own)}"
        )
    for key, statistics in own.items():
        _put(statistics, stored["observations"][key], key)
    _put(env.ret_rms, stored["returns"], "returns")


def _observations(env: VecNormalize) -> dict[str, RunningMeanStd]:
    if not env.norm_obs:
        return {}
    return env.obs_rms if isinstance(env.obs_rms, dict) else {"": env.obs_rms}


def _plain(statistics: RunningMeanStd) -> dict[str, Any]:
    return {
        "mean": np.asarray(statistics.mean).tolist(),
        "var": np.asarray(statistics.var).tolist(),
        "count": float(statistics.count),
    }


def _put(statistics: RunningMeanStd, stored: dict[str, Any], key: str) -> None:
    mean, var = np.asarray(stored["mean"], np.float64), np.asarray(stored["var"], np.float64)
    if mean.shape != np.shape(statistics.mean):
        raise VerificationError(
            f"normalisation of {key or 'observations'} has shape {mean.shape}; "
            f"expected {np.shape(statistics.mean)}"
        )
    statistics.mean, statistics.var, statistics.count = mean, var, stored["count"]
