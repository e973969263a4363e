"""What a plugin knows of the ROMs of its games."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Rom:
    """One dump of a ROM that a plugin knows: its games play it, or it says why they do not.

    It is recognised by its content, which is what the chips hold: a file's bytes without header.
    """

    name: str
    """Key in commands and files: lower case, digits and hyphens."""
    title: str
    """What people read: the game, its region and its revision."""
    region: str
    """Where it was sold, or "free"."""
    games: tuple[str, ...]
    """Names of the games that play it, or would if it were accepted."""
    sha1: str = ""
    """SHA-1 of the content, 40 hexadecimal digits."""
    content_bytes: int = 0
    """Size of the content."""
    header: bytes = b""
    """What emulators need before the content: every stored file begins with it. Empty for consoles
    whose files have none, and for one that ships: its file has its own."""
    file_name: str = ""
    """Name in the directory of ROMs; empty for one that is refused or ships."""
    refusal: str = ""
    """Why no game plays it; empty for one that is accepted."""
    advice: str = ""
    """What to do instead of using one that is refused."""
    shipped: Path | None = None
    """The file of a free one that the plugin brings along, with its header."""
