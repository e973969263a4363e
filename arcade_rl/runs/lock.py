"""The lock of a run, which only one supervisor can hold. The kernel frees it when its holder
dies."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from arcade_rl.errors import ArcadeError, LockedError
from arcade_rl.reading import expect_file, read_file
from arcade_rl.runs.fields import built, parsed


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lock."""

    pid: int
    host: str
    since: float
    """When the lock was taken, in seconds since the epoch."""
    file: int = 0
    """Number of the lock's file on its disk, by which a copy of the file is told from it; 0 where an
    earlier version wrote the file."""


class RunLock:
    """The lock of a run, held while the run is supervised. LockedError on entry if another process
    holds the lock, ArcadeError if the disk has no locks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> Self:
        with contextlib.suppress(FileNotFoundError):
            expect_file(self._path)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            is_ours = _lock(descriptor, self._path)
        except ArcadeError:
            os.close(descriptor)
            raise
        if not is_ours:
            os.close(descriptor)
            holder = _read(self._path)
            who = f"process {holder.pid} on {holder.host}" if holder else "another process"
            raise LockedError(
                f"{self._path.parent} is already supervised by {who}; "
                "wait for it, or end it with `arcade-rl stop`"
            )
        self._descriptor = descriptor
        holder = Holder(os.getpid(), socket.gethostname(), time.time(), _number(descriptor))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _lock(descriptor: int, path: Path) -> bool:
    """Try for a moment to take the lock, and say whether that succeeded. One try is not enough,
    because `holder_of` takes the lock briefly."""
    for _ in range(20):
        if _try(descriptor, fcntl.LOCK_EX, path):
            return True
        time.sleep(0.02)
    return False


def _try(descriptor: int, kind: int, path: Path) -> bool:
    """Try to take the lock, and say whether that succeeded. ArcadeError if the disk has no
    locks."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # some network disks have no locks
        raise ArcadeError(
            f"{path} cannot be locked ({error}): whether the run is supervised is not known; train on "
            "a disk that has locks, with --runs-dir or ARCADE_RL_RUNS_DIR"
        ) from error
    return True


def holder_of(path: Path) -> Holder | None:
    """The process that holds the lock now; None if no living process does. ArcadeError if the disk
    has no locks."""
    try:
        expect_file(path)
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if not _try(descriptor, fcntl.LOCK_SH, path):
            return _read(path) or Holder(0, socket.gethostname(), 0.0)
    finally:
        os.close(descriptor)
    return None


@dataclass(frozen=True, slots=True)
class Left:
    """What a lock that nobody holds here says of the process that held it and did not give it
    back."""

    holder: Holder
    is_copy: bool
    """Whether the file is a copy of the one that was locked."""


def left_in(path: Path) -> Left | None:
    """What a lock that nobody holds here has in its file; None if it was given back, as at the end
    of every supervisor that was not killed."""
    holder = _read(path)
    if holder is None:
        return None
    is_copy = holder.file not in (0, _number(path))
    return Left(holder, is_copy)


def _number(file: int | Path) -> int:
    """Number of a file on its disk, in 62 bits."""
    return os.stat(file).st_ino & (2**62 - 1)


def _read(path: Path) -> Holder | None:
    try:
        return built(Holder, parsed(read_file(path)))
    except (OSError, ValueError):
        return None  # taken a moment ago: the holder has not written its file yet
