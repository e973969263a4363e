"""The films of a run, as files say it: what was made, when, and what it shows."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arcade_rl.reading import ABSENT, read_file
from arcade_rl.tui.jobs import StartedCommand
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow
from arcade_rl.words import date, short_duration, size

SUFFIXES = (".mp4", ".gif", ".webp", ".png")
COLUMNS = (
    ShownColumn("film", "film", 24, grows=True, most=60),
    ShownColumn("length", "length", 8, True),
    ShownColumn("size", "size", 9, True, rank=1),
    ShownColumn("picture", "picture", 10, True, rank=2),
    ShownColumn("made", "made", 16, rank=3),
)


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


def films_in(folder: Path) -> list[MadeFilm]:
    """Every film below a folder, the newest first. OSError where the folder cannot be read."""
    found = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent) / name
            is_still = path.suffix == ".png" and path.with_suffix("").suffix in SUFFIXES
            if path.suffix in SUFFIXES and not is_still:
                film = _film(path, folder)
                if film is not None:
                    found.append(film)
    return sorted(found, key=lambda film: (-film.made, film.name))


def _film(path: Path, folder: Path) -> MadeFilm | None:
    try:
        status = path.stat()
    except OSError:  # deleted meanwhile
        return None
    facts = _facts(path.with_name(f"{path.name}.json"))
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
    )


def _facts(sidecar: Path) -> Mapping[str, object]:
    """What the sidecar of a film says; nothing where there is none, or nobody can read it."""
    try:
        facts = json.loads(read_file(sidecar))["film"]
    except (*ABSENT, OSError, ValueError, KeyError, TypeError):
        return {}
    return facts if isinstance(facts, dict) else {}


def film_rows(films: Sequence[MadeFilm], commands: Sequence[StartedCommand]) -> list[ShownRow]:
    """A row for each film that is being made, with its progress, and for each that is there."""
    making = [
        ShownRow(
            command.text,
            (
                ShownCell(f"{command.purpose}: {command.last_line or 'begins'}", "warn"),
                ShownCell("making", "warn"), ShownCell(""), ShownCell(""), ShownCell(""),
            ),
        )
        for command in commands
        if not command.is_over and " export " in command.text
    ]  # fmt: skip
    made = [
        ShownRow(
            str(film.path),
            (
                ShownCell(film.name),
                ShownCell("" if film.seconds is None else short_duration(film.seconds)),
                ShownCell(size(film.bytes), "dim"),
                ShownCell(film.picture, "dim"),
                ShownCell(date(film.made), "dim"),
            ),
        )
        for film in films
    ]
    return [*making, *made]
