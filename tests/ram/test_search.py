"""The search that leaves fewer and fewer addresses, and the page of its commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arcade_rl.errors import UsageError
from arcade_rl.playback.explorer import INSTRUCTIONS
from arcade_rl.ram.kinds import kind_of
from arcade_rl.ram.search import Memory, Search


def memory(*values: int) -> Memory:
    return np.array(values, np.uint8)


def test_relations_to_the_last_snapshot() -> None:
    search = Search(memory(1, 2, 3, 4))
    assert search.keep("changed", memory(1, 5, 2, 9)) == 3
    assert search.keep("greater", memory(1, 6, 1, 9)) == 1
    assert search.addresses.tolist() == [1]
    assert search.before(1) == 6
    assert search.undo() == 3
    assert search.before(1) == 5
    assert search.keep("same", memory(1, 5, 7, 8)) == 1
    assert search.undo() == 3
    assert search.keep("less", memory(0, 0, 9, 9)) == 1
    assert search.undo() == 3
    assert search.undo() == 4
    with pytest.raises(UsageError, match="nothing was filtered"):
        search.undo()


def test_relations_to_a_number() -> None:
    now = memory(1, 2, 3, 250)
    search = Search(memory(0, 2, 5, 1), kind_of("s8"))
    assert (search.keep("below", now, 0), search.undo()) == (1, 4)
    assert (search.keep("above", now, 2), search.undo()) == (1, 4)
    assert (search.keep("is", now, 2), search.undo()) == (1, 4)
    assert (search.keep("not", now, 2), search.undo()) == (3, 4)
    assert search.keep("by", now, -2) == 1
    assert search.addresses.tolist() == [2]


def test_changes_are_counted_by_steps() -> None:
    search = Search(memory(0, 0, 0))
    for k in range(4):
        search.saw(memory(k + 1, (k + 1) // 2, 0))
    assert search.changes.tolist() == [4, 2, 0]
    assert search.keep("changes", memory(4, 2, 0), 2) == 1


def test_what_is_no_relation_is_refused_and_changes_nothing() -> None:
    search = Search(memory(1, 2))
    for relation, value, said in (
        ("is", None, "is needs a number"), ("equals", None, "'equals' is no relation"),
        ("equals", 3, "is no relation with a number"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            search.keep(relation, memory(1, 2), value)
    assert search.addresses.tolist() == [0, 1]


def test_snapshots_rule_nothing_out() -> None:
    search = Search(memory(1, 2))
    search.snapshot(memory(5, 5))
    assert search.keep("same", memory(5, 6)) == 1


def test_the_page_lists_every_command() -> None:
    page = (Path(__file__).parents[2] / "docs" / "memory.md").read_text()
    for order in INSTRUCTIONS:
        escaped = order.usage.replace("|", "\\|")
        assert f"| `{escaped}` | {order.meaning} |" in page
