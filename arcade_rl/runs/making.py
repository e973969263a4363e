"""Films that are being made: the folder beside each, which its maker has locked."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from arcade_rl.errors import LockedError

_PREFIX, _SUFFIX = ".", ".making"


@dataclass(frozen=True, slots=True)
class FilmInMaking:
    """A film that a living process makes."""

    path: Path
    """Where the film will be."""
    begun: float
    """When the first file was made, in seconds since the epoch; 0 before that."""
    files: int
    """Number of files that are there so far, such as the clips of a film of several."""
    bytes: int
    """Size of these files together."""


def folder_of_making(film: Path) -> Path:
    """The folder in which a film is made."""
    return film.with_name(f"{_PREFIX}{film.name}{_SUFFIX}")


def is_of_making(folder: str) -> bool:
    """Whether this is the name of a folder in which a film is made."""
    return folder.startswith(_PREFIX) and folder.endswith(_SUFFIX)


@contextmanager
def making(film: Path) -> Iterator[Path]:
    """The folder in which a film is made, locked as long as the block lasts, also where its process is
    killed. LockedError while another process makes the same film."""
    folder = folder_of_making(film)
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if not _lock(descriptor):
            raise LockedError(
                f"{film} is being made by another process; wait for it, or give another name"
            )
        yield folder
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Try for a moment to take the lock, and say whether that succeeded. One try is not enough,
    because `films_in_making` takes the lock briefly."""
    for _ in range(10):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False


def films_in_making(folder: Path) -> list[FilmInMaking]:
    """The films that living processes make in a folder or below it, by name. What killed ones left is
    not among them. OSError where the folder cannot be read."""
    found = []
    for parent, names, _ in os.walk(folder):
        for name in filter(is_of_making, names):
            path = Path(parent) / name
            if _is_locked(path):
                film = path.with_name(name.removeprefix(_PREFIX).removesuffix(_SUFFIX))
                found.append(_seen(path, film))
        names[:] = [name for name in names if not is_of_making(name)]
    return sorted(found, key=lambda one: one.path)


def _is_locked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # the film has just been finished
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _seen(folder: Path, film: Path) -> FilmInMaking:
    stats = []
    with suppress(FileNotFoundError):  # the film has just been finished
        for entry in os.scandir(folder):
            with suppress(FileNotFoundError):
                stats.append(entry.stat())
    begun = min((one.st_mtime for one in stats), default=0.0)
    return FilmInMaking(film, begun, len(stats), sum(one.st_size for one in stats))
