"""How the toy breaks a process, as its options say."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arcade_rl_toy import ToyOptions

LEAK_BYTES = 8 << 20


class Fault:
    """Breaks the process as the options say, once it has counted enough steps."""

    def __init__(self, options: ToyOptions) -> None:
        self._options = options
        self._steps = 0
        self._leaked: list[bytearray] = []

    def count(self, steps: int) -> None:
        """Count these steps, and break if it is time."""
        self._steps += steps
        if self._options.fault and self._steps > self._options.fault_after and self._fires():
            self._break()

    def _fires(self) -> bool:
        if self._leaked or not self._options.fault_once:
            return True
        marker = Path(self._options.fault_once)
        if marker.exists():
            return False
        marker.touch()
        return True

    def _break(self) -> None:
        match self._options.fault:
            case "raise":
                raise RuntimeError("the toy broke, as it was told to")
            case "segfault":
                signal.signal(signal.SIGSEGV, signal.SIG_DFL)
                os.kill(os.getpid(), signal.SIGSEGV)
            case "orphan":  # a child of the worker that goes on without it
                child = subprocess.Popen(["sleep", "3600"])
                Path(self._options.fault_once).write_text(str(child.pid))
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                while True:
                    time.sleep(1.0)
            case "exit0":
                os._exit(0)
            case "sysexit":
                raise SystemExit(0)
            case "memory":
                if len(self._leaked) * LEAK_BYTES < self._options.fault_mib << 20:
                    self._leaked.append(bytearray(os.urandom(1)) * LEAK_BYTES)
