"""run.db: rows count once their chunk is done, and come back the same from the files."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from make_run import Made
from old_database import make_old
from rights import common_folder, without_privilege
from told import EPISODES, UPDATE

from arcade_rl.errors import ArcadeError, MissingError, UsageError, VerificationError
from arcade_rl.runs import checkpoints, schema
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.database import Database
from arcade_rl.runs.events import Beat, ChunkLog, Notice, read_log


@pytest.fixture(scope="module")
def state(finished: Made) -> CheckpointState:
    template = checkpoints.read_state(finished.newest)
    return replace(template, chunk=1, updates=3, steps=768, episodes=8)


@pytest.fixture
def database(tmp_path: Path) -> Any:
    database = Database.create(tmp_path / "run.db", ["hit", "miss"], ["hits"])
    yield database
    database.close()


def rows(table: list[sqlite3.Row], *without: str) -> list[dict[str, Any]]:
    """Rows as dictionaries, without some columns."""
    return [{key: row[key] for key in row.keys() if key not in without} for row in table]  # noqa: SIM118


def attempt(database: Database, number: int) -> None:
    database.begin_attempt(1, number, 3, 3)
    for event in (Beat(1), EPISODES, UPDATE):
        database.record(1, number, event)


def test_a_new_database_is_empty_and_says_so(database: Database) -> None:
    assert database.status().state == "created"
    assert database.metric_names() == ["hits"]
    assert database.counts() == (0, 0)
    assert database.chunks() == database.episodes() == database.updates() == []
    assert database.recent_mean("hits") is None


def test_rows_count_only_when_their_chunk_is_done(
    database: Database, state: CheckpointState
) -> None:
    attempt(database, 1)
    assert database.episodes() == database.updates() == database.chunks() == []
    assert len(database.updates(running=True)) == 1
    assert database.recent_mean("hits") is None
    assert not database.chunk_is_done(1)
    database.finish_chunk(state, time.time())
    assert database.chunk_is_done(1)
    assert [row["number"] for row in database.episodes()] == [7, 8]
    assert database.counts() == (768, 8)
    assert database.recent_mean("hits") == 3.5
    assert database.recent_mean("hits", window=1) == 4.0


def test_a_new_attempt_replaces_the_rows_of_the_old(
    database: Database, state: CheckpointState
) -> None:
    attempt(database, 1)
    attempt(database, 2)
    assert database.attempts() == {1: 2}
    database.finish_chunk(state, time.time())
    assert [row["attempt"] for row in database.episodes()] == [2, 2]
    assert len(database.updates()) == 1


def test_what_is_discarded_did_not_happen(database: Database, state: CheckpointState) -> None:
    attempt(database, 1)
    database.finish_chunk(state, time.time())
    database.notify("warning", "of the worker", 1, 1)
    database.notify("warning", "of the supervisor")
    database.discard_from(2)
    assert database.chunk_is_done(1)
    database.discard_from(1)
    assert database.counts() == (0, 0)
    assert database.episodes() == database.updates() == database.checkpoints() == []
    assert [row["text"] for row in database.notices()] == ["of the supervisor"]


def test_a_stored_episode_is_the_event(database: Database, state: CheckpointState) -> None:
    attempt(database, 1)
    database.finish_chunk(state, 1.8e9)
    first = dict(database.episodes()[0])
    assert first == {
        "number": 7, "chunk": 1, "attempt": 1, "env": 0, "seed": 2**31 - 1, "stage": 0,
        "length": 10, "step": 40, "raw_return": 1.5, "shaped_return": 1e300, "truncated": 1,
        "opponent": "", "time": 1.7e9, "term_hit": 1.0, "term_miss": 0.1, "metric_hits": 3.0,
    }  # fmt: skip
    (summary,) = database.chunks()
    assert (summary.chunk, summary.episodes, summary.steps) == (1, 2, 768)
    assert summary.metrics == {"hits": 3.5}
    assert summary.raw_return == pytest.approx(0.7)


def test_the_phases_of_a_chunk_are_those_of_its_updates(
    database: Database, state: CheckpointState
) -> None:
    attempt(database, 1)
    for number, phases in ((4, {"learn": 0.5, "log": 0.25}), (5, {})):
        database.record(1, 1, replace(UPDATE, update=number, phases=phases))
    database.finish_chunk(state, 1.8e9)
    stored = [json.loads(row["phases"]) for row in database.updates()]
    assert stored == [{"environment": 0.1, "learn": 0.3}, {"learn": 0.5, "log": 0.25}, {}]
    (summary,) = database.chunks()
    assert summary.phases == {"environment": 0.1, "learn": 0.8, "log": 0.25}


def test_the_latest_chunks_can_be_asked_for_alone(finished: Made) -> None:
    with Database.reading(finished.run.database) as database:
        assert database.chunks(3) == database.chunks()[2:]
        assert database.chunks(5) == []


def test_a_replayed_run_has_the_rows_of_the_live_one(finished: Made, tmp_path: Path) -> None:
    replayed = Database.create(tmp_path / "run.db", ["hit", "miss", "travel"], ["hits", "streak"])
    for path in sorted(finished.run.events.glob("*.events")):
        for _ in range(2):  # a second time changes nothing
            replayed.replay_chunk(read_log(path))
    with Database.reading(finished.run.database) as live:
        assert rows(replayed.episodes()) == rows(live.episodes())
        assert rows(replayed.updates()) == rows(live.updates())
        assert rows(replayed.checkpoints(), "kept") == rows(live.checkpoints(), "kept")
        assert rows(replayed.notices(), "time", "id") == rows(live.notices(), "time", "id")
        assert replayed.counts() == live.counts() == (2048, live.counts()[1])
        assert replayed.attempts() == live.attempts()
        assert replayed.metric_names() == live.metric_names()
        for one, two in zip(replayed.chunks(), live.chunks(), strict=True):
            assert replace(one, seconds=0.0) == replace(two, seconds=0.0)
            assert 0 < one.seconds <= two.seconds + 0.1
    replayed.close()


def test_counts_are_those_of_the_rows(finished: Made) -> None:
    with Database.reading(finished.run.database) as database:
        episodes = database.episodes()
        assert [row["number"] for row in episodes] == list(range(1, len(episodes) + 1))
        assert database.counts() == (2048, len(episodes))
        assert [row["number"] for row in database.updates()] == list(range(1, 9))
        hits = [row["metric_hits"] for row in episodes][-100:]
        assert database.recent_mean("hits") == pytest.approx(sum(hits) / len(hits))


def test_a_notice_of_a_chunk_is_not_doubled(database: Database, state: CheckpointState) -> None:
    notice = Notice("info", "stage full begins")
    database.begin_attempt(1, 1, 3, 3)
    database.record(1, 1, notice)
    database.discard_from(1)
    for _ in range(2):
        database.replay_chunk(ChunkLog([notice, UPDATE], 1, 1.8e9, state))
    database.replay_chunk(ChunkLog([notice, UPDATE], 2, 1.9e9, state))
    assert [(row["attempt"], row["text"]) for row in database.notices()] == [
        (2, "stage full begins"),
    ]
    assert database.notices()[0]["time"] == 1.9e9


def test_the_status_is_the_last_one(database: Database) -> None:
    database.set_status("running", pid=12)
    database.set_status("failed", "it broke")
    status = database.status()
    assert (status.state, status.reason, status.pid) == ("failed", "it broke", None)


def test_why_checkpoints_are_kept_is_replaced(finished: Made, tmp_path: Path) -> None:
    database = Database.open(finished.copy(tmp_path).database)
    database.set_kept({4: ["latest", "best"]})
    kept = {row["chunk"]: row["kept"] for row in database.checkpoints()}
    assert kept == {0: "", 1: "", 2: "", 3: "", 4: "latest, best"}
    database.close()


def test_a_reader_sees_whole_transactions_while_another_writes(
    database: Database, state: CheckpointState, tmp_path: Path
) -> None:
    with Database.reading(tmp_path / "run.db") as reader:
        attempt(database, 1)
        assert reader.episodes() == []
        database.finish_chunk(state, time.time())
        assert len(reader.episodes()) == 2


def test_a_reader_cannot_write(database: Database, tmp_path: Path) -> None:
    with (
        pytest.raises(ArcadeError, match="readonly"),
        Database.reading(tmp_path / "run.db") as reader,
    ):
        reader.set_status("running")


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.db"
    path.write_bytes(content)
    with pytest.raises(VerificationError, match="rebuild it with `arcade-rl runs reindex"):
        Database.open(path)
    with (
        pytest.raises(VerificationError, match="rebuild it with"),
        Database.reading(path) as database,
    ):
        database.counts()


@pytest.fixture
def readable_run(finished: Made) -> Iterator[Path]:
    """The database of a run whose folder lets nobody write."""
    with common_folder() as folder:
        run = finished.copy(folder)
        for journal in run.path.glob("run.db-*"):
            journal.unlink()
        run.path.chmod(0o555)
        yield run.database
        run.path.chmod(0o755)


def test_a_run_that_may_only_be_read_is_read(readable_run: Path, finished: Made) -> None:
    with Database.reading(finished.run.database) as database:
        expected = database.counts()
    with without_privilege(), Database.reading(readable_run) as database:
        assert database.counts() == expected
    assert list(readable_run.parent.glob("run.db-*")) == []


def test_what_a_journal_holds_is_never_left_out(readable_run: Path) -> None:
    """Read without its journal, the database would tell of an older state."""
    readable_run.with_name("run.db-wal").write_bytes(b"rows that are not in run.db yet")
    with (
        without_privilege(),
        pytest.raises(ArcadeError, match="check its rights, those of"),
        Database.reading(readable_run),
    ):
        pass


def test_a_database_that_may_not_be_read_is_not_called_damaged(readable_run: Path) -> None:
    readable_run.chmod(0)
    with (
        without_privilege(),
        pytest.raises(ArcadeError, match="check its rights, those of") as caught,
        Database.reading(readable_run) as database,
    ):
        database.counts()
    assert caught.value.exit_code == 1
    assert "reindex" not in str(caught.value)


def test_a_database_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="rebuild it with"):
        Database.open(tmp_path / "run.db")
    with (
        pytest.raises(MissingError, match="rebuild it with"),
        Database.reading(tmp_path / "run.db"),
    ):
        pass


def contents(path: Path) -> dict[str, Any]:
    """All that a reader sees of a database, but for phases."""
    with Database.reading(path) as database:
        return {
            "status": database.status(),
            "chunks": [replace(chunk, phases={}) for chunk in database.chunks()],
            "updates": rows(database.updates(), "phases"),
            "episodes": rows(database.episodes()),
            "checkpoints": rows(database.checkpoints()),
            "notices": rows(database.notices()),
        }


def test_an_older_database_is_read_as_it_is(finished: Made, tmp_path: Path) -> None:
    path = finished.copy(tmp_path).database
    make_old(path)
    before = path.read_bytes()
    assert contents(path) == contents(finished.run.database)
    with Database.reading(path) as database:
        assert [chunk.phases for chunk in database.chunks()] == [{}] * 4
        assert {row["phases"] for row in database.updates()} == {"{}"}
        assert len(database.updates(running=True)) == 8
    assert path.read_bytes() == before


def test_an_older_database_is_upgraded_to_write(
    finished: Made, state: CheckpointState, tmp_path: Path
) -> None:
    path = finished.copy(tmp_path).database
    make_old(path)
    with Database.reading(path) as reader:
        for _ in range(2):
            database = Database.open(path)
            assert contents(path) == contents(finished.run.database)
            database.begin_attempt(5, 1, 9, 9)
            database.record(5, 1, replace(UPDATE, update=9))
            database.discard_from(6)
            database.finish_chunk(replace(state, chunk=5, updates=9), 1.8e9)
            assert database.chunks()[-1].phases == UPDATE.phases
            database.discard_from(5)
            database.close()
        assert len(reader.chunks()) == 4  # one that was open meanwhile reads on
    assert columns(path) == columns(finished.run.database)


def columns(path: Path) -> list[Any]:
    """Names, types and defaults of the columns of updates, and the version of the schema."""
    connection = sqlite3.connect(path)
    found = connection.execute("pragma table_info(updates)").fetchall()
    found += connection.execute("pragma user_version").fetchall()
    connection.close()
    return found


def test_a_database_of_a_later_version_is_refused(database: Database, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "run.db")
    connection.execute(f"pragma user_version = {schema.VERSION + 1}")
    connection.close()
    with pytest.raises(VerificationError, match="use the newer arcade-rl"):
        Database.open(tmp_path / "run.db")
    with (
        pytest.raises(VerificationError, match=f"is of version {schema.VERSION + 1}"),
        Database.reading(tmp_path / "run.db"),
    ):
        pass


def test_rows_are_asked_for_from_where_one_was(finished: Made) -> None:
    with Database.reading(finished.run.database) as database:
        every, updates = database.episodes(), database.updates()
        numbers = [row["number"] for row in every]
        assert [row["number"] for row in database.episodes(since=numbers[4])] == numbers[5:]
        assert [row["number"] for row in database.episodes(limit=3)] == numbers[:3]
        some = database.episodes(since=numbers[4], limit=2)
        assert [row["number"] for row in some] == numbers[5:7]
        assert [row["number"] for row in database.updates(since=6)] == [7, 8]
        assert database.updates(since=len(updates)) == []
        counts = database.row_counts()
        assert (counts.episodes, counts.updates) == (len(every), len(updates))
        notices = database.notices()
        assert counts.notices == len(notices)
        assert database.notices(since=10**9) == []


def test_a_running_attempt_is_asked_for_apart(database: Database) -> None:
    attempt(database, 1)
    assert database.row_counts().episodes == len(database.episodes(since=7)) == 0
    assert [row["number"] for row in database.episodes(since=7, running=True)] == [8]


@pytest.mark.parametrize("points", [1, 7, 10**6])
def test_a_curve_stands_for_every_row(finished: Made, points: int) -> None:
    with Database.reading(finished.run.database) as database:
        rows_ = database.episodes()
        curve = database.episode_curve("hits", points)
    assert len(curve) == min(points, len(rows_))
    assert sum(point.count for point in curve) == len(rows_)
    assert max(point.count for point in curve) - min(point.count for point in curve) <= 1
    first = 0
    for point in curve:
        part = rows_[first : first + point.count]
        values = [row["metric_hits"] for row in part]
        assert point.mean == pytest.approx(sum(values) / len(values))
        assert (point.least, point.most) == (min(values), max(values))
        assert point.step == part[-1]["step"]
        first += point.count


def test_a_curve_of_updates_leaves_out_what_is_no_number(
    database: Database, state: CheckpointState
) -> None:
    database.begin_attempt(1, 1, 3, 5)
    for number, loss in ((3, 1.0), (4, float("nan")), (5, 2.0)):
        values = {"train/loss": loss, "train/other": 1.0}
        database.record(1, 1, replace(UPDATE, update=number, steps=256 * number, values=values))
    database.finish_chunk(replace(state, updates=5), time.time())
    curve = database.update_curve("train/loss", 10)
    assert [(point.step, point.mean) for point in curve] == [(768, 1.0), (1280, 2.0)]
    assert len(database.update_curve("steps_per_s", 10)) == 3
    assert database.update_curve("train/nothing", 10) == []


def test_a_curve_of_nothing_is_refused(database: Database) -> None:
    with pytest.raises(UsageError, match="episodes have no 'score'; expected one of return, "):
        database.episode_curve("score", 10)
    with pytest.raises(ValueError, match="0 points; expected 1 or more"):
        database.episode_curve("return", 0)
    assert database.episode_curve("return", 10) == []
