"""Rewards and metrics come back from their events, and events that make no sense are refused."""

from __future__ import annotations

import math
from typing import Any

import msgpack
import numpy as np
import pytest

from arcade_rl.errors import VerificationError
from arcade_rl.recording.columns import pack_digits, pack_varints
from arcade_rl.recording.tracks import pack_tracks, unpack_tracks

RNG = np.random.default_rng(0)


def came_back(rewards: Any, metrics: Any) -> int:
    """Whether tracks come back bit by bit; their bytes."""
    rewards, metrics = np.asarray(rewards, np.float32), np.asarray(metrics, np.float32)
    parts = pack_tracks(rewards, metrics)
    again = unpack_tracks({"tracks": parts}, *metrics.shape)
    assert again[0].tobytes() == rewards.tobytes()
    assert again[1].shape == metrics.shape
    assert again[1].tobytes() == metrics.tobytes()
    return len(msgpack.packb(parts))


@pytest.mark.parametrize("steps", [1, 2, 3, 64, 700])
@pytest.mark.parametrize("often", [0.0, 0.04, 0.5, 1.0])
def test_rewards_and_metrics_are_stored_where_they_change(often: float, steps: int) -> None:
    happens = RNG.random((steps, 7)) < often
    rewards = happens[:, 0] * RNG.choice([1, 4, 7], steps)
    metrics = np.cumsum(happens[:, 1:], axis=0).astype(np.float32)
    metrics[:, 1] *= 0.37
    metrics[:, 2] -= 5
    metrics[:, 3] = 0
    metrics[:, 4] += np.arange(steps)
    metrics[:, 5] = RNG.normal(size=steps)
    came_back(rewards, metrics)
    came_back(RNG.normal(size=steps), metrics[:, :0])


def test_tracks_of_any_numbers_come_back() -> None:
    steps = 50
    largest = 2**24 - 1
    numbers = [0, 1, -largest, largest, 2**24, 0.5, -1e30, math.inf, math.nan]
    levels = RNG.choice(np.array(numbers, np.float32), (steps, 30))
    levels[:, :10] = RNG.choice([-largest, 0, largest], (steps, 10))
    levels = np.abs(levels) * (1 - 2 * (levels < 0))  # no -0.0: it is stored as 0
    came_back(levels[:, 0], levels[:, 1:])
    came_back(levels[:, 29], levels)


def test_silent_tracks_and_trends_take_next_to_nothing() -> None:
    silent = came_back(np.zeros(9000), np.zeros((9000, 12)))
    assert silent < 25
    counted = np.arange(1, 9001)[:, None] + np.zeros(12)
    assert came_back(np.full(9000, -1), counted) < 45
    counted[5000:] -= 4000
    assert came_back(np.full(9000, -1), counted) < 80


def tracks(**changes: Any) -> list[Any]:
    """20 steps and two metrics: the reward is 1 at steps 3 and 9, the first metric 5 from step 9 on,
    the second silent."""
    parts = {
        "count": 2,
        "widest": 6,
        "distances": pack_digits(np.array([3, 6]), 7),
        "num_sets": 2,
        "sets": pack_digits(np.array([1, 0, 1, 1]), 2),
        "which": pack_digits(np.array([0, 1]), 2),
        "kinds": pack_digits(np.array([1, 2, 0]), 5),
        "trends": b"",
        "moves": pack_varints(np.array([5])),
        "others": b"",
    }
    return list((parts | changes).values())


def test_tracks_are_read_as_documented() -> None:
    rewards, metrics = unpack_tracks({"tracks": tracks()}, 20, 2)
    assert np.flatnonzero(rewards).tolist() == [3, 9]
    assert metrics[:, 0].tolist() == [0] * 9 + [5] * 11
    assert not metrics[:, 1].any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 21}, "cannot have events at 21"),
        ({"count": -1}, "cannot have events at -1"),
        ({"widest": 21}, "21 apart"),
        ({"widest": 0}, "0 apart"),
        ({"distances": b""}, "does not hold 2 integers below 7"),
        ({"distances": pack_digits(np.array([3, 0]), 7)}, "not at rising"),
        (
            {"widest": 19, "distances": pack_digits(np.array([3, 17]), 20)},
            "not at rising steps below 20",
        ),
        ({"num_sets": 3}, "of 3 sets"),
        ({"num_sets": 1, "sets": b"\1"}, "an event is of no track"),
        ({"sets": b"\1"}, "an event is of no track"),
        ({"kinds": b"\x7d"}, "does not hold 3 integers below 5"),
        ({"kinds": pack_digits(np.array([1, 4, 0]), 5)}, "does not hold"),
        ({"kinds": pack_digits(np.array([1, 2, 3]), 5)}, "does not hold"),
        ({"trends": b"\2"}, "does not hold 0 varints"),
        ({"moves": pack_varints(np.array([5, 5]))}, "not hold 1 varints"),
        ({"moves": pack_varints(np.array([2**62]))}, "beyond float32"),
        ({"moves": pack_varints(np.array([2**24]))}, "beyond float32"),
        (
            {
                "kinds": pack_digits(np.array([1, 3, 0]), 5),
                "trends": pack_varints(np.array([2**23])),
            },
            "beyond float32",
        ),
        (
            {
                "kinds": pack_digits(np.array([1, 3, 0]), 5),
                "trends": pack_varints(np.array([-(2**62)])),
            },
            "beyond float32",
        ),
        ({"others": b"\0\0\0\0"}, "does not hold 0 values"),
    ],
)
def test_forged_parts_are_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(VerificationError, match=message):
        unpack_tracks({"tracks": tracks(**changes)}, 20, 2)
