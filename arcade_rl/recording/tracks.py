"""Rewards and metrics of an episode as the few steps at which something happens.

A track is the reward, which is 0 where nothing happens, or a metric, which stays as it was. An event
is a step at which any track has one; a mask says which. Whole numbers are stored as varints, a
metric's as the difference from before; a track with any other number as float32.
T is the number of steps, M of metrics, E of events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import VerificationError
from arcade_rl.recording.columns import (
    pack_integers,
    pack_rows,
    pack_varints,
    unpack_integers,
    unpack_rows,
    unpack_varints,
)
from arcade_rl.recording.fields import take

Floats = npt.NDArray[np.float32]
_WHOLE = 2**24
"""Below this float32 holds every whole number."""


def pack_tracks(rewards: Floats, metrics: Floats) -> dict[str, Any]:
    """(T,) and (T, M)."""
    before = np.vstack([np.zeros_like(metrics[:1]), metrics[:-1]])
    values = np.column_stack([rewards, metrics])
    happens = np.column_stack([rewards != 0, metrics != before])
    rows = np.flatnonzero(happens.any(axis=1))
    is_whole = [_is_whole(values[happens[:, k], k]) for k in range(values.shape[1])]
    whole = np.column_stack([rewards, metrics - before])
    varints = [whole[happens[:, k], k] for k, is_int in enumerate(is_whole) if is_int]
    floats = [values[happens[:, k], k] for k, is_int in enumerate(is_whole) if not is_int]
    return {
        "count": len(rows),
        "steps": pack_varints(np.diff(rows, prepend=0)),
        "mask": pack_integers(happens[rows].astype(np.uint8), 1),
        "whole": pack_integers(np.array(is_whole, np.uint8), 1),
        "varints": pack_varints(np.concatenate([np.zeros(0, np.int64), *varints]).astype(np.int64)),
        "floats": pack_rows(np.concatenate([np.zeros(0), *floats]).astype(np.float32)),
    }


def unpack_tracks(packed: Mapping[str, Any], steps: int, metrics: int) -> tuple[Floats, Floats]:
    """(rewards (T,), metrics (T, M)). VerificationError if it does not hold them."""
    count, tracks = take(packed, "count", int), 1 + metrics
    if not 0 <= count <= steps:
        raise VerificationError(f"an episode of {steps} steps cannot have {count} events")
    rows = np.cumsum(unpack_varints(take(packed, "steps", bytes), count))
    if count and not (rows[0] >= 0 and rows[-1] < steps and (np.diff(rows) > 0).all()):
        raise VerificationError(f"the events are not at rising steps below {steps}")
    mask = unpack_integers(take(packed, "mask", bytes), 1, count * tracks).reshape(count, tracks)
    is_whole = unpack_integers(take(packed, "whole", bytes), 1, tracks) == 1
    sizes = mask.sum(axis=0)
    varints = unpack_varints(take(packed, "varints", bytes), int(sizes[is_whole].sum()))
    floats = unpack_rows(take(packed, "floats", bytes), "<f4", (int(sizes[~is_whole].sum()),))
    parts = {
        True: iter(_split(varints, sizes[is_whole])),
        False: iter(_split(floats, sizes[~is_whole])),
    }
    found = np.zeros((steps, tracks), np.float32)
    for track in range(tracks):
        values = next(parts[bool(is_whole[track])])
        at = rows[mask[:, track] == 1]
        if track and is_whole[track]:
            values = np.cumsum(values)
        found[at, track] = values
        if track:
            found[:, track] = _held(found[:, track], at)
    return found[:, 0], found[:, 1:]


def _is_whole(values: Floats) -> bool:
    return bool(((values == np.rint(values)) & (np.abs(values) < _WHOLE)).all())


def _split(values: npt.NDArray[Any], sizes: npt.NDArray[np.int64]) -> list[npt.NDArray[Any]]:
    return np.split(values, np.cumsum(sizes)[:-1])


def _held(values: Floats, changes: npt.NDArray[np.int64]) -> Floats:
    """Each step has the value of the change before it, and 0 before the first."""
    last = np.zeros(len(values), np.int64)
    last[changes] = changes
    held: Floats = values[np.maximum.accumulate(last)]
    return held
