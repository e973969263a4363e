"""The signs that the cockpit draws with, as Unicode or as plain ASCII, and text cut to fit cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from arcade_rl.words import DASH, MINUS, visible


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs."""

    is_ascii: bool
    levels: str
    """Signs of rising height, for small curves."""
    full: str
    """A cell of a bar that is done."""
    empty: str
    """A cell of a bar that is not done yet."""
    marked: str
    """Sign of a row that is marked."""
    pinned: str
    """Sign of the row that is pinned."""
    more: str
    """Sign for text that was cut off."""
    vertical: str
    horizontal: str
    corner: str
    tick: str
    cursor: str
    """Sign of the vertical line through a curve."""
    up: str
    down: str


UNICODE = Glyphs(
    False, "▁▂▃▄▅▆▇█", "█", "░", "●", "◆", "…", "│", "─", "└", "┼", "┊", "▲", "▼"
)  # fmt: skip
ASCII = Glyphs(True, "_.-~=+*#", "#", ".", "*", "@", "~", "|", "-", "+", "+", ":", "^", "v")  # fmt: skip
_ASCII_OF = {DASH: "-", MINUS: "-", "…": "~", "·": ".", "→": "->"}


def safe(text: str, glyphs: Glyphs) -> str:
    """The text in one line, without anything that a terminal would obey; in ASCII where these glyphs
    are."""
    line = visible(" ".join(text.split()) if "\n" in text or "\t" in text else text)
    if not glyphs.is_ascii or line.isascii():
        return line
    return "".join(_ASCII_OF.get(c, c if c.isascii() else "?") for c in line)


def fitted(text: str, width: int, glyphs: Glyphs, right: bool = False) -> str:
    """Safe text that fills exactly `width` cells; what is cut off is shown by a sign."""
    if width <= 0:
        return ""
    if len(text) <= width and text.isascii() and text.isprintable():  # most cells, and quickly
        return text.rjust(width) if right else text.ljust(width)
    text = safe(text, glyphs)
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + glyphs.more
    pad = " " * (width - length)
    return pad + text if right else text + pad


def parts_within(parts: Sequence[tuple[int, str]], width: int) -> str:
    """(rank, text) of every part of a line, in one line: those of the highest rank are left out
    until the rest fits. Parts of rank 0 always stay."""
    kept = list(parts)
    while len(line := "   ".join(text for _, text in kept)) > width:
        worst = max(rank for rank, _ in kept)
        if not worst:
            break
        kept = [part for part in kept if part[0] != worst]
    return line


def spark(values: Sequence[float], width: int, glyphs: Glyphs) -> str:
    """A curve of one line: the last `width` values, each as a sign as high as it is."""
    shown = [value for value in values if math.isfinite(value)][-width:]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    top = len(glyphs.levels) - 1
    scale = top / (high - low) if high > low else 0.0
    middle = 0 if high > low else top // 2
    return "".join(glyphs.levels[middle + round((value - low) * scale)] for value in shown)


def bar(part: float | None, width: int, glyphs: Glyphs) -> str:
    """A bar of `width` cells, of which `part` of 1 is done."""
    done = round(min(max(part or 0.0, 0.0), 1.0) * width)
    return glyphs.full * done + glyphs.empty * (width - done)
