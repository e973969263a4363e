"""The part of an episode that is shown follows from the rewards and the metrics of its steps."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from arcade_rl.errors import UsageError
from arcade_rl.playback.moments import (
    Excerpt,
    Position,
    Stretch,
    amounts_of,
    find_stretch,
    most_telling,
)

RATE, SPEED = Fraction(10), Fraction(1)


def ends(frames: list[int]) -> Any:
    return np.concatenate([[0], np.cumsum(frames)])


def steps(count: int) -> Position:
    return Position(Fraction(count), is_seconds=False)


def seconds(count: str) -> Position:
    return Position(Fraction(count), is_seconds=True)


@pytest.mark.parametrize(
    ("amounts", "length", "before"),
    [
        ([0, 0, 0, 0, 0, 0], 3, 3),  # nothing happens: the end
        ([1, 1, 1, 1, 1, 1], 3, 3),  # an event in every step: the end
        ([1, 0, 0, 0, 0, 0], 3, 0),
        ([0, 0, 5, 0, 0, 0, 0, 0], 3, 1),  # the event is in the middle
        ([0, 3, 0, 0, 0, 2, 2, 2, 0, 0, 0], 3, 5),
        ([4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0], 3, 6),  # the later of two
        ([0, 0, 0, 0, 5, 0], 3, 3),  # the end is as good as any
        ([9, 1, 1], 10, 0),  # all of a short episode
        ([9, 1, 1], 0.01, 2),  # at least one step
    ],
)
def test_the_window_is_where_most_happens(amounts: list[int], length: float, before: int) -> None:
    assert most_telling(ends([1] * len(amounts)), np.array(amounts, float), length) == before


def test_steps_of_other_lengths_fill_the_window_by_their_frames() -> None:
    """Windows of 6 frames: the two events do not fit into one that holds the long step too."""
    long_between = ends([1, 1, 5, 1, 1, 1, 1, 1, 1])
    assert most_telling(long_between, np.array([0, 4, 0, 3, 0, 3, 0, 0, 0.0]), 6) == 3
    short_between = ends([1, 1, 1, 1, 1, 1, 1, 1, 1])
    assert most_telling(short_between, np.array([0, 4, 0, 3, 0, 3, 0, 0, 0.0]), 6) == 1


@pytest.mark.parametrize("seed", range(20))
def test_no_window_holds_more(seed: int) -> None:
    random = np.random.default_rng(seed)
    amounts = random.poisson(0.3, 200).astype(float)
    frames = random.integers(1, 5, 200).tolist()
    found = most_telling(ends(frames), amounts, 60)

    def held(before: int) -> float:
        inside = np.cumsum(frames[before:]) <= 60
        return float(amounts[before:][inside].sum())

    assert held(found) == max(held(before) for before in range(200))


def test_rewards_and_rare_changes_count_and_steady_ones_do_not() -> None:
    rewards = np.zeros(40, np.float32)
    rewards[[4, 8]] = 1.0, -3.0
    metrics = np.zeros((40, 2))
    metrics[12:, 0] = 1.0  # a life is lost
    metrics[:, 1] = np.arange(40)  # the distance grows
    expected = np.zeros(40)
    expected[[4, 8, 12]] = 0.5, 1.5, 1.0
    assert amounts_of(rewards, metrics) == pytest.approx(expected)


def test_a_metric_that_does_not_begin_at_zero_has_not_changed() -> None:
    assert amounts_of(np.zeros(30), np.full((30, 1), 5.0)).sum() == 0


AMOUNTS = np.array([0, 0, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], float)


@pytest.mark.parametrize(
    ("excerpt", "shown"),
    [
        (Excerpt(), (0, 20)),
        (Excerpt(start=steps(5)), (5, 20)),
        (Excerpt(start=seconds("1.2"), end=seconds("3")), (6, 15)),
        (Excerpt(end=steps(7)), (0, 7)),
        (Excerpt(end=steps(7), limit=Fraction(1)), (2, 7)),
        (Excerpt(start=steps(5), limit=Fraction(1)), (5, 20)),
        (Excerpt(limit=Fraction(1)), (3, 20)),
        (Excerpt(limit=Fraction(1), rule="end"), (15, 20)),
        (Excerpt(limit=Fraction(100)), (0, 20)),
        (Excerpt(limit=Fraction(100), rule="end"), (0, 20)),
    ],
)
def test_an_excerpt_means_steps(excerpt: Excerpt, shown: tuple[int, int]) -> None:
    """Two frames a step, ten frames a second."""
    found = find_stretch(excerpt, ends([2] * 20), AMOUNTS, RATE, SPEED)
    assert found == Stretch(*shown, frames=2 * shown[0])


def test_a_faster_film_shows_more_of_the_game() -> None:
    excerpt = Excerpt(limit=Fraction(1), rule="end")
    assert find_stretch(excerpt, ends([2] * 20), AMOUNTS, RATE, Fraction(2)).before == 10


@pytest.mark.parametrize(
    ("excerpt", "said"),
    [
        (Excerpt(start=steps(21)), "--start 21 is beyond the episode, which has 20 steps"),
        (Excerpt(end=seconds("4.5")), "--end 4.5s is beyond the episode, which lasts 4.0 s"),
        (Excerpt(start=steps(20)), "from step 20 to step 20 of an episode of 20 steps"),
        (Excerpt(start=steps(9), end=steps(3)), "give a start before the end"),
    ],
)
def test_a_part_that_is_not_there_is_refused(excerpt: Excerpt, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        find_stretch(excerpt, ends([2] * 20), AMOUNTS, RATE, SPEED)
