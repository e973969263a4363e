"""Reading files so that damaged content is told apart from a system that refuses to read."""

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
"""Errors that say something about what is stored. Any other error comes from the system, may pass,
and proves nothing about the file."""


def open_file(path: Path) -> BufferedReader:
    """Open a file to read. VerificationError if `path` is no regular file: a pipe would let its
    reader wait for ever."""
    expect_file(path)
    return path.open("rb")


def expect_file(path: Path) -> None:
    """Raise VerificationError if something other than a regular file lies at `path`,
    FileNotFoundError if nothing does."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise VerificationError(f"{path} is a folder, a pipe or a device; expected a file")


def read_file(path: Path) -> bytes:
    """The content of a file. Errors as of `open_file`."""
    with naming(path), open_file(path) as file:
        return file.read()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give errors of the system that happen while a file is read the file's name, which errors of
    opening have already."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def listed(directory: Path, pattern: str) -> list[Path]:
    """Paths in a directory whose names match, sorted; none where the directory does not exist.
    OSError where it cannot be read: a glob would give nothing, as for an empty directory."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    return [directory / name for name in sorted(names) if fnmatch(name, pattern)]
