"""Ready metrics and terms are read from what a machine tells after every step."""

from __future__ import annotations

import numpy as np
import pytest

from arcade_rl.adapters.measures import (
    Measures,
    bcd,
    byte,
    event,
    fall,
    info,
    length,
    rise,
    score,
    sign,
    term,
    value,
)
from arcade_rl.errors import ContractError

METRICS = (
    score(),
    length(),
    byte("lives", 2, "Lives", better="up"),
    bcd("points", (0, 1), "Points"),
    info("level", key="stage"),
)
TERMS = (
    sign(),
    value("points_scored", 0.5),
    rise("climbed", 1.0, of="level"),
    fall("lives_lost", -1.0, of="lives"),
    event("level_changed", 1.0, of="level"),
    term("bytes", 0.0, "bytes that changed", lambda a, b, _: float((a.ram != b.ram).sum())),
)


def ram(*values: int) -> np.ndarray:
    return np.array(values, np.uint8)


def test_metrics_are_those_after_the_step_and_terms_compare_both_moments() -> None:
    measures = Measures(METRICS, TERMS)
    measures.begin(ram(0x00, 0x05, 3), {"stage": 1})
    terms, metrics = measures.step(-4.0, ram(0x12, 0x34, 3), {"stage": 3})
    assert metrics == {"score": -4, "length": 1, "lives": 3, "points": 1234, "level": 3}
    assert terms == {
        "score_sign": -1,
        "points_scored": -4,
        "climbed": 2,
        "lives_lost": 0,
        "level_changed": 1,
        "bytes": 2,
    }
    terms, metrics = measures.step(10.0, ram(0x12, 0x34, 1), {"stage": 2})
    assert (metrics["score"], metrics["length"]) == (6, 2)
    assert (terms["climbed"], terms["lives_lost"], terms["level_changed"]) == (0, 2, 1)


def test_a_blank_digit_of_a_decimal_number_counts_as_nought() -> None:
    measures = Measures((bcd("points", (0, 1), "Points"),), ())
    measures.begin(ram(0, 0))
    assert measures.step(0.0, ram(0xAA, 0x47))[1] == {"points": 47}


def test_an_episode_begins_with_nothing_scored() -> None:
    measures = Measures((score(), length()), ())
    measures.begin()
    measures.step(5.0)
    measures.begin()
    assert measures.step(1.0)[1] == {"score": 1, "length": 1}


def test_what_was_counted_goes_on_after_a_restore() -> None:
    measures = Measures(METRICS, TERMS)
    measures.begin(ram(0, 0, 3), {"stage": 1})
    measures.step(5.0, ram(0, 0, 3), {"stage": 1})
    saved = measures.save()
    expected = measures.step(2.0, ram(0, 1, 2), {"stage": 2})
    measures.begin(ram(9, 9, 9), {"stage": 9})
    measures.restore(saved, ram(0, 0, 3), {"stage": 1})
    assert measures.step(2.0, ram(0, 1, 2), {"stage": 2}) == expected


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"stages": 1}, "tells no value 'stage'; did you mean stages?"),
        ({}, "tells no value 'stage'; there are none"),
        ({"stage": "cave"}, "the value 'stage' is 'cave'; expected a number"),
    ],
)
def test_a_value_that_nobody_tells_is_one_line(told: dict[str, object], said: str) -> None:
    measures = Measures((info("level", key="stage"),), ())
    with pytest.raises(ContractError) as refused:
        measures.begin(told=told)
    assert said in str(refused.value)
