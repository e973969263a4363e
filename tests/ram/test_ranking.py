"""Places that hold a series, found in made-up memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from arcade_rl.errors import UsageError
from arcade_rl.ram.ranking import MemoryTrace, rank, rank_changes

STEPS, SIZE = 400, 64


@pytest.fixture
def noise() -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (STEPS, SIZE), dtype=np.uint8)


def score(seed: int = 1) -> npt.NDArray[np.float64]:
    """A score that grows at one step of twenty, by 1 to 9."""
    rng = np.random.default_rng(seed)
    gained = (rng.random(STEPS) < 0.05) * rng.integers(1, 10, STEPS)
    return np.cumsum(gained).astype(np.float64)


def test_the_very_number_comes_first(noise: npt.NDArray[np.uint8]) -> None:
    noise[:, 9] = score() % 100 // 10 * 16 + score() % 10
    (first, *_) = rank([MemoryTrace(noise, score())])
    assert (first.address, first.kind.name, first.is_same) == (9, "bcd8", True)


def test_a_number_of_two_bytes_is_put_together(noise: npt.NDArray[np.uint8]) -> None:
    series = score() * 300
    noise[:, 20], noise[:, 21] = series.astype(int) & 255, series.astype(int) >> 8
    (first, second, *_) = rank([MemoryTrace(noise, series)])
    assert (first.address, first.kind.name, first.is_same) == (20, "u16le", True)
    assert second.address == 21  # the upper byte alone goes along with it


def test_a_number_that_falls_as_the_series_rises_is_found(noise: npt.NDArray[np.uint8]) -> None:
    noise[:, 3] = 200 - score()
    (first, *_) = rank([MemoryTrace(noise, score())])
    assert (first.address, first.scale, first.offset) == (3, pytest.approx(-1), pytest.approx(200))


def test_notes_of_a_moving_thing_are_enough(noise: npt.NDArray[np.uint8]) -> None:
    """Twelve notes, each a pixel off at most, in a place that moves all the time."""
    place = 80 + 60 * np.sin(np.arange(STEPS) / 9)
    noise[:, 40] = place
    series = np.full(STEPS, np.nan)
    at = np.arange(0, STEPS, STEPS // 12)
    series[at] = place[at] * 2 + np.resize([-1, 0, 1], len(at))
    assert rank([MemoryTrace(noise, series)])[0].address == 40


def test_episodes_are_not_joined(noise: npt.NDArray[np.uint8]) -> None:
    """The jump from one episode to the next is no change."""
    parts = [(noise[:200].copy(), score(1)[:200]), (noise[200:].copy(), score(2)[:200] + 50)]
    for memory, series in parts:
        memory[:, 5] = series + 7
    (first, *_) = rank([MemoryTrace(memory, series) for memory, series in parts])
    assert (first.address, first.together) == (5, 1.0)


def test_steps_of_change_are_enough(noise: npt.NDArray[np.uint8]) -> None:
    noise[:, 11] = np.resize([3, 1, 2], STEPS)[np.cumsum(np.isin(np.arange(STEPS), [40, 90, 91]))]
    assert rank_changes([noise], [[40, 90, 91]])[0].address == 11


def test_a_series_that_rests_says_nothing(noise: npt.NDArray[np.uint8]) -> None:
    with pytest.raises(UsageError, match="the series never changes"):
        rank([MemoryTrace(noise, np.zeros(STEPS))])
