"""Filters and orders of runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcade_rl.errors import UsageError
from arcade_rl.tui.board import BoardRow
from arcade_rl.tui.ordering import arranged, parse_filter

ROWS = [
    BoardRow("first", Path("first"), "done", game="breakout", mean_return=12.0, steps=50, total_steps=100),
    BoardRow("second", Path("second"), "training", game="drmario", mean_return=3.0, created=2.0),
    BoardRow("third", Path("third"), "failed", game="breakout", created=1.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["first", "second", "third"]),
        ("break", ["first", "third"]),
        ("break first", ["first"]),
        ("state:training", ["second"]),
        ("game:DRMARIO", ["second"]),
        ("return>=3", ["first", "second"]),
        ("return>3 state:done", ["first"]),
        ("done=50", ["first"]),
        ("nothing", []),
    ],
)
def test_a_filter_finds_what_meets_every_word(text: str, names: list[str]) -> None:
    meets = parse_filter(text)
    assert [row.name for row in ROWS if meets(row)] == names


@pytest.mark.parametrize("text", ["retrun>3", "nope:x"])
def test_a_word_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="runs have no"):
        parse_filter(text)


def test_runs_without_the_value_come_last_in_both_directions() -> None:
    assert [row.name for row in arranged(ROWS, "return", True)] == ["first", "second", "third"]
    assert [row.name for row in arranged(ROWS, "return", False)] == ["second", "first", "third"]


def test_states_are_sorted_by_what_lives_and_the_pinned_run_is_first() -> None:
    assert [row.name for row in arranged(ROWS, "state", False)] == ["second", "first", "third"]
    assert arranged(ROWS, "state", False, ["third"])[0].name == "third"
