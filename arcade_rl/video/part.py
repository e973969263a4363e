"""A film file while it is written: it appears whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import av

from arcade_rl.errors import ArcadeError, UsageError
from arcade_rl.runs.files import fsync


def refuse_existing(path: Path, force: bool) -> None:
    """Refuse a path that exists and may not be replaced, or at which no file could be made.
    UsageError."""
    if path.is_dir():
        raise UsageError(f"{path} is a directory; give the name of a film file")
    if path.exists() and not force:
        raise UsageError(f"{path} exists; give another name, or --force to replace it")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is not a directory; create it, or give another path")


@contextlib.contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Turn errors of the disk or the encoder into ArcadeError, one line that names the film."""
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise ArcadeError(
            f"{path} could not be written: {error.strerror}; "
            f"check the free space and the rights there, and export again"
        ) from error


class PartFile:
    """The file `<name>.part` beside the film, locked against a second writer.

    A file that a killed process left is written over.
    """

    def __init__(self, target: Path, force: bool) -> None:
        refuse_existing(target, force)
        self._target = target
        self._lock: int | None = None
        self.path = target.with_name(f"{target.name}.part")

    def create(self) -> None:
        """Make the file and lock it. UsageError if another process is writing it."""
        self._lock = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        if not _is_locked(self._lock, self.path):
            self._release()
            raise UsageError(
                f"{self._target} is being written by another process; give another name, or wait"
            )

    def finish(self) -> None:
        """Give the whole film its name, durably."""
        fsync(self.path)
        os.replace(self.path, self._target)
        fsync(self._target.parent)
        self._release()

    def remove(self) -> None:
        """Remove the file, if this process has made it."""
        if self._lock is not None:
            self.path.unlink(missing_ok=True)
            self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _is_locked(descriptor: int, path: Path) -> bool:
    """Lock the file; false if another process holds the lock, or has just renamed or removed the
    file."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
