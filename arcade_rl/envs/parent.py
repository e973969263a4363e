"""The end of a process together with its parent, the process that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Option of `prctl` that asks for a signal when the parent dies; from Linux's `sys/prctl.h`."""


def die_with(parent: int) -> None:
    """Be killed when the parent is gone, whatever this process is doing. Does nothing outside
    Linux.

    `parent` is the process id that the parent gave. A parent that is gone already ends this
    process.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def outlive_parent() -> None:
    """Undo `die_with`, in a process that learns of its parent's end by other means."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 0)
