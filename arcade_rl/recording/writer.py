"""Puts recordings on disk beside the training, and counts what became of each.

Losses are whole episodes. An episode that comes while too many wait, or that the disk refuses, is
counted: offered == written + dropped + failed + waiting at every moment.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from arcade_rl.errors import ArcadeError
from arcade_rl.recording.format import encode
from arcade_rl.recording.recording import Recording
from arcade_rl.recording.segment import SegmentWriter


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the episodes that were to be recorded."""

    offered: int = 0
    """Episodes that were handed to the writer."""
    written: int = 0
    """Episodes in the segment."""
    dropped: int = 0
    """Episodes that came while too many waited, because the disk was too slow."""
    failed: int = 0
    """Episodes that could not be written."""
    waiting: int = 0
    """Episodes in the queue, or just being written."""

    @property
    def lost(self) -> int:
        """Episodes that are in no segment and never will be."""
        return self.dropped + self.failed


class Writer:
    """A queue, a thread, and a segment.

    A rollout may end more episodes at once than the queue should hold, even with a fast disk. So
    the writer decides for each rollout as a whole whether the disk keeps up.
    """

    def __init__(
        self,
        path: Path,
        capacity: int,
        segment: Callable[[Path], SegmentWriter] = SegmentWriter,
    ) -> None:
        self._queue: queue.SimpleQueue[Recording | None] = queue.SimpleQueue()
        self._capacity = capacity
        self._is_behind = False
        self._lock = threading.Lock()
        self._counts = {"offered": 0, "written": 0, "dropped": 0, "failed": 0, "waiting": 0}
        self._is_durable = False
        """Whether the segment is closed, so that the written episodes stay."""
        self.trouble = ""
        """What went wrong first; "" if nothing has."""
        self._thread = threading.Thread(
            target=self._run, args=(path, segment), name="recorder", daemon=True
        )
        self._thread.start()

    @property
    def counts(self) -> Counts:
        """The counts at this moment."""
        with self._lock:
            return Counts(**self._counts)

    def begin_rollout(self) -> None:
        """Drop all that this rollout offers if `capacity` episodes or more still wait."""
        self._is_behind = self.counts.waiting >= self._capacity

    def offer(self, recording: Recording) -> None:
        """Hand over an episode. This method never waits."""
        self._count(offered=1, **{"dropped" if self._is_behind else "waiting": 1})
        if self._is_behind:
            self._complain(
                f"the disk is too slow: {self._capacity} episodes or more wait for it, and "
                "recording.queue allows no more"
            )
        else:
            self._queue.put(recording)

    def close(self) -> Counts:
        """Write the waiting episodes and the index. In the returned counts no episode waits."""
        self._queue.put(None)
        self._thread.join()
        if not self._is_durable:
            counts = self.counts
            self._lose(written=counts.written, waiting=counts.waiting)
        return self.counts

    def _run(self, path: Path, open_segment: Callable[[Path], SegmentWriter]) -> None:
        try:
            self._write_all(path, open_segment)
        except BaseException as error:  # noqa: BLE001 - `close` counts what is left behind
            self._complain(f"the writer ended: {type(error).__name__}: {error}")

    def _write_all(self, path: Path, open_segment: Callable[[Path], SegmentWriter]) -> None:
        segment = None
        try:
            segment = open_segment(path)
        except Exception as error:  # noqa: BLE001 - recording must not end the training
            self._complain(f"{path.name} cannot be made: {_in_words(error)}")
        with contextlib.ExitStack() as ended:
            if segment is not None:
                ended.callback(segment.abandon)
            while (recording := self._queue.get()) is not None:
                self._write(segment, recording)
            if segment is not None:
                self._finish(segment)

    def _write(self, segment: SegmentWriter | None, recording: Recording) -> None:
        number, reasons = recording.metadata.number, recording.metadata.reasons
        if segment is None:
            self._count(waiting=-1, failed=1)
            return
        try:
            segment.append(number, reasons, encode(recording))
        except Exception as error:  # noqa: BLE001 - recording must not end the training
            self._count(waiting=-1, failed=1)
            self._complain(f"episode {number} cannot be written: {_in_words(error)}")
        else:
            self._count(waiting=-1, written=1)

    def _finish(self, segment: SegmentWriter) -> None:
        try:
            segment.close(may_drop=True)
        except Exception as error:  # noqa: BLE001 - recording must not end the training
            self._complain(f"the index cannot be written: {_in_words(error)}")
        else:
            if lost := self.counts.written - len(segment.entries):
                self._complain("the disk had no room for the index; the last episodes made some")
                self._lose(written=lost)
            self._is_durable = True

    def _lose(self, written: int = 0, waiting: int = 0) -> None:
        """Count episodes that were taken for written, or that wait, as failed."""
        self._count(written=-written, waiting=-waiting, failed=written + waiting)

    def _count(self, **changes: int) -> None:
        with self._lock:
            for name, change in changes.items():
                self._counts[name] += change

    def _complain(self, text: str) -> None:
        self.trouble = self.trouble or text


def _in_words(error: Exception) -> str:
    if not isinstance(error, OSError | ArcadeError):
        with contextlib.suppress(OSError, ValueError):  # the log may be on the same disk, or closed
            traceback.print_exception(error)  # a fault of the program: the log gets the whole trace
    return f"{type(error).__name__}: {error}"
