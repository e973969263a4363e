"""The ROM that ale-py plays, found without importing it."""

from __future__ import annotations

import functools
import hashlib
import os
from importlib.util import find_spec
from pathlib import Path

from arcade_rl.errors import MissingError


def rom_path() -> Path:
    """Where ale-py finds the ROM: in its own wheel, or in the folder `ALE_ROMS_DIR`."""
    folder = os.environ.get("ALE_ROMS_DIR", "")
    if folder:
        return Path(folder) / "breakout.bin"
    spec = find_spec("ale_py")
    if spec is None or spec.origin is None:
        raise MissingError("ale-py is not installed; breakout plays on it. pip install ale-py")
    return Path(spec.origin).parent / "roms" / "breakout.bin"


def rom_sha256() -> str:
    """SHA-256 of the ROM, as hexadecimal digits. MissingError if there is none."""
    return _sha256(rom_path())


@functools.cache
def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise MissingError(
            f"{path}: {error.strerror}; expected the breakout ROM, which ale-py's wheel has. "
            "Reinstall ale-py, or unset ALE_ROMS_DIR"
        ) from error
