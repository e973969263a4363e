"""Reading what is stored: damage is told apart from a system that does not let it be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from io import BufferedReader
from pathlib import Path

from arcade_rl.errors import VerificationError

ABSENT = (FileNotFoundError, NotADirectoryError)
"""Errors that tell of what is stored. Any other one is of the system, may pass, and proves nothing."""


def open_file(path: Path) -> BufferedReader:
    """Open a file to read. VerificationError if it is none: a pipe would let its reader wait for ever."""
    expect_file(path)
    return path.open("rb")


def expect_file(path: Path) -> None:
    """VerificationError if something else lies there; FileNotFoundError if nothing does."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise VerificationError(f"{path} is a folder, a pipe or a device; expected a file")


def read_file(path: Path) -> bytes:
    """The content of a file, as `open_file`."""
    with naming(path), open_file(path) as file:
        return file.read()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An error of the system says which file was read, as it does of one that is opened."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def listed(directory: Path, pattern: str) -> list[Path]:
    """Paths in a directory whose names match, sorted; none where it does not exist. OSError where it
    cannot be read: a glob would say that it is empty."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    return [directory / name for name in sorted(names) if fnmatch(name, pattern)]
