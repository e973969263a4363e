"""One supervisor a run: an advisory lock that the kernel drops when its holder dies."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from arcade_rl.errors import LockedError
from arcade_rl.runs.fields import built, parsed


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock."""

    pid: int
    host: str
    since: float
    """Seconds since the epoch."""


class RunLock:
    """Held while a run is supervised. LockedError on entry if another process holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> Self:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        if not _lock(descriptor):
            os.close(descriptor)
            holder = _read(self._path)
            who = f"process {holder.pid} on {holder.host}" if holder else "another process"
            raise LockedError(
                f"{self._path.parent} is already supervised by {who}; "
                "wait for it, or end it with `arcade-rl stop`"
            )
        self._descriptor = descriptor
        holder = Holder(os.getpid(), socket.gethostname(), time.time())
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


def _lock(descriptor: int) -> bool:
    """Take the lock; tried for a moment, because asking who holds it takes it too."""
    for _ in range(20):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock now; None if nobody alive does."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path) or Holder(0, socket.gethostname(), 0.0)
    finally:
        os.close(descriptor)
    return None


def _read(path: Path) -> Holder | None:
    try:
        return built(Holder, parsed(path.read_bytes()))
    except (OSError, ValueError):
        return None  # taken a moment ago: the holder has not written its name yet
