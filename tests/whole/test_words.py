"""Numbers are put into words the same way everywhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arcade_rl import words
from arcade_rl.words import DASH, MINUS, number, short_count


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (None, 2, DASH),
        (float("nan"), 2, DASH),
        (float("inf"), 2, DASH),
        (0.0, 2, "0.00"),
        (-0.001, 2, "0.00"),
        (-1.5, 1, f"{MINUS}1.5"),
        (287.414, 2, "287.41"),
        (1234567.25, 2, "1,234,567"),
        (-2e15, 1, f"{MINUS}2.0e+15"),
    ],
)
def test_numbers(value: float | None, digits: int, expected: str) -> None:
    assert number(value, digits) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0"), (999, "999"), (1000, "1.00 k"), (4_200_000, "4.20 M"), (98_760_000, "98.8 M"), (999_600, "1.00 M")],
)  # fmt: skip
def test_short_counts(count: int, expected: str) -> None:
    assert short_count(count) == expected


@pytest.mark.parametrize(
    ("say", "value", "expected"),
    [
        (words.cell, None, "-"),
        (words.cell, -1.234, "-1.23"),
        (words.percent, None, "?"),
        (words.percent, 0.125, "12 %"),
        (words.exact_percent, 0.9999, "99.9"),
        (words.exact_percent, 1.0, "100"),
        (words.clock_duration, 3_725.9, "1:02:05"),
        (words.short_duration, 59.6, "1:00"),
        (words.short_duration, 3_725.0, "1:02:05"),
        (words.rough_duration, 119.0, "119 s"),
        (words.rough_duration, 5_400.0, "90 min"),
        (words.rough_duration, 200_000.0, "2 d"),
        (words.rough_duration, -3.0, "0 s"),
        (words.spoken_duration, 0.0, "0 seconds"),
        (words.spoken_duration, 1.2, "1 second"),
        (words.spoken_duration, 95.0, "95 seconds"),
        (words.spoken_duration, 170.0, "3 minutes"),
        (words.spoken_duration, 7_300.0, "2 hours"),
        (words.spoken_duration, 1e6, "12 days"),
        (words.size, 999, "999 bytes"),
        (words.size, 1_230_000, "1.2 MB"),
        (words.size, 5e12, "5000.0 GB"),
        (words.date, 1e300, "1e+300 s"),
    ],
)
def test_durations_parts_and_sizes(
    say: Callable[[float | None], str], value: float | None, expected: str
) -> None:
    assert say(value) == expected


def test_exact_sizes() -> None:
    assert words.exact_size(1, 2**20) == "1 byte"
    assert words.exact_size(2**21, 2**20) == "2,097,152 bytes (2.0 MiB)"


def test_dates_are_those_of_one_moment() -> None:
    assert words.exact_date(1.5e9)[:16] == words.date(1.5e9)
    assert words.exact_date(1.5e9)[11:] == words.time_of_day(1.5e9)
