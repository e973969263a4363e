"""Data to stdout, narration to stderr, and in both nothing that a terminal would obey or hide."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TextIO, cast

import click

from arcade_rl.words import visible as visible

WITHOUT_CURSOR = ("dumb", "unknown")
"""Values of TERM for terminals on which a line cannot be drawn again."""


class VisibleStream:
    """stdout or stderr for everybody but rich: text that is written to it becomes `visible`."""

    buffer = None
    """No stream of bytes, so that there is no way around this class: click would use one where the
    encoding is ASCII."""

    def __init__(self, unfiltered: TextIO) -> None:
        self.unfiltered = unfiltered

    def write(self, text: str) -> int:
        self.unfiltered.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        self.unfiltered.writelines(map(visible, lines))

    def __getattr__(self, name: str) -> object:
        return getattr(self.unfiltered, name)


def filter_streams() -> None:
    """Let stdout and stderr show everything from now on. What their encoding lacks becomes an
    escape too."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, cast(TextIO, VisibleStream(stream)))


def unfiltered(stream: TextIO) -> TextIO:
    """The stream for rich, whose own codes a terminal is to obey. What it is given to show must be
    `visible`, and no markup."""
    return stream.unfiltered if isinstance(stream, VisibleStream) else stream


def is_live(stream: TextIO) -> bool:
    """Whether lines can move on the stream: whether it is a terminal with a cursor, whatever
    FORCE_COLOR says."""
    return stream.isatty() and os.environ.get("TERM", "") not in WITHOUT_CURSOR


def emit_json(value: object) -> None:
    """Write `value` as JSON to stdout. Keys keep their order; NaN and infinity become null."""
    click.echo(json.dumps(_plain(value), indent=2, allow_nan=False))


def emit_json_line(value: object) -> None:
    """Write `value` as JSON in one line to stdout, at once; otherwise as `emit_json` does."""
    click.echo(json.dumps(_plain(value), allow_nan=False))
    sys.stdout.flush()


def notice(text: str) -> None:
    """Say one line on stderr. A terminal that is gone is no error: nobody is left to read it."""
    with contextlib.suppress(OSError):
        click.echo(" ".join(text.splitlines()), err=True)


def paragraph(text: str, indent: int) -> None:
    """Write a line to stdout; a terminal that is narrower shows the rest of it below, indented."""
    if sys.stdout.isatty():
        from rich.console import Console

        text = textwrap.fill(text, Console().width, subsequent_indent=" " * indent)
    click.echo(text)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Write a table to stdout; columns named in `right` are set flush right.

    On a terminal long cells are folded. Anywhere else every row is one line and nothing is cut.
    """
    if sys.stdout.isatty():
        _write_folded(columns, rows, right)
    else:
        _write_plain(columns, rows, right)


def fitting(lines: Sequence[Sequence[str]], optional: Sequence[int]) -> list[int]:
    """The columns that fit the terminal; all of them where stdout is none. The last of the optional
    ones give way first."""
    shown = list(range(len(lines[0])))
    if not sys.stdout.isatty():
        return shown
    from rich.console import Console

    room = Console().width + 1
    widths = [max(len(line[k]) for line in lines) + len(" | ") for k in shown]
    for k in reversed(optional):
        if sum(widths[k] for k in shown) > room:
            shown.remove(k)
    return shown


def _plain(value: object) -> object:
    """The value as JSON can say it; anything else becomes text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        return [_plain(item) for item in value]
    return str(value)


def _write_folded(
    columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        justify: Literal["right", "left"] = "right" if column in right else "left"
        grid.add_column(Text(visible(column)), justify=justify, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(visible(cell)) for cell in row))
    Console(file=unfiltered(sys.stdout)).print(grid)


def _write_plain(
    columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]
) -> None:
    lines = [[" ".join(cell.split()) for cell in line] for line in (columns, *rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(columns))]
    for line in lines:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, cell, width in zip(columns, line, widths, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())
