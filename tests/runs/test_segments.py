"""What a supervisor believes of segments: of what a worker staged, and after a crash."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from make_run import Made
from recordings_of import numbers_of, stored_rows

from arcade_rl.engines.commit import commit, recover
from arcade_rl.errors import VerificationError
from arcade_rl.recording.segment import Segment, frames_end
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import LogWriter, Recorded, read_log
from arcade_rl.runs.plan import STAGED_CHECKPOINT, STAGED_EPISODES, STAGED_EVENTS

NEWEST = 4


@pytest.fixture
def run(finished: Made, tmp_path: Path) -> RunDirectory:
    return finished.copy(tmp_path)


def recovered(run: RunDirectory) -> list[str]:
    """What is said when the run is put in order."""
    said: list[str] = []
    with closing(Database.open(run.database)) as database:
        recover(run, database, lambda level, text: said.append(f"{level}: {text}"))
    return said


def test_a_sound_run_is_left_as_it_is(run: RunDirectory) -> None:
    before = numbers_of(run)
    assert recovered(run) == []
    assert numbers_of(run) == before


@pytest.mark.parametrize("lost", ["rows of recordings", "the whole chunk"])
def test_what_the_database_does_not_know_is_read_from_the_segment(
    run: RunDirectory, lost: str
) -> None:
    before = numbers_of(run)
    with closing(Database.open(run.database)) as database:
        if lost == "the whole chunk":
            database.discard_from(NEWEST)
        else:
            database.set_recordings(2, [])
    assert recovered(run) == []
    assert numbers_of(run) == before


def test_a_segment_that_was_being_written_anew_goes(run: RunDirectory) -> None:
    part = run.segment(1).with_name("000001.episodes.part")
    part.write_bytes(b"half")
    assert recovered(run) == []
    assert not part.exists()


def test_a_segment_of_a_chunk_that_did_not_happen_goes(run: RunDirectory) -> None:
    before = numbers_of(run)
    shutil.copy(run.segment(1), run.segment(NEWEST + 1))
    assert recovered(run) == []
    assert numbers_of(run) == before


def test_damage_and_loss_are_told(run: RunDirectory) -> None:
    with Segment(run.segment(1)) as segment:
        third = segment.entries[2]
    os.truncate(run.segment(1), third.offset + 1)
    run.segment(2).unlink()
    gone, damaged = recovered(run)
    assert gone.startswith("warning: recordings of chunk 2 are lost: ")
    assert damaged.startswith("warning: recordings of chunk 1 are damaged: ")
    assert "; 2 of its episodes are whole and kept; the file as it was is now rejected/" in damaged
    assert numbers_of(run)[:2] == [1, 2]
    assert recovered(run) == []  # said once


@pytest.mark.parametrize("damage", ["index", "front", "index and frame"])
def test_a_segment_without_a_sound_index_is_replaced_and_its_bytes_are_kept(
    run: RunDirectory, damage: str
) -> None:
    path, before = run.segment(2), numbers_of(run)
    with Segment(path) as segment:
        entries = segment.entries
    data = bytearray(path.read_bytes())
    lost: list[int] = []
    if damage == "front":
        data[0] ^= 1
        lost = [entry.number for entry in entries]
    else:
        data[entries[-1].offset + entries[-1].length + 12] ^= 1
    if damage == "index and frame":
        data[entries[3].offset + 5] ^= 1
        lost = [entry.number for entry in entries[3:]]
    path.write_bytes(data)
    (said,) = recovered(run)
    assert said.startswith("warning: recordings of chunk 2 are damaged: ")
    assert f"; {len(entries) - len(lost)} of its episodes are whole and kept" in said
    assert numbers_of(run) == [number for number in before if number not in lost]
    (aside,) = run.rejected.iterdir()
    assert aside.read_bytes() == data
    assert aside.name in said
    assert recovered(run) == []


def test_a_disk_that_refuses_leaves_a_damaged_segment_for_later(run: RunDirectory) -> None:
    with Segment(run.segment(1)) as segment:
        third = segment.entries[2]
    os.truncate(run.segment(1), third.offset + 1)
    damaged = run.segment(1).read_bytes()
    run.rejected.write_bytes(b"no directory can be made here")
    (said,) = recovered(run)
    assert "its file cannot be replaced: " in said
    assert run.segment(1).read_bytes() == damaged
    assert [row[0] for row in stored_rows(run) if row[1] == 1] == [1, 2]
    run.rejected.unlink()
    assert len(recovered(run)) == 1
    assert numbers_of(run)[:2] == [1, 2]


def test_where_the_frames_end_is_told_by_a_whole_segment_only(run: RunDirectory) -> None:
    path = run.segment(1)
    data = path.read_bytes()
    with Segment(path) as segment:
        last = segment.entries[-1]
    assert frames_end(path) == last.offset + last.length
    for length in (0, 5, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(VerificationError, match="ends before its index"):
            frames_end(path)


@pytest.mark.parametrize("fault", ["torn", "missing", "fewer"])
def test_an_attempt_whose_segment_is_not_what_was_told_is_not_committed(
    run: RunDirectory, fault: str
) -> None:
    log = run.event_log(NEWEST)
    told = next(event for event in read_log(log).events if isinstance(event, Recorded))
    before, staging = log.read_bytes(), run.staging / "000004-2"
    staging.mkdir()
    run.checkpoint(NEWEST).rename(staging / STAGED_CHECKPOINT)
    staged = run.segment(NEWEST).rename(staging / STAGED_EPISODES)
    match fault:
        case "torn":
            os.truncate(staged, staged.stat().st_size - 1)
        case "missing":
            staged.unlink()
        case "fewer":
            shutil.copy(run.segment(1), staged)
            told = Recorded(told.offered + 99, told.written + 99, 0, 0)
    with closing(Database.open(run.database)) as database:
        database.begin_attempt(NEWEST, 2, 7, 8)
        database.record(NEWEST, 2, told)
        writer = LogWriter(staging / STAGED_EVENTS)
        with pytest.raises(VerificationError):
            commit(run, database, writer, staging, 2)
        writer.close()
        assert not database.chunk_is_done(NEWEST)
    assert log.read_bytes() == before
    assert not run.segment(NEWEST).exists()
    assert not run.checkpoint(NEWEST).exists()
