"""The kinds of film files, told apart by their suffix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arcade_rl.errors import UsageError


@dataclass(frozen=True, slots=True)
class FilmFormat:
    """What a kind of film file can hold."""

    suffix: str
    name: str
    has_sound: bool
    has_chapters: bool
    can_be_joined: bool
    """Whether films of this format can be joined without encoding them again."""


MP4 = FilmFormat(".mp4", "MP4", has_sound=True, has_chapters=True, can_be_joined=True)
GIF = FilmFormat(".gif", "GIF", has_sound=False, has_chapters=False, can_be_joined=False)
WEBP = FilmFormat(".webp", "WebP", has_sound=False, has_chapters=False, can_be_joined=False)

FORMATS = (MP4, GIF, WEBP)
SUFFIXES = tuple(film_format.suffix for film_format in FORMATS)


def format_of(path: Path) -> FilmFormat:
    """The format that the suffix of `path` names. UsageError for any other suffix."""
    for film_format in FORMATS:
        if path.suffix.lower() == film_format.suffix:
            return film_format
    raise UsageError(
        f"{path}: films are {', '.join(SUFFIXES)}; give the file one of these suffixes"
    )
