"""Tables without a terminal: columns that fit a width, and the cells of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from arcade_rl.tui.glyphs import Glyphs, fitted

Tone: TypeAlias = Literal["", "good", "warn", "bad", "dim", "accent"]
"""What a cell says by its colour."""


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """One column of a table on the screen."""

    name: str
    """Name of the column in settings and for sorting."""
    title: str
    width: int
    """Width in cells; the least width of a column that takes the room that is left."""
    right: bool = False
    """Whether cells are set flush right."""
    rank: int = 0
    """Columns with a higher rank give way first where the screen is narrow; 0 never does."""
    grows: bool = False
    """Whether the column takes the room that is left."""
    most: int = 60
    """Largest width of a column that grows."""


@dataclass(frozen=True, slots=True)
class ShownCell:
    """Text of one cell."""

    text: str
    tone: Tone = ""
    series: int | None = None
    """Number of the colour of a curve that the cell stands for; None for no such colour."""


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of a table on the screen."""

    key: str
    """What tells the row from all others, also after it has moved."""
    cells: Sequence[ShownCell]
    """One cell for each column of the table, hidden ones included."""


def fit(columns: Sequence[ShownColumn], width: int) -> list[tuple[int, int]]:
    """(index, width) of every column that fits into `width` cells, with one cell between two."""
    chosen = list(range(len(columns)))

    def needed() -> int:
        return sum(columns[k].width for k in chosen) + max(len(chosen) - 1, 0)

    for k in sorted(chosen, key=lambda k: (-columns[k].rank, -k)):
        if needed() <= width or columns[k].rank == 0:
            break
        chosen.remove(k)
    left = max(width - needed(), 0)
    growing = [k for k in chosen if columns[k].grows]
    widths = {k: columns[k].width for k in chosen}
    for place, k in enumerate(growing):
        share = left // (len(growing) - place)
        widths[k] = min(columns[k].width + share, max(columns[k].most, columns[k].width))
        left -= widths[k] - columns[k].width
    return [(k, widths[k]) for k in chosen]


def line(
    row: Sequence[ShownCell],
    columns: Sequence[ShownColumn],
    fitting: Sequence[tuple[int, int]],
    glyphs: Glyphs,
) -> str:
    """One row as plain text."""
    return " ".join(
        fitted(row[k].text, width, glyphs, columns[k].right) for k, width in fitting
    ).rstrip()
