"""Genesis itself: begun once a process, and its compiled kernels kept for the next one."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from arcade_rl.errors import MissingError, RunFailed

WRITE_S = 60.0
"""Time that kernels may take to be written; a second is usual."""
LOCK = Path("kernel_compilation_manager", "qdcache.lock")
"""In the folder of the kernel cache."""
LOCKED_S = 5.0
"""Whoever reads or writes the list of kernels has the lock for milliseconds; one that stays so long was
left by a process that was killed."""
INSTALL = "pip install arcade-rl-go2, or pip install genesis-world"


def require() -> None:
    """MissingError if Genesis is not installed. Imports nothing."""
    if find_spec("genesis") is None:
        raise MissingError(f"genesis-world is not installed; go2 is simulated by it. {INSTALL}")


def begin(device: str) -> ModuleType:
    """The module `genesis`, begun on "cpu", "cuda", or for "auto" on a GPU where there is one.

    MissingError if it is not installed or there is no such device; RunFailed if this process has begun
    it on another one: it cannot be begun twice.
    """
    require()
    import genesis
    import torch

    module: ModuleType = genesis

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise MissingError("options.device is cuda and torch sees no GPU; set it to auto or cpu")
    if not genesis._initialized:
        unlock_kernels()
        # Deterministic algorithms: an episode played again must give the same numbers.
        genesis.init(
            backend=genesis.cuda if device == "cuda" else genesis.cpu,
            precision="32",
            logging_level="error",
            use_deterministic_algorithms=True,
        )
    if genesis.device.type != device:
        raise RunFailed(
            f"Genesis runs on {genesis.device.type} in this process already; {device} is asked for. "
            "Use one options.device for all that one process does"
        )
    return module


def keep_kernels() -> None:
    """Write compiled kernels to the disk cache now: Genesis does it when a process exits in order, and
    workers that are killed or have finished do not.

    Writing takes the kernels out of the memory of the process that writes, so that a copy of this one
    does it. It leads a group of its own: killing this process's group does not leave half a cache.
    """
    unlock_kernels()
    with warnings.catch_warnings():  # from Python 3.12 on for threads, none of which the copy needs
        warnings.simplefilter("ignore", DeprecationWarning)
        writer = os.fork()
    if not writer:
        code = 1
        try:
            os.setsid()
            from quadrants.lang import impl

            impl.get_runtime().prog.dump_cache_data_to_disk()
            code = 0
        finally:
            os._exit(code)  # nothing of what the first process holds is torn down here
    if trouble := _wait_for(writer):
        print(
            f"go2: compiled kernels are not kept for the next process: {trouble}", file=sys.stderr
        )


def unlock_kernels() -> None:
    """Remove a lock that a killed process left in the kernel cache: with it nobody reads the cache any
    more, and every process compiles for minutes."""
    from quadrants.lang import impl

    usual = impl.default_cfg().offline_cache_file_path
    lock = Path(os.environ.get("QD_OFFLINE_CACHE_FILE_PATH", usual)) / LOCK
    first, until = _identity(lock), time.monotonic() + LOCKED_S
    while first is not None and _identity(lock) == first:
        if time.monotonic() > until:
            lock.unlink(missing_ok=True)
            print(f"go2: {lock} was left by a process that was killed; removed", file=sys.stderr)
            return
        time.sleep(0.02)


def _identity(file: Path) -> tuple[int, int] | None:
    """The same as long as it is the same file; None where there is none."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _wait_for(writer: int) -> str:
    """What is wrong with how a process ended; "" if nothing. It is killed when it takes too long."""
    until = time.monotonic() + WRITE_S
    while time.monotonic() < until:
        ended, status = os.waitpid(writer, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return f"their writer ended with {code}" if code else ""
        time.sleep(0.01)
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    return f"writing took more than {WRITE_S:g} s"
