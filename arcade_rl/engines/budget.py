"""Keeps the recorded episodes of a run within `recording.max_bytes`.

The oldest episodes that were kept for no reason but "all" go first, then the oldest. The segment that
holds them is written anew beside the old one and renamed, the frames of the others as they were. The
database forgets the segment before and learns it again after: whatever a crash leaves out is made up
from the file (`segments.index_segments`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from arcade_rl.engines.segments import PART, row_of
from arcade_rl.errors import VerificationError
from arcade_rl.recording.segment import HEAD_BYTES, Segment, SegmentWriter
from arcade_rl.runs.database import Database, RecordingRow
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.files import fsync

Notify = Callable[[str, str], None]


def prune_recordings(run: RunDirectory, database: Database, max_bytes: int, notify: Notify) -> None:
    """Let go of as many recorded episodes as it takes; 0 is no limit. A disk that refuses becomes a
    notice."""
    if not max_bytes or (excess := run.segment_bytes() - max_bytes) <= 0:
        return
    counts = database.recording_counts()
    if counts.stored == counts.written:  # nothing went before: said once in a run
        notify(
            "info",
            f"recordings have reached recording.max_bytes, {max_bytes:,}: from now on the oldest "
            'episodes go, first those kept for no reason but "all"',
        )
    try:
        while excess > 0 and (victims := _victims(database, excess)):
            for chunk, numbers in victims.items():
                _prune_segment(run, database, chunk, numbers, notify)
            excess = run.segment_bytes() - max_bytes
    except OSError as error:
        notify("warning", f"recordings cannot be brought to recording.max_bytes: {error}")


def _victims(database: Database, excess: int) -> dict[int, set[int]]:
    """Numbers of the episodes that go, by chunk, until their frames make up for the excess."""
    victims: dict[int, set[int]] = {}
    for chunk, number, length in database.first_to_go():
        if excess <= 0:
            break
        victims.setdefault(chunk, set()).add(number)
        excess -= length + HEAD_BYTES
    return victims


def _prune_segment(
    run: RunDirectory, database: Database, chunk: int, gone: set[int], notify: Notify
) -> None:
    path = run.segment(chunk)
    part = path.with_name(f"{path.name}{PART}")
    rows = write_without(path, part, gone, notify)
    database.set_recordings(chunk, [])
    if rows:
        os.replace(part, path)
    else:
        part.unlink()
        path.unlink(missing_ok=True)
    fsync(path.parent)
    database.set_recordings(chunk, rows)


def write_without(path: Path, part: Path, gone: set[int], notify: Notify) -> list[RecordingRow]:
    """Write a segment anew without these episodes, durably; returns its rows. What is damaged goes
    too, with a notice. OSError, and no new file, if the disk refuses."""
    part.unlink(missing_ok=True)
    try:
        writer = SegmentWriter(part)
        try:
            _copy(path, writer, gone, notify)
            writer.close()
        finally:
            writer.abandon()
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return [row_of(entry) for entry in writer.entries]


def _copy(path: Path, writer: SegmentWriter, gone: set[int], notify: Notify) -> None:
    try:
        segment = Segment(path)
    except (FileNotFoundError, VerificationError) as error:
        notify("warning", f"all of {path.name} goes, because it is damaged: {error}")
        return
    with segment:
        for entry in segment.entries:
            if entry.number in gone:
                continue
            try:
                frame = segment.frame(entry)
            except VerificationError as error:
                notify("warning", f"episode {entry.number} goes, because it is damaged: {error}")
            else:
                writer.append(entry.number, entry.reasons, frame)
