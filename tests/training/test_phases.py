"""Wall time by phase is summed, and told as shares."""

from __future__ import annotations

import pytest

from arcade_rl.runs.events import PHASES
from arcade_rl.runs.phases import in_words, shares, total


def test_phases_are_summed_in_their_order() -> None:
    summed = total([{"learn": 1.0, "environment": 2.0}, {}, {"learn": 0.5, "other": 1.0}])
    assert summed == {"environment": 2.0, "learn": 1.5, "other": 1.0}
    assert list(summed) == ["environment", "learn", "other"]
    assert tuple(total([dict.fromkeys(reversed(PHASES), 1.0)])) == PHASES


@pytest.mark.parametrize("seconds", [{}, {"learn": 0.0}])
def test_no_time_has_no_shares(seconds: dict[str, float]) -> None:
    assert shares(seconds) == {}
    assert in_words(seconds) == ""


def test_shares_are_told_the_largest_first() -> None:
    seconds = {"environment": 4.8, "inference": 0.9, "learn": 3.6, "record": 0.7}
    assert sum(shares(seconds).values()) == pytest.approx(1.0)
    assert in_words(seconds) == "environment 48 %, learn 36 %, inference 9 %, record 7 %"
