"""Keeping the recorded episodes of a run within `recording.max_bytes`.

The oldest episodes that were kept for no reason but "all" are deleted first, then the oldest of the
others. The segment that holds them is rewritten beside the old file and renamed; the frames of its
other episodes stay as they were. The database is updated afterwards: if a crash comes in between,
the rows are made again from the file (`segments.index_segments`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from arcade_rl.errors import VerificationError
from arcade_rl.recording.segment import HEAD_BYTES, Segment
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.files import fsync
from arcade_rl.runs.segments import PART, Notify, write_segment

_NOTICE = 'from now on the oldest episodes go, first those kept for no reason but "all"'
"""Text of the notice that is given once in a run."""


def prune_recordings(run: RunDirectory, database: Database, max_bytes: int, notify: Notify) -> None:
    """Delete as many recorded episodes as the limit demands; 0 is no limit. If the disk refuses,
    there is a notice and no error."""
    if not max_bytes or (excess := run.segment_bytes() - max_bytes) <= 0:
        return
    if not any(_NOTICE in row["text"] for row in database.notices()):
        notify("info", f"recordings have reached recording.max_bytes, {max_bytes:,}: {_NOTICE}")
    try:
        while excess > 0 and (victims := _victims(database, excess)):
            for chunk, numbers in victims.items():
                _prune_segment(run, database, chunk, numbers, notify)
            excess = run.segment_bytes() - max_bytes
    except OSError as error:
        notify("warning", f"recordings cannot be brought to recording.max_bytes: {error}")


def _victims(database: Database, excess: int) -> dict[int, set[int]]:
    """Numbers of the episodes to delete, by chunk: so many that their frames make up for the
    excess."""
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
    rows = write_segment(part, _frames_without(path, gone, notify))
    if rows:
        os.replace(part, path)
        fsync(path.parent)
        database.set_recordings(chunk, rows)
    else:
        part.unlink()
        database.set_recordings(chunk, [])  # rows go first: without a file they count as lost
        path.unlink(missing_ok=True)
        fsync(path.parent)


def _frames_without(
    path: Path, gone: set[int], notify: Notify
) -> Iterator[tuple[int, list[str], bytes]]:
    """Number, reasons and frame of the episodes that stay. Damaged episodes are left out too, with
    a notice."""
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
                yield entry.number, entry.reasons, frame
