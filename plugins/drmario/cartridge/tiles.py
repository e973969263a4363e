"""Turn the drawings in tiles/*.txt into the 8 KiB of CHR ROM that the cartridge links.

A drawing starts with `picture NUMBER WIDTHxHEIGHT [table 0|1]`, sizes in tiles of 8 by 8 pixels, and then
has one line for every row of pixels: `.` is colour 0 (transparent in a sprite), `1` to `3` the colours of
the palette. Its tiles get consecutive numbers from NUMBER on, row by row. Without `table` it is put in
both pattern tables. Lines that start with `;` are comments.

Usage: python tiles.py OUTPUT
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DRAWINGS = Path(__file__).parent / "tiles"
TILE_BYTES = 16
TILES_PER_TABLE = 256


@dataclass(frozen=True)
class Picture:
    """One drawing: where it goes and its rows of pixels."""

    place: str
    """File and line of its header, for messages."""
    number: int
    """Tile number of its first tile, 0 to 255."""
    columns: int
    """Width in tiles."""
    tables: tuple[int, ...]
    """Pattern tables that hold it: 0, 1 or both."""
    pixels: tuple[str, ...]
    """Rows of pixels from the top."""


def chr_rom(folder: Path = DRAWINGS) -> bytes:
    """Return both pattern tables, 8,192 bytes; tiles that nobody drew stay empty.

    Raises ValueError, with file and line, for a drawing that does not follow the format or that
    overlaps another one.
    """
    tables = bytearray(2 * TILES_PER_TABLE * TILE_BYTES)
    owners: dict[tuple[int, int], str] = {}
    for path in sorted(folder.glob("*.txt")):
        for picture in read_pictures(path):
            for number, tile in cut(picture):
                for table in picture.tables:
                    owner = owners.setdefault((table, number), picture.place)
                    if owner != picture.place:
                        raise ValueError(
                            f"{picture.place}: tile ${number:02X} of table {table} is already drawn "
                            f"at {owner}; give one of them another number."
                        )
                    start = (table * TILES_PER_TABLE + number) * TILE_BYTES
                    tables[start : start + TILE_BYTES] = tile
    return bytes(tables)


def read_pictures(path: Path) -> Iterator[Picture]:
    """Yield the drawings of one file in order."""
    lines = [
        (f"{path.name}:{count}", line)
        for count, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1)
        if line and not line.startswith(";")
    ]
    position = 0
    while position < len(lines):
        place, header = lines[position]
        number, columns, rows, tables = read_header(place, header)
        pixels = lines[position + 1 : position + 1 + 8 * rows]
        for row_place, row in pixels:
            if len(row) != 8 * columns or row.strip(".123"):
                raise ValueError(
                    f"{row_place}: expected {8 * columns} characters of . 1 2 3, found {row!r}."
                )
        if len(pixels) != 8 * rows:
            raise ValueError(
                f"{place}: expected {8 * rows} rows, the file ends after {len(pixels)}."
            )
        yield Picture(place, number, columns, tables, tuple(row for _, row in pixels))
        position += 1 + 8 * rows


def read_header(place: str, header: str) -> tuple[int, int, int, tuple[int, ...]]:
    """Return number, columns, rows and tables of a `picture` line."""
    words = header.split()
    form = f"{place}: expected `picture $NUMBER WIDTHxHEIGHT [table 0|1]`, found {header!r}."
    if len(words) not in (3, 5) or words[0] != "picture" or not words[1].startswith("$"):
        raise ValueError(form)
    if len(words) == 5 and (words[3] != "table" or words[4] not in ("0", "1")):
        raise ValueError(form)
    try:
        number = int(words[1][1:], 16)
        columns, rows = (int(size) for size in words[2].split("x"))
    except ValueError as error:
        raise ValueError(form) from error
    if columns < 1 or rows < 1 or number + columns * rows > TILES_PER_TABLE:
        raise ValueError(
            f"{place}: {columns * rows} tiles from ${number:02X} do not fit in a table."
        )
    return number, columns, rows, (int(words[4]),) if len(words) == 5 else (0, 1)


def cut(picture: Picture) -> Iterator[tuple[int, bytes]]:
    """Yield tile number and 16 bytes, low bits of the 8 rows before their high bits, of every tile."""
    for index in range(len(picture.pixels) // 8 * picture.columns):
        top, left = index // picture.columns * 8, index % picture.columns * 8
        rows = [row[left : left + 8].replace(".", "0") for row in picture.pixels[top : top + 8]]
        low = (sum((int(dot) & 1) << (7 - x) for x, dot in enumerate(row)) for row in rows)
        high = (sum((int(dot) >> 1) << (7 - x) for x, dot in enumerate(row)) for row in rows)
        yield picture.number + index, bytes([*low, *high])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python tiles.py OUTPUT")
    Path(sys.argv[1]).write_bytes(chr_rom())
