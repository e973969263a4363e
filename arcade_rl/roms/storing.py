"""Putting a ROM into the directory: the whole file or nothing, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from arcade_rl.errors import ArcadeError, LockedError
from arcade_rl.roms.declared import Declared
from arcade_rl.roms.directory import look
from arcade_rl.roms.reading import shown
from arcade_rl.runs.files import fsync

LOCK = ".lock"
PART = ".importing"

Outcome = Literal["imported", "replaced", "already there", "ships", "differs"]


def store(known: Declared, content: bytes, root: Path, force: bool) -> Outcome:
    """Write an accepted ROM under its declared name, after the header that emulators need.

    "differs": another file lies there, and stays unless `force`. LockedError if another process is
    importing, ArcadeError if the disk or the system refuses.
    """
    rom = known.rom
    if rom.shipped is not None:
        return "ships"
    if look(known, root).place == "present":
        return "already there"
    target = root / rom.file_name
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root):
            if look(known, root).place == "present":  # another process may have stored the ROM
                return "already there"
            is_there = os.path.lexists(target)
            if is_there and not force:
                return "differs"
            _write(target, rom.header + content)
    except OSError as error:
        raise ArcadeError(
            f"{shown(target)} could not be written: {error.strerror}; "
            "check the free space and the rights there, and import again"
        ) from error
    return "replaced" if is_there else "imported"


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Keep other imports out of the directory, and delete what a killed import left there."""
    with open(root / LOCK, "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(
                f"another process is importing into {shown(root)}; wait for it, and import again"
            ) from error
        for left in root.glob(f".*{PART}"):
            left.unlink()
        yield


def _write(target: Path, data: bytes) -> None:
    part = target.with_name(f".{target.name}{PART}")
    try:
        with part.open("xb") as file:
            file.write(data)
        fsync(part)
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    fsync(target.parent)
