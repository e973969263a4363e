"""The disk cache of compiled kernels, in which processes are killed.

Whoever reads or writes the cache's list makes a lock file beside it and removes it again; who meets
one gives up after a fifth of a second, and compiles for minutes, or writes nothing. A process that
is killed leaves its lock. Nothing in a lock says whose it is, so the processes of arcade_rl have a
lock of their own besides, which vanishes with its process, and a mark in it which does not.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

WRITE_S = 60.0
"""Time that kernels may take to be written, waiting included; a second is usual. A lock of another
program, which may be at it, is left alone as long."""
LEFT_S = 5.0
"""Age of a lock that a killed process of ours has left. It could go at once: the time is for the
rare case that another program had the lock when ours was killed while it tried for it."""
OURS = "arcade_rl.lock"
"""Name of the lock file in the folder of the cache. The file holds `INSIDE` while a process has the
lock and after that process was killed; otherwise the file is empty."""
INSIDE = b"inside"
LOCKED = 75
"""Exit code of a writer that found the list locked."""


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """No other process of arcade_rl reads or writes the list inside, and no killed one has it
    locked.

    After `WRITE_S`, and where the cache cannot be written, the block runs without the lock, and
    stderr says so.
    """
    try:
        file = _open()
    except OSError as error:
        print(f"go2: compiled kernels cannot be kept: {error}", file=sys.stderr)
        yield
        return
    try:
        if not _lock(file):
            yield
            return
        _unlock_lists(LEFT_S if os.pread(file, len(INSIDE), 0) else WRITE_S)
        os.pwrite(file, INSIDE, 0)
        try:
            yield
        finally:
            os.ftruncate(file, 0)
            fcntl.flock(file, fcntl.LOCK_UN)  # closing does not where a forked copy has it too
    finally:
        os.close(file)


def read() -> None:
    """Read the list, if this process has not, after the simulator has begun."""
    from quadrants.lang import impl

    impl.get_runtime().prog.dump_cache_data_to_disk()  # there is nothing to write yet


def keep() -> str:
    """Write what this process has compiled; what is wrong, or "".

    Writing takes the kernels out of the memory of the process that writes, so that a copy of this
    one does it. It leads a group of its own: killing this process's group does not leave half a
    cache.
    """
    with warnings.catch_warnings():  # from Python 3.12 on for threads, none of which the copy needs
        warnings.simplefilter("ignore", DeprecationWarning)
        writer = os.fork()
    if writer:
        return _wait_for(writer)
    code = 1
    try:
        os.setsid()
        with alone():
            code = 0 if _write() else LOCKED
    except BaseException:  # noqa: BLE001 - nothing of it may reach what the first process was doing
        traceback.print_exc()
    finally:
        os._exit(code)  # nothing of what the first process holds is torn down here


def folder() -> Path:
    """Where the cache is."""
    chosen = os.environ.get("QD_OFFLINE_CACHE_FILE_PATH")
    if chosen is not None:
        return Path(chosen)
    from quadrants.lang import impl

    return Path(impl.default_cfg().offline_cache_file_path)


def _open() -> int:
    folder().mkdir(parents=True, exist_ok=True)
    return os.open(folder() / OURS, os.O_RDWR | os.O_CREAT, 0o666)


def _lock(file: int) -> bool:
    """Whether it is this process's own after at most `WRITE_S`."""
    until = time.monotonic() + WRITE_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > until:
                print(f"go2: another process has had {folder() / OURS} for long", file=sys.stderr)
                return False
            time.sleep(0.02)


def _unlock_lists(oldest_s: float) -> None:
    """Wait until nobody has a list, and remove locks that get this old: their processes were
    killed.

    On a GPU there is a second list, in a folder of its own.
    """
    for lock in sorted(folder().glob("*/*.lock")):
        first = _identity(lock)
        until = time.monotonic() + oldest_s - _age_s(first)
        while first is not None and _identity(lock) == first:
            if time.monotonic() >= until:
                _remove(lock, first)
                break
            time.sleep(0.02)


def _age_s(identity: tuple[int, int] | None) -> float:
    """s, at least 0."""
    return 0.0 if identity is None else max(0.0, time.time() - identity[1] / 1e9)


def _remove(lock: Path, identity: tuple[int, int]) -> None:
    """Remove this lock, but not a newer one that another process may have made by now."""
    taken = lock.with_name(f"{lock.name}.{os.getpid()}")
    try:
        lock.rename(taken)
    except FileNotFoundError:
        return
    if _identity(taken) == identity:
        print(f"go2: {lock} was left by a process that was killed; removed", file=sys.stderr)
    else:
        with contextlib.suppress(FileExistsError):  # yet another one: nobody is without a lock
            os.link(taken, lock)
    taken.unlink()


def _identity(file: Path) -> tuple[int, int] | None:
    """A file's inode number and time in ns, which change when another file takes its place; None if
    there is no file."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _write() -> bool:
    """Whether the kernels are kept, or were before. Where the list is locked nothing is raised, and
    there is only a warning to see it by: with nothing new to write the list rightly stays as it
    is."""
    import quadrants
    from quadrants.lang import impl

    quadrants.set_logging_level("warn")
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        impl.get_runtime().prog.dump_cache_data_to_disk()
        os.dup2(stderr, 2)
        said.seek(0)
        return b"qdcache.lock failed. Please run" not in said.read()


def _wait_for(writer: int) -> str:
    """What is wrong with how a process ended; "" if nothing. It is killed when it takes too
    long."""
    until = time.monotonic() + WRITE_S
    while time.monotonic() < until:
        ended, status = os.waitpid(writer, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            if code == LOCKED:
                return f"another program has locked {folder()}"
            return f"their writer ended with {code}" if code else ""
        time.sleep(0.01)
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    return f"writing took more than {WRITE_S:g} s, with waiting for other processes"
