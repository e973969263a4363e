"""Writing files so that a crash leaves either the old content or the new."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from arcade_rl.reading import naming, open_file


def fsync(path: Path) -> None:
    """Make the content of a file durable, or the names in a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the content of the file `path`, durably."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    fsync(part)
    os.replace(part, path)
    fsync(path.parent)


def state_folder() -> Path:
    """Folder of what faces remember from one time to the next, which need not exist."""
    root = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(root) / "arcade-rl"


def canonical_json(value: Any) -> bytes:
    """`value` in the only form in which this project writes JSON, so that equal values are equal
    bytes."""
    return (json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of the content of `path`."""
    with naming(path), open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_tree(path: Path) -> None:
    """Delete a directory with everything in it. If the path is a link, only the link is deleted."""
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path)
