"""Rewards and metrics of an episode as the few steps at which something happens.

A track is the reward or a metric. The move of a track at a step is the reward itself, or how much
the metric changed since the step before. A track of whole numbers has a trend, which is the median
of its moves: 0 where little happens, 1 where steps are counted. Its events are the steps with
another move. A track with any other number is stored as float32: its events are the steps at which
the reward is not 0, or the metric changes.

Tracks often move together. So the steps at which any track has an event are stored once. Few sets
of tracks occur, so each event names one of them. T is the number of steps, E the number of steps
with an event, M the number of metrics, and K = 1 + M the number of tracks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import VerificationError
from arcade_rl.recording.columns import (
    expect_few,
    pack_digits,
    pack_rows,
    pack_varints,
    unpack_digits,
    unpack_rows,
    unpack_varints,
)
from arcade_rl.recording.fields import take_parts

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_WHOLE = 2**24
"""Limit below which float32 holds every whole number."""
_SILENT, _COUNTER, _LEVEL, _STEADY, _OTHER = _KINDS = range(5)
"""Kinds of tracks: 0 at every step; whole numbers whose every event is a move of 1; other whole
numbers without a trend; whole numbers with a trend; any numbers."""


def pack_tracks(rewards: Floats, metrics: Floats) -> list[Any]:
    """The parts of the column for rewards (T,) and metrics (T, M)."""
    values = np.column_stack([rewards, metrics])
    before = np.vstack([np.zeros_like(values[:1]), values[:-1]])
    before[:, 0] = 0
    is_whole = ((values == np.rint(values)) & (np.abs(values) < _WHOLE)).all(axis=0)
    changes = values[:, is_whole].astype(np.int32) - before[:, is_whole].astype(np.int32)
    trends = np.sort(changes, axis=0)[len(changes) // 2]
    moves = changes - trends
    happens = values != before
    happens[:, is_whole] = moves != 0
    kinds = np.full(values.shape[1], _OTHER)
    kinds[is_whole] = _kinds_of_whole(moves, trends)
    is_stored = kinds[is_whole] >= _LEVEL
    return [
        *_pack_events(happens, kinds != _SILENT),
        pack_digits(kinds, len(_KINDS)),
        pack_varints(trends[trends != 0]),
        pack_varints(_by_track(moves[:, is_stored], happens[:, is_whole][:, is_stored])),
        pack_rows(_by_track(values[:, ~is_whole], happens[:, ~is_whole])),
    ]


def _kinds_of_whole(
    moves: npt.NDArray[np.int32], trends: npt.NDArray[np.int32]
) -> npt.NDArray[np.intp]:
    kinds = np.where(trends != 0, _STEADY, _LEVEL)
    kinds[(kinds == _LEVEL) & ((moves == 0) | (moves == 1)).all(axis=0)] = _COUNTER
    kinds[(kinds == _COUNTER) & ~moves.any(axis=0)] = _SILENT
    return kinds


def _by_track(values: npt.NDArray[Any], happens: Flags) -> npt.NDArray[Any]:
    """The values at the events, one track after the other."""
    found: npt.NDArray[Any] = values.T[happens.T]
    return found


def _pack_events(happens: Flags, is_active: Flags) -> list[Any]:
    """The parts of the column for events (T, K); `is_active` says which tracks have any at all
    (K,)."""
    steps = np.flatnonzero(happens.any(axis=1))
    distances = np.diff(steps, prepend=0)
    widest = int(distances.max(initial=1))
    sets, which = _distinct(happens[steps])
    return [
        len(steps),
        widest,
        pack_digits(distances, widest + 1),
        len(sets),
        pack_digits(sets[:, is_active].astype(np.uint8), 2),
        pack_digits(which, max(2, len(sets))),
    ]


def _distinct(rows: Flags) -> tuple[Flags, npt.NDArray[np.intp]]:
    """(the S different rows (S, K), the index of each row among them (E,)). `np.unique` takes ten
    times as long."""
    order = np.lexsort(np.packbits(rows, axis=1).T)
    in_order = rows[order]
    is_new = np.ones(len(rows), np.bool_)
    is_new[1:] = (in_order[1:] != in_order[:-1]).any(axis=1)
    which = np.empty(len(rows), np.intp)
    which[order] = np.cumsum(is_new) - 1
    return in_order[is_new], which


def unpack_tracks(columns: Mapping[str, Any], steps: int, metrics: int) -> tuple[Floats, Floats]:
    """(rewards (T,), metrics (T, M)). VerificationError if the column does not hold them."""
    *events, packed_kinds, packed_trends, packed_moves, packed_others = take_parts(
        columns, "tracks", *(int, int, bytes, int, bytes, bytes), *(bytes, bytes, bytes, bytes)
    )
    expect_few(steps * (1 + metrics), "rewards and metrics")
    kinds = unpack_digits(packed_kinds, len(_KINDS), 1 + metrics)
    trends = np.zeros(len(kinds), np.int64)
    trends[kinds == _STEADY] = unpack_varints(packed_trends, int((kinds == _STEADY).sum()))
    active = np.flatnonzero(kinds != _SILENT)
    at, happens = _unpack_events(events, steps, len(active))
    sizes, kinds = np.count_nonzero(happens, axis=0), kinds[active]
    of_moves, of_others = sizes[np.isin(kinds, (_LEVEL, _STEADY))], sizes[kinds == _OTHER]
    all_moves = unpack_varints(packed_moves, int(of_moves.sum()))
    all_others = unpack_rows(packed_others, "<f4", (int(of_others.sum()),))
    _expect_whole(trends, _WHOLE << 1)
    _expect_whole(all_moves, _WHOLE << 2)
    moves, others = iter(_split(all_moves, of_moves)), iter(_split(all_others, of_others))
    found = np.zeros((steps, 1 + metrics), np.float32)
    for track, kind, own in zip(active.tolist(), kinds.tolist(), happens.T, strict=True):
        if kind == _OTHER:
            _fill_other(found[:, track], at[own], next(others), is_metric=track > 0)
            continue
        changes = np.full(steps, trends[track])
        changes[at[own]] += 1 if kind == _COUNTER else next(moves)
        values = np.cumsum(changes) if track > 0 else changes
        _expect_whole(values, _WHOLE)
        found[:, track] = values
    return found[:, 0], found[:, 1:]


def _fill_other(column: Floats, at: Integers, values: npt.NDArray[Any], is_metric: bool) -> None:
    """Fill a column of zeros (T,) with the values of a track. A metric keeps each value until the
    next."""
    column[at] = values
    if is_metric:
        last = np.zeros(len(column), np.int64)
        last[at] = at
        column[:] = column[np.maximum.accumulate(last)]


def _unpack_events(parts: list[Any], steps: int, tracks: int) -> tuple[Integers, Flags]:
    """(steps with an event (E,), which tracks have an event at each of them (E, tracks))."""
    count, widest, distances, num_sets, packed_sets, which = parts
    if not (0 <= count <= steps and 1 <= widest <= steps and 0 <= num_sets <= count):
        raise VerificationError(
            f"tracks of {steps} steps cannot have events at {count}, {widest} apart, of {num_sets} sets"
        )
    expect_few(count * tracks, "events")
    at = rising(unpack_digits(distances, widest + 1, count), steps - 1)
    if at is None:
        raise VerificationError(f"the events of tracks are not at rising steps below {steps}")
    sets = unpack_digits(packed_sets, 2, num_sets * tracks, np.bool_).reshape(num_sets, tracks)
    index = unpack_digits(which, max(2, num_sets), count)
    if index.max(initial=-1) >= num_sets or not sets.any(axis=1).all():
        raise VerificationError("an event is of no track")
    return at, sets[index]


def _expect_whole(values: Integers, limit: int) -> None:
    """VerificationError unless all values lie within `limit`. The limits are what whole numbers in
    float32 can lead to, so that no sum overflows."""
    if len(values) and not -limit < values.min() <= values.max() < limit:
        raise VerificationError(f"a track of {values.min()} to {values.max()} is beyond float32")


def _split(values: npt.NDArray[Any], sizes: npt.NDArray[np.intp]) -> list[npt.NDArray[Any]]:
    return np.split(values, np.cumsum(sizes)[:-1])


def rising(moves: Integers, end: int) -> Integers | None:
    """The positions that these distances lead to; None if the positions do not rise within 0 to
    `end`."""
    if not ((moves >= 0) & (moves <= end)).all() or not (moves[1:] > 0).all():
        return None  # checked before any sum: a sum of forged distances may overflow
    positions = np.cumsum(moves)
    return positions if not len(positions) or positions[-1] <= end else None
