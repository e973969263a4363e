"""Statistics that observations and rewards were normalised by elsewhere, as a file of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from arcade_rl.envs.spaces import leaves
from arcade_rl.errors import UsageError, VerificationError
from arcade_rl.reading import read_file
from arcade_rl.runs.fields import parsed

FORM = (
    '{"observations": {"mean": [...], "var": [...], "count": n}, "returns": {"mean": m, "var": v, '
    '"count": n}}, either of them or both'
)


def read_statistics(path: Path) -> dict[str, Any]:
    """The statistics in the form of `CheckpointState.normalization`. The file may also be the
    `state.json` of a checkpoint. VerificationError if it holds no statistics."""
    try:
        values = parsed(read_file(path))
        found = values.get("normalization", values)
        observations = found.get("observations") or {}
        several = {"": observations} if "mean" in observations else observations
        statistics = {
            "observations": {key: _checked(value) for key, value in several.items()},
            "returns": _checked(found["returns"]) if found.get("returns") else None,
            "values": _checked(found["values"]) if found.get("values") else None,
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise VerificationError(
            f"{path} holds no statistics of a normalisation ({error}); expected {FORM}"
        ) from error
    if not any(statistics.values()):
        raise VerificationError(f"{path} holds no statistics of a normalisation; expected {FORM}")
    return statistics


def refuse_other_shapes(statistics: Mapping[str, Any], space: spaces.Space[Any]) -> None:
    """Raise UsageError if the statistics are those of other observations than the game's."""
    parts = {key: part.shape for key, part in leaves(space).items()}
    for key, values in statistics["observations"].items():
        shape = np.shape(values["mean"])
        if parts.get(key) != shape:
            where = f" of {key}" if key else ""
            raise UsageError(
                f"the statistics{where} have shape {shape}; the game's observations have "
                f"{parts.get(key, f'the parts {sorted(parts)}')}"
            )


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    mean, var = (np.asarray(values[name], np.float64) for name in ("mean", "var"))
    count = float(values["count"])
    if mean.shape != var.shape or not np.isfinite([mean, var]).all() or (var < 0).any():
        raise ValueError("mean and var are not finite numbers of one shape")
    if not (np.isfinite(count) and count > 0):
        raise ValueError(f"count is {count}")
    return {"mean": mean.tolist(), "var": var.tolist(), "count": count}
