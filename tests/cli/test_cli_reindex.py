"""`arcade-rl runs reindex`: the database is an index, and can be made again from the files."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from make_run import Made
from recordings_of import numbers_of

from arcade_rl import cli
from arcade_rl.engines.commit import recover
from arcade_rl.recording.segment import Segment
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import Episodes, LogWriter, read_log

Output = pytest.CaptureFixture[str]


@pytest.fixture
def run(finished: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    """A copy of a finished run in the runs directory."""
    monkeypatch.setenv("ARCADE_RL_RUNS_DIR", str(tmp_path))
    return finished.copy(tmp_path)


def reindex(capsys: Output) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.run(["runs", "reindex", "finished"])
    output = capsys.readouterr()
    return code, output.out, output.err


def shown(capsys: Output) -> Any:
    assert cli.run(["runs", "show", "finished", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


DAMAGE = {
    "no database": lambda path: path.unlink(),
    "broken database": lambda path: path.write_bytes(b"\0garbage" * 999),
    "torn database": lambda path: os.truncate(path, 9000),
    "empty database": lambda path: os.truncate(path, 0),
}


def rows(run: RunDirectory, *, notices: bool = True) -> dict[str, Any]:
    """Everything that a database holds, but for when a chunk began and what only the clock knows."""
    connection = sqlite3.connect(f"file:{run.database}?mode=ro", uri=True)
    tables = ["episodes", "updates", "checkpoints", "recordings", "recorded"]
    tables += ["notices"] if notices else []
    found = {name: connection.execute(f"select * from {name}").fetchall() for name in tables}
    found["chunks"] = connection.execute(
        "select chunk, attempt, state, first_update, last_update, steps, ended from chunks"
    ).fetchall()
    connection.close()
    return found


@pytest.mark.parametrize(
    "damage", ["none", "no database", "broken database", "torn database", "empty database"]
)
def test_a_database_is_made_again_from_the_files(
    run: RunDirectory, capsys: Output, damage: str
) -> None:
    before = rows(run, notices=damage == "none")
    if damage != "none":
        DAMAGE[damage](run.database)
    code, out, err = reindex(capsys)
    assert code == 0
    assert out.startswith("finished: chunks 5, updates 8, episodes ")
    assert rows(run, notices=damage == "none") == before
    assert ("run.db" in err) == (damage != "none")
    assert shown(capsys)["state"] == "finished"
    assert not list(run.path.glob("run.db.*"))


def test_recorded_episodes_are_counted(run: RunDirectory, capsys: Output) -> None:
    with Database.reading(run.database) as database:
        episodes = database.counts()[1]
    run.database.unlink()
    assert f"episodes {episodes}, recorded {episodes}," in reindex(capsys)[1]
    assert numbers_of(run) == list(range(1, episodes + 1))
    assert shown(capsys)["recordings"]["written"] == episodes


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", ["torn", "a frame", "the index", "the front", "gone"])
def test_what_is_whole_of_a_damaged_segment_is_kept(
    run: RunDirectory, capsys: Output, damage: str
) -> None:
    path = run.segment(2)
    with Segment(path) as segment:
        entries = segment.entries
    third, numbers = entries[2], [entry.number for entry in entries]
    match damage:
        case "torn":
            os.truncate(path, third.offset + 5)
            kept, says = numbers[:2], "ends before its index; 2 of its episodes are whole and kept"
        case "a frame":
            flip(path, third.offset + 5)
            kept = [number for number in numbers if number != third.number]
            says = f"byte {third.offset - 8} was changed; {len(kept)} of its episodes are whole"
        case "the index":
            flip(path, entries[-1].offset + entries[-1].length + 12)
            kept, says = numbers, f"was changed; {len(numbers)} of its episodes are whole and kept"
        case "the front":
            flip(path, 0)
            kept, says = [], "it begins otherwise; 0 of its episodes are whole and kept"
        case "gone":
            path.unlink()
            kept, says = [], f"{len(numbers)} recorded episodes of chunk 2 are lost"
    before = [row for row in rows(run)["recordings"] if row[1] != 2 or row[0] in kept]
    code, _, err = reindex(capsys)
    assert code == 0
    assert says in err
    assert err.count("chunk 2") == len(err.splitlines()) == 1
    assert rows(run)["recordings"] == before
    with Segment(run.segment(1)) as segment:
        assert segment.read(segment.entries[0]).metadata.number == 1


def test_a_budget_explains_segments_that_are_gone(run: RunDirectory, capsys: Output) -> None:
    text = run.config.read_text()
    assert "max_bytes = 0" in text
    run.config.write_text(text.replace("max_bytes = 0", "max_bytes = 65536"))
    run.segment(2).unlink()
    assert "lost" not in reindex(capsys)[2]


def test_segments_without_a_sound_checkpoint_did_not_happen(
    run: RunDirectory, capsys: Output
) -> None:
    (run.checkpoint(4) / "model.zip").write_bytes(b"x")
    _, _, err = reindex(capsys)
    assert "000004.episodes is left out" in err
    assert {row[1] for row in rows(run)["recordings"]} == {1, 2, 3}


def test_notices_survive_a_rebuilding_once(run: RunDirectory, capsys: Output) -> None:
    database = Database.open(run.database)
    database.notify("warning", "worker died")
    before = [tuple(row)[1:] for row in database.notices()]
    database.close()
    for _ in range(2):
        assert reindex(capsys)[0] == 0
    with Database.reading(run.database) as database:
        assert [tuple(row)[1:] for row in database.notices()] == before


@pytest.mark.parametrize("content", [None, b"no database at all" * 100])
def test_why_notices_are_lost_is_told_without_the_advice_that_was_taken(
    run: RunDirectory, capsys: Output, content: bytes | None
) -> None:
    run.database.unlink()
    if content is not None:
        run.database.write_bytes(content)
    code, _, err = reindex(capsys)
    assert code == 0
    why = (
        "there was no run.db"
        if content is None
        else "run.db was not readable (file is not a database)"
    )
    (line,) = (line for line in err.splitlines() if "notices" in line)
    assert line.endswith(f"notices of supervisors are lost: {why}")
    assert "runs reindex" not in err


def test_a_journal_of_the_old_database_is_not_replayed_into_the_new(
    run: RunDirectory, capsys: Output
) -> None:
    before = rows(run)
    database = Database.open(run.database)
    database.set_status("failed", "in the journal only")
    journal = run.database.with_name("run.db-wal").read_bytes()
    assert journal
    database.close()
    DAMAGE["broken database"](run.database)
    run.database.with_name("run.db-wal").write_bytes(journal)
    assert reindex(capsys)[0] == 0
    assert rows(run)["episodes"] == before["episodes"]
    assert shown(capsys)["state"] == "finished"


def test_chunks_without_a_sound_checkpoint_did_not_happen(
    run: RunDirectory, capsys: Output
) -> None:
    (run.checkpoint(4) / "model.zip").write_bytes(b"x")
    code, out, err = reindex(capsys)
    assert code == 0
    assert "chunks 4, updates 6" in out
    assert "checkpoint 4 is damaged and left out" in err
    assert "1 event logs from chunk 4 on are left out" in err
    assert run.event_log(4).is_file()  # resuming decides about files


def lose_logs(run: RunDirectory) -> None:
    """Chunk 3 is then known by its checkpoint, chunk 1 is not."""
    log = run.event_log(3)
    log.write_bytes(log.read_bytes()[:-1])
    run.event_log(1).unlink()


def timeless(found: Any) -> Any:
    """Rows of episodes without when their rollout ended."""
    return [row[:3] + row[4:] for row in found]


def test_a_lost_log_leaves_the_rows_of_recorded_episodes(run: RunDirectory, capsys: Output) -> None:
    before = rows(run)
    lose_logs(run)
    code, out, err = reindex(capsys)
    assert code == 0
    assert "chunks 5, updates 4" in out
    for chunk in (1, 3):
        count = sum(row[1] == chunk for row in before["episodes"])
        assert (
            f"rows of chunk {chunk} are those of its {count} recordings, without updates: " in err
        )
    after = rows(run)
    assert timeless(after["episodes"]) == timeless(before["episodes"])
    assert after["recordings"] == before["recordings"]
    with Database.reading(run.database) as database:
        assert database.counts() == (2048, len(before["episodes"]))
        assert [summary.chunk for summary in database.chunks()] == [2, 4]  # those with updates
    with Database.reading(run.path / "run.db.before") as old:  # has the lost updates
        assert len(old.updates()) == 8
    assert "run.db.before" in err
    assert cli.run(["episodes", "verify", "finished"]) == 0
    assert cli.run(["episodes", "show", "finished:1", "--json"]) == 0
    with closing(Database.open(run.database)) as opened:
        recover(run, opened, lambda _, text: pytest.fail(text))
    assert rows(run) == after


def test_a_lost_log_loses_the_rows_of_what_is_not_recorded(
    run: RunDirectory, capsys: Output
) -> None:
    before = rows(run)
    lose_logs(run)
    run.segment(1).unlink()
    with Segment(run.segment(3)) as segment:
        gone = segment.entries[1]
    flip(run.segment(3), gone.offset + 5)
    code, out, err = reindex(capsys)
    assert code == 0
    assert "chunks 4, updates 4" in out
    assert "rows of chunk 1 are missing: its event log is missing" in err
    count = sum(row[1] == 3 for row in before["episodes"]) - 1
    assert f"rows of chunk 3 are those of its {count} recordings" in err
    kept = [row for row in before["episodes"] if row[1] != 1 and row[0] != gone.number]
    assert timeless(rows(run)["episodes"]) == timeless(kept)


def test_a_recording_that_no_log_knows_is_told(run: RunDirectory, capsys: Output) -> None:
    """The segment is of a longer chunk than the log."""
    before = rows(run)
    log = read_log(run.event_log(2))
    *_, last = (event for event in log.events if isinstance(event, Episodes) and len(event))
    writer = LogWriter(run.event_log(2).with_suffix(".new"))
    for event in log.events:
        if event is not last:
            writer.write(event)
    writer.finish(log.attempt, log.ended, log.state)
    writer.close()
    run.event_log(2).with_suffix(".new").rename(run.event_log(2))
    _, _, err = reindex(capsys)
    numbers = range(last.first, last.first + len(last))
    for number in numbers:
        assert f"episode {number} of 000002.episodes is not listed: no event log knows it" in err
    assert rows(run)["episodes"] == [row for row in before["episodes"] if row[0] not in numbers]


def test_a_run_whose_game_is_gone_is_made_again_too(
    run: RunDirectory, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCADE_RL_LOAD_PLUGINS", "nothing")
    code, _, err = reindex(capsys)
    assert code == 0
    assert "which checkpoint is the best is not known" in err
    kept = {c["chunk"]: c["kept"] for c in shown(capsys)["checkpoints"]}
    assert kept[2] == "50%"
    assert all(kept.values())


def test_there_must_be_something_to_make_it_from(run: RunDirectory, capsys: Output) -> None:
    shutil.rmtree(run.checkpoints)
    shutil.rmtree(run.events)
    before = run.database.read_bytes()
    code, _, err = reindex(capsys)
    assert code == 3
    assert "nothing to lose" in err
    assert run.database.read_bytes() == before
