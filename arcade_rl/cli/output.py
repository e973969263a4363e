"""Data to stdout, narration to stderr."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import textwrap
from collections.abc import Mapping, Sequence

import click


def emit_json(value: object) -> None:
    """Write `value` as JSON to stdout. Keys keep their order; NaN and infinity become null."""
    click.echo(json.dumps(_plain(value), indent=2, allow_nan=False))


def notice(text: str) -> None:
    """Say one line on stderr. A terminal that is gone is no error: nobody is left to read it."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True)


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
    """Which columns fit the terminal, if stdout is one: the last of the optional give way first."""
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
    """What JSON can say; anything else as its text."""
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
        grid.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    Console().print(grid)


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
