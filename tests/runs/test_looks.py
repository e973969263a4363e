"""What readers that look again and again ask is what the tables have."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arcade_rl.errors import MissingError, VerificationError
from arcade_rl.runs import looks
from arcade_rl.runs.database import Database

if TYPE_CHECKING:
    from make_run import Made


@pytest.fixture
def database(finished: Made) -> Iterator[Database]:
    with looks.looking(finished.run.database) as database:
        yield database


def test_the_newest_update_and_the_chunks(database: Database) -> None:
    updates, chunks = database.updates(), looks.begun_chunks(database)
    newest = looks.newest_update(database)
    assert newest is not None
    assert tuple(newest) == tuple(updates[-1])
    assert [row["chunk"] for row in chunks] == [0, 1, 2, 3, 4]
    assert looks.trained_chunks(database) == 4
    assert looks.settled(database) == looks.Settled(4, chunks[0]["started"])


def test_means_and_the_best_return(database: Database) -> None:
    episodes = database.episodes()
    returns, hits = ([row[name] for row in episodes] for name in ("raw_return", "metric_hits"))
    assert looks.recent_means(database, "hits") == pytest.approx((sum(returns[-100:]) / 100, sum(hits[-100:]) / 100))  # fmt: skip
    assert looks.recent_means(database, "") == (pytest.approx(sum(returns[-100:]) / 100), None)
    by_chunk = {
        k: [row["raw_return"] for row in episodes if row["chunk"] == k] for k in range(1, 5)
    }
    assert looks.best_return(database, 0) == max(returns)
    assert looks.best_return(database, 1, 2) == max(by_chunk[2])
    assert looks.best_return(database, 4) is None
    assert set(looks.returns_by_chunk(database, 2)) == {3, 4}
    found = looks.returns_by_chunk(database, -1)
    assert {k: one.episodes for k, one in found.items()} == {k: len(v) for k, v in by_chunk.items()}
    assert found[3].mean == pytest.approx(sum(by_chunk[3]) / len(by_chunk[3]))
    assert found[3].most == max(by_chunk[3])
    third = [row["term_hit"] for row in episodes if row["chunk"] == 3]
    assert found[3].terms["hit"] == pytest.approx(sum(third) / len(third))


def test_a_course_is_of_updates_over_the_whole_training(database: Database) -> None:
    losses = [json.loads(row["values"])["train/loss"] for row in database.updates()]
    assert looks.course(database, "train/loss", 100) == tuple(losses)
    assert looks.course(database, "train/loss", 2) == (losses[0], losses[-1])
    assert looks.course(database, "train/nothing", 100) == ()


def test_rows_come_in_slices(database: Database) -> None:
    updates, episodes = database.updates(), database.episodes()
    assert [row["number"] for row in looks.updates_above(database, 3, 2)] == [4, 5]
    assert looks.updates_above(database, len(updates), 2) == []
    (row,) = looks.episodes_above(database, 4, 1, ["hits"], ["hit"])
    fifth = episodes[4]
    names = ("number", "step", "time", "chunk", "raw_return", "shaped_return", "length", "metric_hits", "term_hit")  # fmt: skip
    assert tuple(row) == tuple(fifth[name] for name in names)
    marks = looks.recent_marks(database, updates[2]["time"], 3)
    assert [mark.done for mark in marks] == [row["steps"] for row in updates[-3:]]
    assert looks.recent_marks(database, updates[-1]["time"] + 1, 3) == []


def test_the_speed_of_what_is_committed(finished: Made, database: Database, tmp_path: Path) -> None:
    newest = database.checkpoints()[-1]
    assert looks.trained_speed(database) == newest["steps"] / newest["trained_s"]
    path = tmp_path / "run.db"
    Database.create(path, (), ()).close()
    with looks.looking(path) as empty:
        assert looks.trained_speed(empty) is None
        assert looks.newest_update(empty) is None
        assert looks.course(empty, "train/loss", 9) == ()
        assert looks.settled(empty) == looks.Settled(-1, 0.0)


def test_what_cannot_be_read_is_told(finished: Made, tmp_path: Path) -> None:
    with pytest.raises(MissingError), looks.looking(tmp_path / "run.db"):
        pass
    run = finished.copy(tmp_path)
    with closing(sqlite3.connect(run.database)) as connection, connection:
        connection.execute("update updates set time = 'noon'")
    said = "holds values that cannot be .*noon.*rebuild it with `arcade-rl runs reindex"
    with pytest.raises(VerificationError, match=said), looks.looking(run.database) as database:
        looks.recent_marks(database, 0.0, 3)
