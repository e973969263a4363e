"""Everything that a run has recorded, read back from its segments."""

from __future__ import annotations

from dataclasses import replace

from recorded import assert_equal

from arcade_rl.recording.recording import Recording
from arcade_rl.recording.segment import Segment
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory


def recordings_of(run: RunDirectory) -> list[Recording]:
    """All recorded episodes, in the order of the segments; none of them is damaged, and the
    database says of each where it lies."""
    found, rows = [], []
    for chunk, path in run.segments().items():
        with Segment(path) as segment:
            assert not segment.damage
            for entry in segment.entries:
                found.append(segment.read(entry))
                assert found[-1].metadata.reasons == entry.reasons
                reasons = ",".join(entry.reasons)
                rows.append((entry.number, chunk, entry.offset, entry.length, reasons))
    assert stored_rows(run) == sorted(rows)
    assert not list(run.episodes.glob("*.part"))
    return found


def stored_rows(run: RunDirectory) -> list[tuple[object, ...]]:
    """What the database says of them."""
    with Database.reading(run.database) as database:
        query = "select * from recordings order by number"
        return [tuple(row) for row in database._connection.execute(query)]


def numbers_of(run: RunDirectory) -> list[int]:
    """Numbers of the recorded episodes, in the order of the segments."""
    return [it.metadata.number for it in recordings_of(run)]


def timeless(it: Recording) -> Recording:
    """The recording without what the clock said."""
    return replace(it, metadata=replace(it.metadata, started=0.0, ended=0.0))


def uncut(it: Recording) -> Recording:
    """The recording without what the clock said, where the run was cut and how it was configured."""
    cut = {"chunk": 0, "checkpoint": -1, "config_sha256": ""}
    return replace(it, metadata=replace(timeless(it).metadata, **cut))  # type: ignore[arg-type]


def assert_same_recordings_however_cut(run: RunDirectory, other: RunDirectory) -> None:
    """Both runs have the same episodes, bit by bit but for the clock and the cuts."""
    mine, theirs = (
        sorted(map(uncut, recordings_of(one)), key=lambda it: it.metadata.number)
        for one in (run, other)
    )
    assert len(mine) == len(theirs)
    for one, two in zip(mine, theirs, strict=True):
        assert_equal(one, two)


def assert_same_recordings(run: RunDirectory, other: RunDirectory) -> None:
    """Both runs have the same episodes, bit by bit but for the clock."""
    mine, theirs = recordings_of(run), recordings_of(other)
    assert len(mine) == len(theirs)
    for one, two in zip(mine, theirs, strict=True):
        assert_equal(timeless(one), timeless(two))
