"""A process that does not outlive the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""`prctl`'s wish to get a signal when the parent dies; Linux's `sys/prctl.h`."""


def die_with(parent: int) -> None:
    """Be killed when the parent is gone, whatever this process does then. Linux; nothing elsewhere.

    `parent` is the process id as the parent gave it: it may be gone already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def outlive_parent() -> None:
    """Take `die_with` back: this process learns of its parent's end by other means."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 0)
