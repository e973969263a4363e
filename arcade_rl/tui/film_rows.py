"""Films as rows of a table: those that are being made, and those that are there."""

from __future__ import annotations

from collections.abc import Sequence

from arcade_rl.runs.films import MadeFilm
from arcade_rl.runs.making import FilmInMaking
from arcade_rl.tui.glyphs import Glyphs
from arcade_rl.tui.jobs import StartedCommand
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow
from arcade_rl.words import date, short_duration, size

COLUMNS = (
    ShownColumn("film", "film", 24, grows=True, most=60),
    ShownColumn("length", "length", 8, True),
    ShownColumn("size", "size", 9, True, rank=1),
    ShownColumn("picture", "picture", 10, True, rank=2),
    ShownColumn("made", "made", 16, rank=3),
)


def film_rows(
    films: Sequence[MadeFilm], commands: Sequence[StartedCommand], glyphs: Glyphs,
    others: Sequence[FilmInMaking] = (),
) -> list[ShownRow]:  # fmt: skip
    """A row for each film that is being made, with its progress, and for each that is there. `others`:
    films in the making as files tell, those of `commands` included."""
    own = [one for one in commands if not one.is_over and " export " in one.text]
    making = [
        ShownRow(
            command.text,
            (
                ShownCell(f"{command.purpose}: {command.last_line or 'begins'}", "warn"),
                ShownCell("making", "warn"), ShownCell(""), ShownCell(""), ShownCell(""),
            ),
        )
        for command in own
    ]  # fmt: skip
    begun = tuple(filter(None, map(_film_of, own)))
    making += [
        ShownRow(
            str(film.path),
            (
                ShownCell(film.path.name, "warn"), ShownCell("making", "warn"),
                ShownCell(size(film.bytes), "dim"),
                ShownCell("1 file" if film.files == 1 else f"{film.files} files", "dim"),
                ShownCell(date(film.begun) if film.begun else "", "dim"),
            ),
        )
        for film in others
        if not (begun and film.path.name.startswith(begun))
    ]  # fmt: skip
    made = [
        ShownRow(
            str(film.path),
            (
                ShownCell(_name_of(film, glyphs)),
                ShownCell("" if film.seconds is None else short_duration(film.seconds)),
                ShownCell(size(film.bytes), "dim"),
                ShownCell(film.picture, "dim"),
                ShownCell(date(film.made), "dim"),
            ),
        )
        for film in films
    ]
    return [*making, *made]


def _name_of(film: MadeFilm, glyphs: Glyphs) -> str:
    """What a film is called in the list: a part by its title, below the film that it belongs to."""
    title = f"  {film.title}" if film.title else ""
    return f"{glyphs.corner} {film.path.name}{title}" if film.whole else f"{film.name}{title}"


def _film_of(command: StartedCommand) -> str:
    """How the name of the film begins that a command of the cockpit makes; "" where no film is made."""
    words = command.text.split()
    number = words[3].rpartition(":")[2] if len(words) > 3 else ""
    if words[2] == "episode" and number.isdecimal():
        return f"episode_{int(number):06d}"
    return words[2] if words[2] == "milestones" else ""
