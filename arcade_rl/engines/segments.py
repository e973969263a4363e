"""What the database says of the recorded episodes in segments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from arcade_rl.errors import VerificationError
from arcade_rl.recording.segment import Entry, Segment, frames_end
from arcade_rl.runs.database import Database, RecordingRow
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.index import Salvaged

PART = ".part"
"""What the name of a segment that is being written anew ends with."""


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


def salvage(path: Path) -> Salvaged:
    """The rows of the episodes of a segment whose bytes are whole, of which every one is read."""
    try:
        segment = Segment(path)
    except VerificationError as error:
        return Salvaged([], str(error))
    with segment:
        rows, damage = [], segment.damage
        for entry in segment.entries:
            try:
                segment.frame(entry)
            except VerificationError as error:
                damage = damage or str(error)
            else:
                rows.append(row_of(entry))
    return Salvaged(rows, damage)


def index_segments(
    run: RunDirectory, database: Database, notify: Callable[[str, str], None]
) -> None:
    """Make the database agree with the segments, where a crash came between the two.

    A segment that was written anew is shorter, so its end tells whether the rows are of it.
    """
    for part in run.episodes.glob(f"*{PART}"):
        part.unlink()
    segments, ends = run.segments(), database.frames_ends()
    for chunk in sorted(ends.keys() - segments.keys()):
        database.set_recordings(chunk, [])
        notify("warning", f"recordings of chunk {chunk} are lost: {run.segment(chunk)} is gone")
    for chunk, path in segments.items():
        try:
            if ends.get(chunk) != frames_end(path):
                database.set_recordings(chunk, rows_of_segment(path))
        except VerificationError:
            found = salvage(path)
            database.set_recordings(chunk, found.rows)
            notify("warning", found.in_words(chunk))
