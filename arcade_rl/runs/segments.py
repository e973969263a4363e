"""What the database says of the recorded episodes in segments."""

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
"""What the name of a segment that is being written anew ends with."""

Notify = Callable[[str, str], None]
"""Called with a level and a text."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What can be read of a segment of recorded episodes."""

    rows: list[RecordingRow]
    """Of the episodes whose bytes are whole."""
    damage: str
    """What is wrong with the others; "" for a whole segment."""
    unknown: list[tuple[int, Episodes]] = field(default_factory=list)
    """Of the whole episodes that the database has no row of: the chunk that each ended in, and it."""

    def in_words(self, chunk: int) -> str:
        """What to say of a damaged segment of `chunk`."""
        return (
            f"recordings of chunk {chunk} are damaged: {self.damage}; "
            f"{len(self.rows)} of its episodes are whole and kept"
        )


def row_of(entry: Entry) -> RecordingRow:
    """An episode of a segment as a row of the database."""
    return RecordingRow(entry.number, entry.offset, entry.length, entry.reasons)


def rows_of_segment(path: Path) -> list[RecordingRow]:
    """The rows of a segment. VerificationError if its index is damaged or it is not there."""
    try:
        with Segment(path) as segment:
            if segment.damage:
                raise VerificationError(segment.damage)
            return [row_of(entry) for entry in segment.entries]
    except FileNotFoundError:
        raise VerificationError(f"{path} is not there") from None


def salvage(path: Path, is_known: Callable[[int], bool]) -> Salvaged:
    """The rows of the episodes of a segment whose bytes are whole, of which every one is read; and what
    there is to know of those whose number is not known."""
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
    """What is damaged or lost of a run's recorded episodes, in a line for each chunk. `is_whole`: every
    episode is read, rather than the index of each segment only."""
    advice = f"`arcade-rl runs reindex {run.name}` lists what is whole"
    for chunk, path in run.segments().items():
        if (fault := _fault(path, is_whole)) and path.exists():  # no budget took it just now
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
    """Chunks with rows of recordings and without a segment. The rows are asked for again at the end: a
    budget takes them before the file."""
    with Database.reading(run.database) as database:
        gone = [chunk for chunk in database.frames_ends() if not run.segment(chunk).exists()]
        still = database.frames_ends() if gone else {}
    return [chunk for chunk in gone if chunk in still]


def _ended(recording: Recording) -> tuple[int, Episodes]:
    """The chunk that an episode ended in, and what an event log says of it."""
    it = recording.metadata
    return it.chunk, Episodes(
        first=it.number,
        columns={name: [value] for name, value in recorded_values(recording)},
        terms={name: [value] for name, value in it.terms.items()},
        metrics={name: [value] for name, value in it.metrics.items()},
        time=it.ended,
    )


def write_segment(path: Path, frames: Iterable[tuple[int, list[str], bytes]]) -> list[RecordingRow]:
    """Write a segment of these numbers, reasons and frames, durably; returns its rows. OSError, and
    no new file, if the disk refuses."""
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
    """Make the database agree with the segments, where a crash came between the two.

    A segment that was written anew is shorter, so its end tells whether the rows are of it. One
    without a sound index is replaced by one of its whole episodes.
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
    """Replace a damaged segment by one of what is whole of it, and put it aside as it was. A disk that
    refuses leaves it for the next time."""
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
