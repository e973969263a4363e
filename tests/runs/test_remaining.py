"""The time that is left is told where it is known to a factor of 1.5, and nowhere else."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from arcade_rl.runs.remaining import GOOD, LEAST_S, MOST_MARKS, Mark, seconds_left, thinned

BREAKOUT = [
    *(0.0, 16.6, 33.6, 52.3, 69.4), *(90.8, 107.2, 125.9, 144.4, 161.0), *(184.8, 203.9, 221.4, 238.7, 257.1),
    *(280.0, 301.3, 321.7, 338.6, 355.9), *(375.7, 392.9, 412.4, 429.3, 444.2), *(462.1, 473.6, 487.7, 501.5, 514.3),
    *(529.8, 544.3, 558.0, 570.4, 582.9),
]  # fmt: skip
"""When the updates of a real training ended, s: 2,048 steps each, five to a chunk, on a machine that
other programs slowed down and left again."""
CLIPS = [
    *(0.0, 1.1, 2.0, 2.6, 3.1, 3.7, 4.2, 4.7, 5.3, 5.8), *(8.9, 9.9, 10.5, 11.0, 11.6, 12.1, 12.6, 13.2, 13.7, 14.3),
    *(17.2, 18.3, 18.9, 19.4, 20.0, 20.5, 21.1, 21.6, 22.2, 22.7), *(25.8, 26.7, 27.3, 27.9, 28.4, 29.0, 29.5, 30.1, 30.6, 31.1),
]  # fmt: skip
"""An example: when each tenth of four clips was drawn, s, where beginning a clip takes three seconds."""


def marks_of(times: Sequence[float], to_a_part: int) -> list[Mark]:
    return [Mark(at, k + 1.0, k // to_a_part) for k, at in enumerate(times)]


def told(marks: Sequence[Mark], start_s: float = 0.0) -> list[tuple[float, float]]:
    """(what is told, what is true) at every mark at which something is told."""
    last, parts = marks[-1], marks[-1].part + 1
    found = []
    for k in range(1, len(marks)):
        now = marks[:k]
        left = seconds_left(now, last.done, parts - 1 - now[-1].part, start_s)
        if left is not None:
            found.append((left, last.seconds - now[-1].seconds))
    return found


def is_good(said: float, true: float) -> bool:
    return true / GOOD <= said <= true * GOOD


@pytest.mark.parametrize(
    ("times", "to_a_part", "least"), [(BREAKOUT, 5, 25), (CLIPS, 10, 20)], ids=["training", "clips"]
)
def test_what_is_told_of_a_training_and_of_clips_is_good(
    times: list[float], to_a_part: int, least: int
) -> None:
    found = told(marks_of(times, to_a_part), start_s=3.0)
    assert len(found) >= least
    assert [(said, true) for said, true in found if not is_good(said, true)] == []


@pytest.mark.parametrize("seed", range(5))
def test_an_uneven_pace_is_told_well_or_not_at_all(seed: int) -> None:
    source, now, times = random.Random(seed), 0.0, []
    for _ in range(200):
        now += source.expovariate(1.0)
        times.append(now)
    found = told(marks_of(times, 200))
    assert len(found) > 50
    wrong = [one for one in found if not is_good(*one) and one[1] > 10.0]
    assert len(wrong) <= len(found) // 20


def test_nothing_is_told_until_enough_is_known() -> None:
    marks = [Mark(float(k), k / 100) for k in range(60)]
    assert seconds_left(marks[:5], 1.0) is None
    assert seconds_left(marks[:8], 1000.0) is None  # far below the least share
    assert seconds_left([Mark(LEAST_S / 20 * k, float(k)) for k in range(10)], 100.0) is None
    assert seconds_left(marks, 1.0) == pytest.approx(41.0)


def test_nothing_is_told_while_the_pace_changes() -> None:
    slow = [Mark(float(k), float(k)) for k in range(20)]
    quick = [Mark(20 + k / 4, 20.0 + k) for k in range(20)]
    assert seconds_left(slow, 100.0) == pytest.approx(81.0)
    assert seconds_left([*slow, *quick[:10]], 100.0) is None


def test_a_start_that_takes_long_is_counted_for_every_part_that_is_to_begin() -> None:
    first = [Mark(float(k), float(k), 0) for k in range(11)]
    second = [Mark(20.0 + k, 11.0 + k, 1) for k in range(11)]  # 9 s for the beginning
    left = seconds_left([*first, *second], 44.0, parts_left=2)
    assert left == pytest.approx(23 + 2 * 9, rel=0.05)
    assert seconds_left(first, 44.0, parts_left=3, start_s=9.0) is None  # not known yet
    assert seconds_left(first, 44.0, parts_left=3, start_s=0.5) == pytest.approx(34.7, rel=0.05)


def test_what_was_undone_or_stands_still_tells_nothing() -> None:
    assert seconds_left([Mark(float(k), 5.0) for k in range(30)], 10.0) is None
    assert seconds_left([], 10.0) is None


def test_the_end_is_no_time_away() -> None:
    assert seconds_left([Mark(float(k), float(k)) for k in range(11)], 10.0) == 0.0


def test_marks_are_thinned_evenly() -> None:
    marks = [Mark(float(k), float(k)) for k in range(MOST_MARKS + 1)]
    kept = thinned(marks)
    assert len(kept) == len(marks) // 2 + 1
    assert (kept[0], kept[-1]) == (marks[0], marks[-1])
    assert thinned(kept) == kept
