"""The 95 % interval of a mean, against tables, series and simulation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from arcade_rl.playback.evaluation import summarize
from arcade_rl.playback.interval import mean_interval, part_interval, t_quantile


def probability(t: float, freedom: int) -> float:
    """P(|T| < t) by its finite series (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = total = cosine if odd else 1.0
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= (k - 1) / k * cosine**2
        total += term
    if freedom == 1:
        return 2 * angle / math.pi
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


@pytest.mark.parametrize(
    ("freedom", "t"),
    [
        (1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (6, 2.447), (7, 2.365),
        (9, 2.262), (10, 2.228), (19, 2.093), (29, 2.045), (60, 2.000), (99, 1.984),
        (120, 1.980), (10**7, 1.960),
    ],
)  # fmt: skip
def test_the_t_quantile_is_that_of_the_tables(freedom: int, t: float) -> None:
    assert t_quantile(0.95, freedom) == pytest.approx(t, abs=5.1e-4)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
def test_the_t_quantile_holds_the_probability(level: float) -> None:
    for freedom in (*range(1, 40), 100, 1001):
        t = t_quantile(level, freedom)
        low, high = probability(t * (1 - 1e-5), freedom), probability(t * (1 + 1e-5), freedom)
        assert low < level < high


@pytest.mark.parametrize(("level", "freedom"), [(0.0, 5), (1.0, 5), (0.95, 0)])
def test_there_is_no_such_t(level: float, freedom: int) -> None:
    with pytest.raises(ValueError, match="no t quantile"):
        t_quantile(level, freedom)


def test_the_interval_of_a_mean() -> None:
    assert mean_interval([3.0]) is None
    assert mean_interval([2.0, 2.0, 2.0]) == (2.0, 2.0)
    low, high = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0]) or (0.0, 0.0)
    assert (low, high) == pytest.approx((3 - 1.963243, 3 + 1.963243), abs=1e-5)


def test_the_interval_of_a_count_is_cut_off_at_its_bounds() -> None:
    values = [0.0, 0.0, 0.0, 0.0, 0.0, 2.0]
    low, high = mean_interval(values) or (0.0, 0.0)
    assert low < 0.0
    assert mean_interval(values, least=0.0) == (0.0, high)
    assert mean_interval(values, least=0.0, most=1.0) == (0.0, high)  # 2 lies beyond such a bound
    assert (mean_interval([1.0, 1.0, 0.0], most=1.0) or ())[1] == 1.0


def test_the_interval_holds_the_true_mean_as_often_as_it_says() -> None:
    samples = np.random.default_rng(0).normal(7.0, 2.0, (4000, 5))
    intervals: Iterator[Any] = (mean_interval(row.tolist()) for row in samples)
    assert np.mean([low < 7.0 < high for low, high in intervals]) == pytest.approx(0.95, abs=0.01)


def test_a_single_episode_has_no_interval_and_no_nan() -> None:
    summary = summarize([4.0])
    assert summary.interval is None
    assert (summary.mean, summary.median, summary.minimum, summary.maximum) == (4.0,) * 4


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(195, 200, 0.943, 0.989), (200, 200, 0.981, 1.0), (0, 20, 0.0, 0.161), (47, 60, 0.664, 0.869)],
)
def test_a_part_has_the_interval_of_wilson(hits: int, count: int, low: float, high: float) -> None:
    assert part_interval(hits / count, count) == pytest.approx((low, high), abs=6e-4)
    values = [1.0] * hits + [0.0] * (count - hits)
    assert mean_interval(values, least=0, most=1) == part_interval(hits / count, count)


def test_values_between_0_and_1_are_no_parts() -> None:
    values = [0.0, 0.5, 1.0, 1.0]
    assert mean_interval(values, least=0, most=1) != part_interval(0.625, 4)
