"""Opening SQLite files with the settings of this project, and its words for a damaged file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from arcade_rl.errors import ArcadeError, MissingError, VerificationError
from arcade_rl.reading import ABSENT, expect_file

PATIENCE_S = 10.0
"""How long a reader waits for a database that somebody has locked, seconds."""
_DISK = (
    "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_BUSY", "SQLITE_NOMEM",
    "SQLITE_PERM", "SQLITE_PROTOCOL", "SQLITE_LOCKED",
)  # fmt: skip
"""Beginnings of the names of errors that are about the system or its rights, not about the
content."""
_UNWRITABLE = ("SQLITE_READONLY", "SQLITE_CANTOPEN")
"""Beginnings of the names of errors that come from a folder in which no journal can be made."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a database for writing, or make one."""
    connection = sqlite3.connect(path, timeout=30.0)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path, patience_s: float = PATIENCE_S) -> sqlite3.Connection:
    """Open a database for reading, and wait at most `patience_s` where somebody has locked the
    file. A reader makes a journal of its own; where the rights of the folder forbid that, the file
    alone is read, unless there is a writer's journal, which would be missed."""
    connection = sqlite3.connect(_uri(path, "mode=ro"), uri=True, timeout=patience_s)
    try:
        connection.execute("pragma user_version").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        has_journal = path.with_name(f"{path.name}-wal").exists()
        if has_journal or not error.sqlite_errorname.startswith(_UNWRITABLE):
            raise
        return sqlite3.connect(_uri(path, "immutable=1"), uri=True)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _uri(path: Path, query: str) -> str:
    return f"{path.absolute().as_uri()}?{query}"


def require(path: Path) -> None:
    """Raise MissingError if there is no database, VerificationError if something else is in its
    place."""
    try:
        expect_file(path)
    except ABSENT:
        raise MissingError(
            f"{path} does not exist; rebuild it with `arcade-rl runs reindex {path.parent}`"
        ) from None


@contextmanager
def checked(path: Path) -> Iterator[None]:
    """Turn errors of SQLite within the block into this project's: VerificationError for a damaged
    file, ArcadeError for a file that cannot be read."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")  # errors that Python itself raises have none
        if name.startswith(_DISK):
            raise ArcadeError(
                f"{path} cannot be read ({error}); check its rights, those of {path.parent}, and "
                "that disk"
            ) from error
        raise VerificationError(
            f"{path} is not readable ({error}); "
            f"rebuild it with `arcade-rl runs reindex {path.parent}`"
        ) from error


@contextmanager
def writing() -> Iterator[None]:
    """Turn errors of SQLite within the block into ArcadeError if the database cannot be written."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith(_DISK):
            raise
        raise ArcadeError(
            f"run.db cannot be written ({error}); make room on its disk or give it back its "
            "rights, then go on with `arcade-rl resume`"
        ) from error
