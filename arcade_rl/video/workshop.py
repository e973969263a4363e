"""The folder in which films are made before they are put in place; only one process uses the
folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from arcade_rl.errors import UsageError
from arcade_rl.runs.making import making
from arcade_rl.video.formats import SUFFIXES
from arcade_rl.video.sidecar import sidecar_of, thumbnail_of


@contextmanager
def workshop(film: Path) -> Iterator[Path]:
    """An empty folder beside the film, removed at the end, and with it the directory of the film if
    that was made for the film and holds nothing. Files that a killed process left in the folder are
    removed first. LockedError while another process makes the same film."""
    is_new = not film.parent.exists()
    with making(film) as folder:
        _empty(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)
            if is_new:
                with suppress(OSError):  # the film is there, or a film of another process
                    film.parent.rmdir()


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def refuse_taken(films: list[Path], force: bool) -> None:
    """Refuse films that exist, or have a picture or a sidecar, and may not be replaced.
    UsageError."""
    for film in films:
        if film.is_dir():
            raise UsageError(f"{film} is a directory; give the name of a film")
        for path in (film, thumbnail_of(film), sidecar_of(film)):
            if path.exists() and not force:
                raise UsageError(f"{path} exists already; give another name with --out, or --force")


def publish(made: Path, film: Path) -> None:
    """Put a finished film with its picture and its sidecar in place, the film as the last of the
    three."""
    film.parent.mkdir(parents=True, exist_ok=True)
    for of in (thumbnail_of, sidecar_of):
        os.replace(of(made), of(film))
    os.replace(made, film)


def remove_others(folder: Path, films: set[Path]) -> None:
    """Remove the clips of an older film from a folder: all clips that are not among `films`."""
    for film in folder.glob("[0-9][0-9]*_*"):
        if film.suffix in SUFFIXES and film not in films:
            for path in (film, thumbnail_of(film), sidecar_of(film)):
                path.unlink(missing_ok=True)
