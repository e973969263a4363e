"""Which episodes each criterion keeps."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from typing import Any

import pytest

from arcade_rl.config import from_assignments, resolve
from arcade_rl.config.recording import RETURN, RecordingTable
from arcade_rl.contracts import Metric
from arcade_rl.errors import ConfigError
from arcade_rl.recording.criteria import Criterion, Facts, make
from arcade_rl.registry import load_game

METRICS = [
    Metric("score", "score", better="up"),
    Metric("falls", "falls", better="down"),
    Metric("x", "x"),
]


def criterion(written: Any) -> Criterion:
    """The criterion that a configuration writes so."""
    table = tomllib.loads(f"criteria = [{written}]")
    (settings,) = RecordingTable.model_validate(table).criteria or ()
    return make(settings, METRICS)


def episodes(values: Sequence[float], name: str = RETURN, stage: int = 0) -> list[Facts]:
    blank = {RETURN: 0.0, "score": 0.0, "falls": 0.0, "x": 0.0}
    return [
        Facts(number, stage, 10, {**blank, name: float(value)})
        for number, value in enumerate(values, start=1)
    ]


def kept(it: Criterion, seen: Sequence[Facts]) -> list[int]:
    return [episode.number for episode in seen if it.matches(episode)]


def test_all_keeps_every_episode() -> None:
    assert kept(criterion('"all"'), episodes([1, 1, 0])) == [1, 2, 3]


def test_periodic_keeps_every_nth_of_the_run() -> None:
    assert kept(criterion('{name="periodic", every=3}'), episodes([0] * 10)) == [3, 6, 9]


def test_performance_compares_with_the_episodes_before() -> None:
    it = criterion('{name="performance", window=10, top="10%", bottom="10%"}')
    assert kept(it, episodes(range(10))) == [], "the window is not full"
    assert kept(it, episodes([9.5, 0, 5, -1, 20])) == [1, 2, 4, 5]


@pytest.mark.parametrize("share", range(1, 100))
def test_an_episode_exactly_at_the_limit_is_kept(share: int) -> None:
    it = criterion(f'{{name="performance", window=100, top="{share}%", bottom="0%"}}')
    assert kept(it, episodes(range(100))) == []
    assert kept(it, episodes([99.5 - share])) == [1]
    it.remember(list(range(100)))
    assert kept(it, episodes([98.5 - share])) == []


def test_performance_keeps_no_ties() -> None:
    it = criterion('{name="performance", window=5, top="10%", bottom="10%"}')
    assert kept(it, episodes([3] * 50)) == []
    assert kept(it, episodes([4, 3, 3, 4])) == [1], "the second 4 does not beat the first"


@pytest.mark.parametrize(("top", "bottom", "expected"), [("20%", "0%", [6]), ("0%", "20%", [7])])
def test_either_end_of_performance_can_be_off(top: str, bottom: str, expected: list[int]) -> None:
    it = criterion(f'{{name="performance", window=5, top="{top}", bottom="{bottom}"}}')
    assert kept(it, episodes([1, 2, 3, 4, 5, 9, 0])) == expected


def test_the_top_of_a_metric_of_which_less_is_better_is_low() -> None:
    it = criterion('{name="performance", metric="falls", window=4, top="25%", bottom="0%"}')
    assert kept(it, episodes([5, 6, 7, 8, 20, 1], "falls")) == [6]


def test_stage_transition_looks_back_and_ahead() -> None:
    it = criterion('{name="stage_transition", before=2, after=3}')
    old = episodes([0] * 6)
    assert kept(it, old) == []
    assert it.look_back == 2
    assert [e.number for e in it.stage_ended(0, old)] == [5, 6]
    late = episodes([0] * 2)
    assert kept(it, late) == [], "played in the stage that is over"
    assert kept(it, episodes([0] * 5, stage=1)) == [1, 2, 3]


def test_stage_boundary_keeps_the_first_and_the_last_of_a_stage() -> None:
    it = criterion('{name="stage_boundary", first=2, last=1}')
    old = episodes([0] * 4)
    assert kept(it, old) == [1, 2]
    new = episodes([0] * 4, stage=1)
    assert [e.number for e in it.stage_ended(0, [*old, *new])] == [4]
    assert kept(it, new) == [1, 2]


def test_a_record_beats_what_was_there() -> None:
    it = criterion('{name="record", metrics=["score", "falls"]}')
    assert kept(it, episodes([5, 5, 6, 4, 6, 7], "score")) == [3, 6]
    assert kept(it, episodes([0, -1], "falls")) == [2]


def test_records_are_of_everything_that_has_a_direction() -> None:
    it = criterion('"record"')
    assert kept(it, episodes([1, 2], "x")) == []
    assert kept(it, episodes([1, 2], "score")) == [1, 2]
    assert kept(it, episodes([1, 2])) == [1, 2]


def test_first_keeps_one_episode() -> None:
    it = criterion('{name="first", metric="score", threshold=5.0}')
    assert kept(it, episodes([1, 4.9, 5, 9, 5], "score")) == [3]


def test_first_is_reached_from_above_where_less_is_better() -> None:
    it = criterion('{name="first", metric="falls", threshold=1.0}')
    assert kept(it, episodes([9, 2, 1, 0], "falls")) == [3]


def test_failure_keeps_the_shortest() -> None:
    it = criterion('{name="failure", shortest="20%", window=4}')
    seen = [Facts(k, 0, length, {}) for k, length in enumerate([9, 8, 7, 10, 7, 3, 3, 20], start=1)]
    assert kept(it, seen) == [6]


@pytest.mark.parametrize(
    "written",
    [
        '{name="performance", window=4, top="25%"}',
        '{name="failure", window=3, shortest="40%"}',
        '"record"',
        '{name="first", metric="return", threshold=5.0}',
        '{name="stage_boundary", first=7}',
        '{name="periodic", every=2}',
    ],
)
def test_what_is_remembered_goes_on_elsewhere(written: str) -> None:
    seen = [
        Facts(k, 0, v, {RETURN: v, "score": v, "falls": 0, "x": 0})
        for k, v in enumerate([1, 5, 2, 7, 3, 6, 9, 2, 1, 8], start=1)
    ]
    whole, first, second = (criterion(written) for _ in range(3))
    expected = kept(whole, seen)
    found = kept(first, seen[:5])
    second.remember(json.loads(json.dumps(first.memory())))
    assert found + kept(second, seen[5:]) == expected
    assert expected


def test_a_transition_is_remembered_between_chunks() -> None:
    first, second = (criterion('{name="stage_transition", before=1, after=3}') for _ in range(2))
    first.stage_ended(0, [])
    assert kept(first, episodes([0], stage=1)) == [1]
    second.remember(json.loads(json.dumps(first.memory())))
    assert kept(second, episodes([0] * 4, stage=1)) == [1, 2]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('[{name="first", metric="hist", threshold=1.0}]', "first: there is no metric 'hist'; it may be return, hits, streak"),
        ('[{name="performance", metric="hist"}]', "performance: there is no metric 'hist'"),
        ('["all", {name="record", metrics=["hits", "y"]}]', "record: there is no metric 'y'"),
        ('[{name="performance", top="150%"}]', "not a percentage"),
        ('[{name="first", metric="hits"}]', "criteria[0].threshold: it is missing"),
        ('["recrd"]', "'recrd' names no criterion; expected one of all, periodic, "),
        ("[{every=3}]", "{'every': 3} names no criterion; expected one of all, periodic, "),
        ("[3]", "3 names no criterion"),
        ("all", "'all' is not a list; expected one such as"),
        ('[{name="periodic", evry=10}]', "periodic: evry is not a known key; nearest: every"),
        ('[{name="periodic", every="10"}]', "criteria[0].every: '10': expected a whole number"),
    ],
)  # fmt: skip
def test_what_a_criterion_does_not_have_is_refused(written: str, message: str) -> None:
    """The error is one line, which names where the criterion was written."""
    with pytest.raises(ConfigError) as caught:
        resolve([from_assignments(["game=toy", f"recording.criteria={written}"])], load_game)
    assert str(caught.value).startswith("--set: recording.criteria")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("written", ["2GB", "1e9", "10", "-1", "65_535", "true"])
def test_a_limit_that_keeps_nothing_or_is_none_is_refused(written: str) -> None:
    with pytest.raises(ConfigError, match="expected bytes, 65_536 or more, such as 2_000_000_000"):
        resolve([from_assignments(["game=toy", f"recording.max_bytes={written}"])], load_game)


@pytest.mark.parametrize("written", ["0", "65_536", "2_000_000_000"])
def test_a_limit_in_bytes_is_taken(written: str) -> None:
    words = ["game=toy", f"recording.max_bytes={written}"]
    assert resolve([from_assignments(words)], load_game).config.recording.max_bytes == int(written)
