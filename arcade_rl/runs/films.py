"""The films of a run, as files say it: what was made, when, and what it shows."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from arcade_rl.reading import ABSENT, read_file
from arcade_rl.runs.making import is_of_making

SUFFIXES = (".mp4", ".gif", ".webp", ".png")


@dataclass(frozen=True, slots=True)
class MadeFilm:
    """One film or picture."""

    path: Path
    name: str
    """Path below the folder of films."""
    made: float
    """When the file was written last, in seconds since the epoch."""
    bytes: int
    seconds: float | None
    """Length; None where the sidecar does not say."""
    picture: str
    """Size of the picture, such as "1280x720"; "" where the sidecar does not say."""
    still: Path | None
    """A picture of the film as a file; None where there is none."""
    title: str = ""
    """Title of what the film shows, such as "20 %"; "" where the sidecar has none, or several."""
    whole: str = ""
    """Name of the film that this one is a part of, such as a milestone's of all milestones'; "" where
    there is none."""


def films_in(folder: Path) -> list[MadeFilm]:
    """Every film below a folder, the newest first, and below each those that are its parts. OSError
    where the folder cannot be read."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if not is_of_making(one)]
        for name in names:
            path = Path(parent) / name
            is_still = path.suffix == ".png" and path.with_suffix("").suffix in SUFFIXES
            if path.suffix in SUFFIXES and not is_still:
                film = _film(path, folder)
                if film is not None:
                    found.append(film)
    return _below_their_wholes(sorted(found, key=lambda film: (-film.made, film.name)))


def _below_their_wholes(films: Sequence[MadeFilm]) -> list[MadeFilm]:
    """The films in this order, but for those in a folder that has the name of a film: they are its
    parts, and follow it by name."""
    wholes = {film.path.with_suffix(""): film for film in films}
    parts: dict[str, list[MadeFilm]] = {}
    for film in sorted(films, key=lambda film: film.name):
        if (whole := wholes.get(film.path.parent)) is not None:
            parts.setdefault(whole.name, []).append(replace(film, whole=whole.name))
    return [
        one
        for film in films
        if film.path.parent not in wholes
        for one in (film, *parts.get(film.name, ()))
    ]


def _film(path: Path, folder: Path) -> MadeFilm | None:
    try:
        status = path.stat()
    except OSError:  # deleted meanwhile
        return None
    facts, titles = _facts(path.with_name(f"{path.name}.json"))
    seconds, width, height = (facts.get(name) for name in ("seconds", "width", "height"))
    still = path if path.suffix == ".png" else path.with_name(f"{path.name}.png")
    return MadeFilm(
        path=path,
        name=str(path.relative_to(folder)),
        made=status.st_mtime,
        bytes=status.st_size,
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        picture=f"{width}x{height}" if width and height else "",
        still=still if still.is_file() else None,
        title=titles[0] if len(titles) == 1 else "",
    )


def _facts(sidecar: Path) -> tuple[Mapping[str, object], list[str]]:
    """(facts of the film, titles of what it shows) as its sidecar says; nothing where there is none,
    or nobody can read it."""
    try:
        content = json.loads(read_file(sidecar))
        facts, clips = content["film"], content.get("provenance", {}).get("clips", ())
        titles = [str(clip["title"]) for clip in clips]
    except (*ABSENT, OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}, []
    return (facts, titles) if isinstance(facts, dict) else ({}, [])
