"""The rows of runs say what the runs do, and nothing is read twice that has not changed."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from supervised import call, kill, start, wait_until
from toy_runs import ENDLESS, SLOW, TRAIN, begun

from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.tui import board as board_module
from arcade_rl.tui.board import BoardRow, RunBoard

if TYPE_CHECKING:
    from make_run import Made


def read(root: Path) -> dict[str, BoardRow]:
    """Every row of a board that has looked once."""
    board = RunBoard(root)
    board.find()
    list(board.look())
    return {row.name: row for row in board.rows()}


def test_a_finished_run_is_done_and_has_its_numbers(finished: Made) -> None:
    row = read(finished.run.path.parent)["finished"]
    with Database.reading(finished.run.database) as database:
        returns = [one["raw_return"] for one in database.episodes()]
        hits = database.recent_mean("hits")
    assert (row.state, row.game, row.progress, row.chunk, row.chunks) == ("done", "toy", 1.0, 4, 4)
    assert (row.steps, row.total_steps, row.episodes) == (2048, 2048, len(returns))
    assert row.best == max(returns)
    assert row.mean_return == pytest.approx(sum(returns[-100:]) / 100)
    assert (row.metric, row.mean) == ("hits", hits)
    assert len(row.trend) == 8
    assert (row.pid, row.steps_per_s, row.left_s, row.fault) == (None, None, None, "")


def test_a_run_is_training_paused_and_stale_as_it_is_alive(
    tmp_path: Path, leave_nothing_running: None
) -> None:
    command = start(tmp_path, [*TRAIN, *ENDLESS, *SLOW])
    run = RunDirectory(tmp_path / "r")
    board = RunBoard(tmp_path)

    def state() -> str:
        board.find()
        list(board.look())
        return next((row.state for row in board.rows()), "")

    wait_until(lambda: begun(run))
    wait_until(lambda: state() == "training")
    (row,) = board.rows()
    assert row.pid == command.process.pid
    assert row.steps_per_s is not None
    assert call(tmp_path, ["pause", "r"])[0] == 0
    assert state() == "paused"
    kill(command.process)
    command.wait()
    assert state() == "stale"


def test_a_stored_word_alone_makes_no_run_live(made_up: Path) -> None:
    row = read(made_up)["half-way"]
    with Database.reading(row.run.database) as database:
        assert database.status().state == "running"
    assert (row.state, row.is_live) == ("stale", False)


def test_what_has_not_changed_is_not_read_again(
    made_up_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = RunBoard(made_up_copy)
    board.find()
    assert len(list(board.look())) == 5
    list(board.look())  # the first reader may leave files of SQLite's beside a database
    read_again: list[str] = []
    inner = board_module._read
    monkeypatch.setattr(
        board_module, "_read", lambda run, *more: read_again.append(run.name) or inner(run, *more)
    )
    board.find()
    assert list(board.look()) == []
    assert read_again == []
    with sqlite3.connect(made_up_copy / "learned" / "run.db") as connection:
        connection.execute("update status set state = 'stopped'")
    connection.close()
    assert [row.state for row in board.look()] == ["stopped"]
    assert read_again == ["learned"]


@pytest.mark.parametrize("damage", ["corrupt", "half", "deleted", "locked", "config"])
def test_one_damaged_run_says_so_and_hides_no_other(made_up_copy: Path, damage: str) -> None:
    database, holder = made_up_copy / "learned" / "run.db", None
    if damage == "corrupt":
        database.write_bytes(b"this is no database" * 100)
    elif damage == "half":
        database.write_bytes(database.read_bytes()[: database.stat().st_size // 2])
    elif damage == "deleted":
        database.unlink()
    elif damage == "config":
        (made_up_copy / "learned" / "config.toml").write_text("game = [")
    else:
        with sqlite3.connect(database) as changed:
            changed.execute("pragma journal_mode = delete")
        changed.close()
        holder = sqlite3.connect(database)
        holder.execute("begin exclusive")
    rows = read(made_up_copy)
    if holder is not None:
        holder.close()
    assert rows["learned"].fault
    assert [name for name, row in rows.items() if row.fault] == ["learned"]
    assert rows["collapsed"].mean_return is not None


def test_a_run_that_is_deleted_goes(made_up_copy: Path) -> None:
    board = RunBoard(made_up_copy)
    board.find()
    shutil.rmtree(made_up_copy / "learned")
    assert "learned" not in [row.name for row in board.find()]
    list(board.look())


def test_the_best_return_of_a_discarded_chunk_does_not_count(made_up_copy: Path) -> None:
    run = RunDirectory(made_up_copy / "learned")
    board = RunBoard(made_up_copy)
    board.find()
    list(board.look())
    before = {row.name: row.best for row in board.rows()}["learned"]
    with sqlite3.connect(run.database) as connection:
        connection.execute("delete from episodes where chunk > 2")
        connection.execute("delete from chunks where chunk > 2")
        (now,) = connection.execute("select max(raw_return) from episodes").fetchone()
    connection.close()
    list(board.look())
    assert before is not None
    assert {row.name: row.best for row in board.rows()}["learned"] == now < before
