"""What a plugin knows of the ROMs of its games."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Rom:
    """One dump of a ROM that a plugin knows, either to play it or to say why no game plays it.

    A ROM is recognised by its content, which is what the chips hold: a file's bytes without header.
    """

    name: str
    """Key in commands and files: lower case, digits and hyphens."""
    title: str
    """What people read: the game, its region and its revision."""
    region: str
    """Where the cartridge was sold, or "free"."""
    games: tuple[str, ...]
    """Names of the games that play the ROM, or would play it if it were accepted."""
    sha1: str = ""
    """SHA-1 of the content, 40 hexadecimal digits."""
    content_bytes: int = 0
    """Size of the content, bytes."""
    header: bytes = b""
    """What emulators need before the content: every stored file begins with this header. Empty for
    consoles whose files have no header, and for a shipped ROM, whose file has its own header."""
    file_name: str = ""
    """Name in the directory of ROMs; empty for a ROM that is refused or shipped."""
    refusal: str = ""
    """Why no game plays the ROM; empty for an accepted ROM."""
    advice: str = ""
    """What to do instead of using a refused ROM."""
    shipped: Path | None = None
    """The file of a free ROM that the plugin brings along, with its header."""
