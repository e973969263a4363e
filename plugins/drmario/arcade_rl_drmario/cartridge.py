"""Where the cartridge of a game lies, and what recordings say of it."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from arcade_rl.roms import rom_path
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.roms import REV_0, REV_A

ROMS = {"pillbox": ("pillbox",), "drmario": (REV_A.name, REV_0.name)}
"""ROMs that play a game, by the value of `options.rom`; the first that is there is taken."""


def find_cartridge(options: DrMarioOptions) -> Path:
    """The file that is played, with every byte verified. MissingError if there is none."""
    return rom_path(*ROMS[options.rom])


def cartridge_sha256(options: DrMarioOptions) -> str:
    """SHA-256 of the file, as hexadecimal digits. MissingError if there is none."""
    return _sha256(find_cartridge(options))


@functools.cache
def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
