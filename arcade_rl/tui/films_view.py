"""Screen 4: the films of a run, with a still picture of each, and those that are being made."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from arcade_rl.runs.films import MadeFilm, films_in
from arcade_rl.runs.making import FilmInMaking, films_in_making
from arcade_rl.tui.film_rows import COLUMNS, film_rows
from arcade_rl.tui.halfblocks import Picture, resized, size_within
from arcade_rl.tui.picture import StillBox
from arcade_rl.tui.table import RowTable
from arcade_rl.tui.view import View


class FilmsView(View):
    """The films of the chosen run."""

    title = "Films"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "app.export_run", "Film of milestones"),
        Binding("X", "interrupt", "End the export", show=False),
        Binding("y", "copy_path", "Copy the path"),
    ]
    DEFAULT_CSS = """
    FilmsView RowTable { width: 3fr; }
    FilmsView StillBox { width: 2fr; margin-left: 1; }
    """

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield RowTable(
                COLUMNS, self.cockpit.glyphs, empty="no film yet: e makes one of the milestones"
            )
            yield StillBox(self.cockpit.glyphs)

    def on_mount(self) -> None:
        self._films: list[MadeFilm] = []
        self._making: list[FilmInMaking] = []
        """Films that any process makes."""
        self._folder: Path | None = None
        self._still: Path | None = None
        self._is_looking = False

    @property
    def table(self) -> RowTable:
        return self.query_one(RowTable)

    def main(self) -> RowTable:
        return self.table

    @property
    def command(self) -> str:
        name = self.cockpit.chosen
        return str(self.cockpit.caller.of_runs("runs", "show", name, "--json")) if name else ""

    def opened(self) -> None:
        row = self.cockpit.chosen_row
        if row is not None and row.run.videos != self._folder:
            self._folder, self._films, self._making = row.run.videos, [], []
            self._show()
        self.rows_changed()

    def rows_changed(self) -> None:
        folder = self._folder
        if folder is not None and not self._is_looking:
            self._is_looking = True
            self.run_worker(lambda: self._look(folder), thread=True, group="films")

    def _look(self, folder: Path) -> None:
        """Find the films. Runs in a thread of its own."""
        films, making, fault = list[MadeFilm](), list[FilmInMaking](), ""
        try:
            films, making = films_in(folder), films_in_making(folder)
        except OSError as error:
            fault = str(error)
        finally:
            self._is_looking = False
        self.cockpit.hand_over(self._take, folder, films, making, fault)

    def _take(
        self, folder: Path, films: list[MadeFilm], making: list[FilmInMaking], fault: str
    ) -> None:
        if folder != self._folder:
            return
        self._films, self._making = films, making
        if fault:
            self.say(fault)
        self._show()

    def _show(self) -> None:
        cockpit = self.cockpit
        commands = cockpit.commands.commands
        self.table.show_rows(film_rows(self._films, commands, cockpit.glyphs, self._making))
        self._show_still()

    def on_row_table_cursor_moved(self, _: RowTable.CursorMoved) -> None:
        self._show_still()

    def on_resize(self) -> None:
        self._still = None  # the picture is as large as its box
        self.call_after_refresh(self._show_still)

    @property
    def chosen(self) -> MadeFilm | None:
        """The film under the cursor."""
        row = self.table.row()
        return next((film for film in self._films if row and str(film.path) == row.key), None)

    def _show_still(self) -> None:
        film = self.chosen
        still = film.still if film else None
        if still == self._still:
            return
        self._still = still
        box = self.query_one(StillBox)
        if still is None:
            box.show(None, "no picture" if film else "")
            return
        room = box.room

        def read() -> None:
            picture = read_still(still, *room)
            self.cockpit.hand_over(self._take_still, still, picture)

        self.run_worker(read, thread=True, group="still", exclusive=True)

    def _take_still(self, still: Path, picture: Picture | None) -> None:
        if still == self._still:
            text = still.name if picture is not None else f"{still.name} is no picture"
            self.query_one(StillBox).show(picture, text)

    def action_copy_path(self) -> None:
        film = self.chosen
        if film is not None:
            self.app.copy_to_clipboard(str(film.path.absolute()))
            self.say(f"copied: {film.path.absolute()}")

    def action_interrupt(self) -> None:
        """End the export under the cursor, as Ctrl-C does."""
        row = self.table.row()
        for command in self.cockpit.commands.running:
            if row is not None and command.text == row.key:
                command.interrupt()
                self.say(f"ending: {command.text}")
        if row is not None and any(str(one.path) == row.key for one in self._making):
            self.say("another process makes this film; end that process where it was started")


def read_still(path: Path, columns: int, lines: int) -> Picture | None:
    """A picture that fits into so many cells; None where the file holds none."""
    import cv2  # takes a while to import, and only here

    data = np.frombuffer(path.read_bytes(), np.uint8) if path.is_file() else np.empty(0, np.uint8)
    found = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if found is None:
        return None
    picture = np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), np.uint8)
    height, width = picture.shape[:2]
    return resized(picture, *size_within(width, height, columns, lines, 1.0))
