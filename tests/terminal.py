"""A pseudo-terminal in place of this process's stdout or stderr."""

from __future__ import annotations

import os
import pty
import sys
import threading
from collections.abc import Callable
from typing import Literal

import click
import pytest


def said_on_terminal(
    stream: Literal["stdout", "stderr"], columns: int, act: Callable[[], object]
) -> list[str]:
    """The lines that `act` writes to the stream, where that is a terminal of so many columns."""
    ours, theirs = pty.openpty()
    written = bytearray()
    reader = threading.Thread(target=_read, args=(ours, written))
    reader.start()
    with (
        pytest.MonkeyPatch.context() as patch,
        os.fdopen(theirs, "w") as terminal,
    ):
        patch.setattr(sys, stream, terminal)
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("TERM", "xterm")
        act()
    reader.join()
    os.close(ours)
    return click.unstyle(written.decode()).splitlines()


def _read(descriptor: int, written: bytearray) -> None:
    try:
        while data := os.read(descriptor, 65536):
            written += data
    except OSError:
        return  # the other side is closed
