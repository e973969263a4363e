"""Segments of recorded episodes, and the rows of the database about them: made, checked and
mended."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from arcade_rl.errors import VerificationError
from arcade_rl.reading import listed
from arcade_rl.recording.ended import recorded_values
from arcade_rl.recording.recording import Recording
from arcade_rl.recording.segment import Entry, Segment, SegmentWriter, frames_end, read_frame
from arcade_rl.runs.database import Database, RecordingRow
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import Episodes
from arcade_rl.runs.files import fsync

PART = ".part"
"""Ending of the name of a segment that is being rewritten."""

Notify = Callable[[str, str], None]
"""A function that gives a notice, called with a level and a text."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What can be read of a segment of recorded episodes."""

    rows: list[RecordingRow]
    """Rows of the episodes whose bytes are whole."""
    damage: str
    """What is wrong with the other episodes; "" for a whole segment."""
    unknown: list[tuple[int, Episodes]] = field(default_factory=list)
    """Whole episodes that the database has no row of: the chunk that each ended in, and the episode
    as an event log has it."""

    def in_words(self, chunk: int) -> str:
        """Message about a damaged segment of `chunk`."""
        return (
            f"recordings of chunk {chunk} are damaged: {self.damage}; "
            f"{len(self.rows)} of its episodes are whole and kept"
        )


def row_of(entry: Entry) -> RecordingRow:
    """An episode of a segment as a row of the database."""
    return RecordingRow(entry.number, entry.offset, entry.length, entry.reasons)


def rows_of_segment(path: Path) -> list[RecordingRow]:
    """The rows of a segment. VerificationError if the index of the segment is damaged or the file
    is not there."""
    try:
        with Segment(path) as segment:
            if segment.damage:
                raise VerificationError(segment.damage)
            return [row_of(entry) for entry in segment.entries]
    except FileNotFoundError:
        raise VerificationError(f"{path} is not there") from None


def salvage(path: Path, is_known: Callable[[int], bool]) -> Salvaged:
    """Read every episode of a segment: the rows of those whose bytes are whole, and the content of
    those that the database does not know. `is_known`: whether the database has a row of this
    episode number."""
    try:
        segment = Segment(path)
    except VerificationError as error:
        return Salvaged([], str(error))
    with segment:
        rows, unknown, damage = [], [], segment.damage
        for entry in segment.entries:
            try:
                if is_known(entry.number):
                    segment.frame(entry)
                else:
                    unknown.append(_ended(segment.read(entry)))
            except VerificationError as error:
                damage = damage or str(error)
            else:
                rows.append(row_of(entry))
    return Salvaged(rows, damage, unknown)


def faults_of_segments(run: RunDirectory, is_whole: bool) -> Iterator[str]:
    """What is damaged or lost of a run's recorded episodes, in a line for each chunk. `is_whole`:
    whether every episode is read, rather than the index of each segment only."""
    advice = f"`arcade-rl runs reindex {run.name}` lists what is whole"
    for chunk, path in run.segments().items():
        if (fault := _fault(path, is_whole)) and path.exists():  # and no budget has just deleted it
            yield f"recordings of chunk {chunk} are damaged: {fault}; {advice}"
    for chunk in _lost(run):
        yield f"recordings of chunk {chunk} are lost: {run.segment(chunk)} is gone; {advice}"


def _fault(path: Path, is_whole: bool) -> str:
    try:
        if is_whole:
            return salvage(path, lambda _: True).damage
        rows_of_segment(path)
    except FileNotFoundError:
        return ""
    except VerificationError as error:
        return str(error)
    return ""


def _lost(run: RunDirectory) -> list[int]:
    """Chunks that have rows of recordings and no segment. The rows are read again at the end,
    because a budget deletes rows before it deletes their file."""
    with Database.reading(run.database) as database:
        gone = [chunk for chunk in database.frames_ends() if not run.segment(chunk).exists()]
        still = database.frames_ends() if gone else {}
    return [chunk for chunk in gone if chunk in still]


def _ended(recording: Recording) -> tuple[int, Episodes]:
    """The chunk that an episode ended in, and the episode as an event log has it."""
    it = recording.metadata
    return it.chunk, Episodes(
        first=it.number,
        columns={name: [value] for name, value in recorded_values(recording)},
        terms={name: [value] for name, value in it.terms.items()},
        metrics={name: [value] for name, value in it.metrics.items()},
        time=it.ended,
    )


def write_segment(path: Path, frames: Iterable[tuple[int, list[str], bytes]]) -> list[RecordingRow]:
    """Write a segment of these numbers, reasons and frames, durably, and return its rows. OSError,
    and no new file, if the disk refuses."""
    path.unlink(missing_ok=True)
    try:
        writer = SegmentWriter(path)
        try:
            for number, reasons, frame in frames:
                writer.append(number, reasons, frame)
            writer.close()
        finally:
            writer.abandon()
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return [row_of(entry) for entry in writer.entries]


def index_segments(run: RunDirectory, database: Database, notify: Notify) -> None:
    """Make the database agree with the segments, where a crash came between writing the one and the
    other.

    A rewritten segment is shorter, so the end of its last episode tells whether the rows belong to
    it. A segment without a sound index is replaced by a segment of its whole episodes.
    """
    for part in listed(run.episodes, f"*{PART}"):
        part.unlink()
    segments, ends = run.segments(), database.frames_ends()
    for chunk in sorted(ends.keys() - segments.keys()):
        database.set_recordings(chunk, [])
        notify("warning", f"recordings of chunk {chunk} are lost: {run.segment(chunk)} is gone")
    for chunk, path in segments.items():
        try:
            rows = rows_of_segment(path)
            if ends.get(chunk) != frames_end(path):
                database.set_recordings(chunk, rows)
        except VerificationError:
            _mend(run, database, chunk, notify)


def _mend(run: RunDirectory, database: Database, chunk: int, notify: Notify) -> None:
    """Replace a damaged segment by a segment of its whole episodes, and put the damaged file aside.
    If the disk refuses, the segment stays as it is until the next time."""
    path = run.segment(chunk)
    found = salvage(path, lambda _: True)
    database.set_recordings(chunk, found.rows)
    aside = run.rejected / f"{path.name}-{time.time_ns()}"
    try:
        run.rejected.mkdir(exist_ok=True)
        if found.rows:
            part = path.with_name(f"{path.name}{PART}")
            rows = write_segment(part, _frames(path, found.rows))
            shutil.copyfile(path, aside)
            os.replace(part, path)
            fsync(path.parent)
            database.set_recordings(chunk, rows)
        else:
            os.rename(path, aside)
    except OSError as error:
        notify("warning", f"{found.in_words(chunk)}; its file cannot be replaced: {error}")
    else:
        aside = aside.relative_to(run.path)
        notify("warning", f"{found.in_words(chunk)}; the file as it was is now {aside}")


def _frames(path: Path, rows: Iterable[RecordingRow]) -> Iterator[tuple[int, list[str], bytes]]:
    for row in rows:
        yield row.number, row.reasons, read_frame(path, row.offset, row.bytes)
