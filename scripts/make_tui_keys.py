#!/usr/bin/env python3
"""Write the table of keys of docs/tui.md from the cockpit's bindings; --check only compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from textual.binding import Binding

from arcade_rl.tui.app import Cockpit
from arcade_rl.tui.compare_view import CompareScreen
from arcade_rl.tui.curve import CurvePlot
from arcade_rl.tui.episodes_view import EpisodesView
from arcade_rl.tui.films_view import FilmsView
from arcade_rl.tui.help import sign_of
from arcade_rl.tui.picture import PictureBox, PictureScreen
from arcade_rl.tui.run_view import RunView
from arcade_rl.tui.runs_view import RunsView
from arcade_rl.tui.start_view import StartView
from arcade_rl.tui.table import RowTable

PAGE = Path(__file__).parents[1] / "docs" / "tui.md"
BEGIN = (
    "Footers show the keys that apply now, as far as there is room, and `?` shows all of them.\n"
)
PLACES = (
    ("everywhere", Cockpit),
    ("tables", RowTable),
    ("1 Runs", RunsView),
    ("comparison", CompareScreen),
    ("2 Run", RunView),
    ("curves", CurvePlot),
    ("3 Episodes", EpisodesView),
    ("pictures", PictureBox),
    ("whole picture", PictureScreen),
    ("4 Films", FilmsView),
    ("5 Start", StartView),
)


def rows() -> Iterator[str]:
    """The lines of the table."""
    yield "| where | key | does |"
    yield "|---|---|---|"
    for place, owner in PLACES:
        for binding in Binding.make_bindings(owner.__dict__["BINDINGS"]):
            keys = " ".join(f"`{sign_of(key.strip())}`" for key in binding.key.split(","))
            yield f"| {place} | {keys.replace('|', chr(92) + '|')} | {binding.description} |"


def merged() -> list[str]:
    """The lines, with the keys of one action in one of them."""
    lines: list[str] = []
    for line in rows():
        where, key, does = (part.strip() for part in line.strip("|").split("|"))
        before = [part.strip() for part in lines[-1].strip("|").split("|")] if lines else []
        if before and (before[0], before[2]) == (where, does):
            lines[-1] = f"| {where} | {before[1]} {key} | {does} |"
        else:
            lines.append(line)
    return lines


def main() -> int:
    """Write the page, or say with exit code 1 that it is old."""
    head, found, _ = PAGE.read_text().partition(BEGIN)
    page = head + found + "\n" + "\n".join(merged()) + "\n"
    if "--check" in sys.argv[1:]:
        if page != PAGE.read_text():
            print(f"{PAGE} is old; run scripts/make_tui_keys.py", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
