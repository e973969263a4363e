"""Machine code made by numba, and kept on disk.

numba and not a C extension: the plugin is an ordinary package whose users have no compiler, and numba's
wheels bring their own. The price is compilation at first use; the result is kept, so that later
processes only load it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

from arcade_rl_drmario import pad

Function = TypeVar("Function", bound=Callable[..., Any])

MOST_ATTEMPTS = 10
"""Attempts to make a folder while other processes remove it."""

_PACKAGE = Path(__file__).parent
_njit: Any = numba.njit
_config: Any = numba.config


def _kept_in(package: Path, digest: str, within: str) -> Path | None:
    """A folder for the machine code of these very sources: beside them, or where that cannot be
    written, in the user's cache, `within` a folder there. None where neither can.
    """
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    for parent in (package / "__pycache__", Path(caches) / within):
        folder = parent / f"compiled-{digest}"
        is_new = not folder.is_dir()
        if _claim(folder):
            for other in parent.glob("compiled-*") if is_new else ():
                if other != folder:
                    _remove_unused(other)
            return folder
    return None


def _digest(*packages: Path) -> str:
    """A text that changes with any source of these folders.

    numba itself looks only at the file of a compiled function and not at those that it calls into,
    and would go on running their old rules.
    """
    digest = hashlib.sha256()
    sources = [source for package in packages for source in sorted(package.glob("*.py"))]
    for source in (*sources, Path(pad.__file__)):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def _claim(folder: Path) -> bool:
    """Make the folder, and keep other processes from removing it while this one lives."""
    for _ in range(MOST_ATTEMPTS):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_SH)  # until the process ends
        except FileNotFoundError:
            continue
        except OSError:
            return False
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), folder.stat()):
                return True
        os.close(descriptor)
    return False


def _remove_unused(folder: Path) -> None:
    """Remove a folder that no process has claimed; any other stays for a later version to remove."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        finally:
            os.close(descriptor)


_KEPT_IN = _kept_in(_PACKAGE, _digest(_PACKAGE), "arcade_rl_drmario")


def inner(function: Function) -> Function:
    """Compile a function that only compiled functions call."""
    made: Function = _njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    return made


def entry(function: Function) -> Function:
    """Compile a function that Python calls; its machine code, with all that it calls, is kept."""
    return _kept(function, _KEPT_IN)


def entry_beside(package: Path) -> Callable[[Function], Function]:
    """What `entry` is for the functions of another folder of sources, which call into this one."""
    within = f"arcade_rl_drmario/{package.name}"
    folder = _kept_in(package, _digest(package, _PACKAGE), within)
    return lambda function: _kept(function, folder)


def _kept(function: Function, folder: Path | None) -> Function:
    elsewhere = _config.CACHE_DIR
    _config.CACHE_DIR = str(folder or "")
    try:
        made: Function = _njit(cache=folder is not None, nogil=True)(function)
    finally:
        _config.CACHE_DIR = elsewhere
    return made
