"""A pseudo-terminal in place of this process's stdout or stderr."""

from __future__ import annotations

import os
import pty
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import click
import pytest

from arcade_rl import cli
from arcade_rl.cli.output import filter_streams


def said_on_terminal(
    stream: Literal["stdout", "stderr"], columns: int, act: Callable[[], object]
) -> list[str]:
    """The lines that `act` writes to the stream, where that is a terminal of so many columns."""
    written = _written(act, [stream], {"COLUMNS": str(columns), "TERM": "xterm"})
    return click.unstyle(written).splitlines()


def told_on_terminal(arguments: Sequence[str], **variables: str) -> str:
    """All that a command line writes, where stdout and stderr are a terminal and nobody types."""

    def act() -> None:
        filter_streams()
        cli.run(arguments)

    variables = {"TERM": "xterm", "COLUMNS": "200", **variables}
    with open(os.devnull) as nobody, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", nobody)
        return _written(act, ["stdout", "stderr"], variables).replace("\r\n", "\n")


def _written(
    act: Callable[[], object], streams: Sequence[str], variables: Mapping[str, str]
) -> str:
    """What `act` writes to these streams of this process, which are a terminal meanwhile."""
    ours, theirs = pty.openpty()
    written = bytearray()
    reader = threading.Thread(target=_read, args=(ours, written))
    reader.start()
    with (
        pytest.MonkeyPatch.context() as patch,
        os.fdopen(theirs, "w") as terminal,
    ):
        for stream in streams:
            patch.setattr(sys, stream, terminal)
        for name, value in variables.items():
            patch.setenv(name, value)
        act()
    reader.join()
    os.close(ours)
    return written.decode()


def _read(descriptor: int, written: bytearray) -> None:
    try:
        while data := os.read(descriptor, 65536):
            written += data
    except OSError:
        return  # the other side is closed
