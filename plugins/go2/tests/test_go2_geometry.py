"""Quaternions are (w, x, y, z): rotations worked out by hand, and random numbers that are seeds' own."""

from __future__ import annotations

import math

import pytest
import torch

from arcade_rl_go2 import geometry
from arcade_rl_go2.randomness import following, uniform
from go2_motion import headed, heading

HALF = math.sqrt(0.5)
UPRIGHT = [1.0, 0.0, 0.0, 0.0]
TURNED_LEFT = [HALF, 0.0, 0.0, HALF]
TURNED_ROUND = [0.0, 0.0, 0.0, 1.0]
ON_THE_RIGHT_SIDE = [HALF, HALF, 0.0, 0.0]
NOSE_DOWN = [HALF, 0.0, HALF, 0.0]
ON_THE_BACK = [0.0, 1.0, 0.0, 0.0]


def downs(quaternion: list[float]) -> torch.Tensor:
    return geometry.down(torch.tensor([quaternion]))


@pytest.mark.parametrize(
    ("quaternion", "tilt", "turned"),
    [
        (UPRIGHT, 0.0, 0.0),
        (TURNED_LEFT, 0.0, math.pi / 2),
        (TURNED_ROUND, 0.0, math.pi),
        (ON_THE_RIGHT_SIDE, math.pi / 2, 0.0),
        (ON_THE_BACK, math.pi, 0.0),
    ],
)
def test_a_turn_is_not_a_tilt(quaternion: list[float], tilt: float, turned: float) -> None:
    assert geometry.tilt(downs(quaternion)).item() == pytest.approx(tilt, abs=1e-6)
    found = heading(torch.tensor([quaternion])).item()
    assert found == pytest.approx(turned, abs=1e-6)


@pytest.mark.parametrize(
    ("quaternion", "roll", "pitch"),
    [
        (TURNED_ROUND, 0.0, 0.0),
        (ON_THE_RIGHT_SIDE, math.pi / 2, 0.0),
        (NOSE_DOWN, 0.0, math.pi / 2),
    ],
)
def test_roll_and_pitch(quaternion: list[float], roll: float, pitch: float) -> None:
    found = geometry.roll_and_pitch(downs(quaternion))
    assert found[1].item() == pytest.approx(pitch, abs=1e-3)
    if pitch < 1.0:
        assert found[0].item() == pytest.approx(roll, abs=1e-6)


def test_vectors_of_the_world_are_seen_from_the_body() -> None:
    ahead = torch.tensor([[1.0, 2.0, 3.0]])
    seen = geometry.to_body(torch.tensor([TURNED_LEFT]), ahead)
    assert seen[0].tolist() == pytest.approx([2.0, -1.0, 3.0], abs=1e-6)
    seen = geometry.to_body(torch.tensor([NOSE_DOWN]), torch.tensor([[0.0, 0.0, -1.0]]))
    assert seen[0].tolist() == pytest.approx([1.0, 0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("angle", [0.0, 0.3, -2.0, 3.0])
def test_headed_is_the_inverse_of_heading(angle: float) -> None:
    quaternions = headed(torch.tensor([angle]))
    assert heading(quaternions).item() == pytest.approx(angle, abs=1e-6)


def test_random_numbers_depend_on_seed_and_place_alone() -> None:
    seeds, places = torch.tensor([5, 6, 2**31 - 1]), torch.arange(4)
    low, high = torch.full((4,), -1.0), torch.full((4,), 3.0)
    drawn = uniform(seeds, places, low, high)
    again = uniform(seeds[[2, 0]], places[1:], low[1:], high[1:])
    assert torch.equal(again, drawn[[2, 0], 1:])
    assert len(set(drawn.flatten().tolist())) == 12


def test_random_numbers_fill_their_range_evenly() -> None:
    low, high = torch.tensor([-1.0]), torch.tensor([3.0])
    drawn = uniform(torch.arange(20_000), torch.zeros(1, dtype=torch.int64), low, high)
    assert -1.0 <= drawn.min() < -0.99
    assert 2.99 < drawn.max() <= 3.0
    counts = torch.histc(drawn, 10)
    assert counts.min() > 1_800
    assert counts.max() < 2_200


def test_following_seeds_are_seeds_and_do_not_meet_soon() -> None:
    seeds = torch.arange(1_000)
    seen = [seeds]
    for _ in range(20):
        seen.append(following(seen[-1]))
    every = torch.cat(seen[1:])
    assert every.min() >= 0
    assert every.max() < 2**31
    assert len(set(every.tolist())) > 0.9999 * len(every)
