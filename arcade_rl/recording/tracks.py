"""Rewards and metrics of an episode as the few steps at which something happens.

A track is the reward, which is 0 where nothing happens, or a metric, which stays as it was. Its events
are the steps at which it is not 0, or changes. Whole numbers are stored as varints, a metric's as the
difference from before; a track with any other number as float32. Tracks follow each other, because
those that move together have the same bytes, which compress to nearly nothing.
T is the number of steps, M of metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import VerificationError
from arcade_rl.recording.columns import (
    expect_few,
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
    changes = np.column_stack([rewards, metrics.astype(np.float64) - before])
    happens = np.column_stack([rewards != 0, metrics != before])
    at = [np.flatnonzero(column) for column in happens.T]
    is_whole = [_is_whole(values[rows, k]) for k, rows in enumerate(at)]
    whole = [changes[rows, k] for k, rows in enumerate(at) if is_whole[k]]
    other = [values[rows, k] for k, rows in enumerate(at) if not is_whole[k]]
    return {
        "counts": pack_varints(np.array([len(rows) for rows in at])),
        "steps": pack_varints(np.concatenate([np.diff(rows, prepend=0) for rows in at])),
        "whole": pack_integers(np.array(is_whole, np.uint8), 1),
        "varints": pack_varints(np.concatenate([np.zeros(0), *whole]).astype(np.int64)),
        "floats": pack_rows(np.concatenate([np.zeros(0), *other]).astype(np.float32)),
    }


def unpack_tracks(packed: Mapping[str, Any], steps: int, metrics: int) -> tuple[Floats, Floats]:
    """(rewards (T,), metrics (T, M)). VerificationError if it does not hold them."""
    tracks = 1 + metrics
    expect_few(steps * tracks, "rewards and metrics")
    counts = unpack_varints(take(packed, "counts", bytes), tracks)
    if not ((counts >= 0) & (counts <= steps)).all():
        raise VerificationError(
            f"a track of {steps} steps cannot have {counts.min()} to {counts.max()} events"
        )
    is_whole = unpack_integers(take(packed, "whole", bytes), 1, tracks) == 1
    deltas = unpack_varints(take(packed, "steps", bytes), int(counts.sum()))
    varints = unpack_varints(take(packed, "varints", bytes), int(counts[is_whole].sum()))
    floats = unpack_rows(take(packed, "floats", bytes), "<f4", (int(counts[~is_whole].sum()),))
    whole, other = iter(_split(varints, counts[is_whole])), iter(_split(floats, counts[~is_whole]))
    found = np.zeros((steps, tracks), np.float32)
    for track, moves in enumerate(_split(deltas, counts)):
        at = _rising(moves, steps)
        values = next(whole) if is_whole[track] else next(other)
        is_level = track > 0
        found[at, track] = np.cumsum(values) if is_level and is_whole[track] else values
        if is_level:
            found[:, track] = _held(found[:, track], at)
    return found[:, 0], found[:, 1:]


def _rising(moves: npt.NDArray[np.int64], steps: int) -> npt.NDArray[np.int64]:
    at = rising(moves, steps - 1)
    if at is None:
        raise VerificationError(f"the events of a track are not at rising steps below {steps}")
    return at


def rising(moves: npt.NDArray[np.int64], end: int) -> npt.NDArray[np.int64] | None:
    """The positions that these distances lead to; None if they do not rise from 0 to `end`."""
    if not ((moves >= 0) & (moves <= end)).all() or not (moves[1:] > 0).all():
        return None  # before any sum: that of forged distances may be anything
    positions = np.cumsum(moves)
    return positions if not len(positions) or positions[-1] <= end else None


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
