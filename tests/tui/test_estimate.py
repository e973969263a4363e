"""How long a run will take is told from the earlier run that is most like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arcade_rl.tui.board import BoardRow, RunBoard
from arcade_rl.tui.demo import SPEED
from arcade_rl.tui.estimate import Estimate, estimate_from


@pytest.fixture(scope="module")
def rows(made_up: Path) -> list[BoardRow]:
    board = RunBoard(made_up)
    board.find()
    list(board.look())
    return board.rows()


def values(**train: Any) -> dict[str, Any]:
    return {"game": "demo", "train": {"n_envs": 8, "batch_size": 256, **train}}


def test_the_newest_of_those_that_are_most_alike_is_taken(
    rows: list[BoardRow], made_up_copy: Path
) -> None:
    found = estimate_from(rows, values())
    assert found is not None
    newest = max(rows, key=lambda row: row.created)
    size = sum(path.stat().st_size for path in newest.path.rglob("*") if path.is_file())
    assert (found.run, found.is_alike) == (newest.name, True)
    assert found.steps_per_s == pytest.approx(SPEED)
    assert found.bytes_per_step == pytest.approx(size / newest.steps)

    config = made_up_copy / "learned" / "config.toml"
    config.write_text(config.read_text().replace("n_envs = 8", "n_envs = 16"))
    board = RunBoard(made_up_copy)
    board.find()
    list(board.look())
    found = estimate_from(board.rows(), values(n_envs=16))
    assert found is not None
    assert (found.run, found.is_alike) == ("learned", True)


def test_another_configuration_is_named_as_such(rows: list[BoardRow]) -> None:
    found = estimate_from(rows, values(n_envs=64))
    assert found is not None
    assert found.words(1000).endswith("took 2,000 steps/s with other values")


def test_nothing_is_told_of_a_game_that_was_never_trained(rows: list[BoardRow]) -> None:
    assert estimate_from(rows, {"game": "another", "train": {}}) is None
    assert estimate_from([], values()) is None


def test_an_estimate_names_the_run_that_it_is_from() -> None:
    words = Estimate("first", 1000.0, 2.0).words(600_000)
    assert "10 min" in words
    assert "1.2 MB" in words
    assert words.endswith("first took 1,000 steps/s")


def test_several_runs_have_the_disk_of_all_and_the_least_time() -> None:
    words = Estimate("first", 1000.0, 2.0).words(600_000, 5)
    assert (
        words == "6.0 MB for 5 runs, and about 10 min or longer, as first took 1,000 steps/s alone"
    )


@pytest.mark.parametrize(
    ("width", "count", "words"),
    [
        (60, 1, "about 10 min and 1.2 MB, as first took 1,000 steps/s"),
        (50, 1, "about 10 min and 1.2 MB, at 1,000 steps/s"),
        (20, 1, "about 10 min and 1.2 MB"),
        (70, 5, "6.0 MB for 5 runs, and about 10 min or longer, at 1,000 steps/s alone"),
        (60, 5, "6.0 MB for 5 runs, and about 10 min or longer"),
    ],
)
def test_a_narrow_line_has_what_is_needed_most(width: int, count: int, words: str) -> None:
    assert Estimate("first", 1000.0, 2.0).words(600_000, count, width) == words
