"""Machine code made by numba, and kept on disk.

numba and not a C extension: the plugin is an ordinary package whose users have no compiler, and numba
has wheels for Linux, macOS and Windows where it brings its own. The price is compilation at first use;
the result is kept, so that later processes only load it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

_PACKAGE = Path(__file__).parent
_njit: Any = numba.njit
_config: Any = numba.config


def _kept_in() -> str:
    """A folder for the machine code of these very sources.

    numba itself looks only at the file of a compiled function and not at those that it calls into,
    and would go on running their old rules.
    """
    digest = hashlib.sha256()
    for source in sorted(_PACKAGE.glob("*.py")):
        digest.update(source.read_bytes())
    return str(_PACKAGE / "__pycache__" / f"compiled-{digest.hexdigest()[:12]}")


_KEPT_IN = _kept_in()


def inner(function: Function) -> Function:
    """Compile a function that only compiled functions call."""
    made: Function = _njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    return made


def entry(function: Function) -> Function:
    """Compile a function that Python calls; its machine code, with all that it calls, is kept.

    Where the package's folder cannot be written, numba keeps it in the user's cache folder.
    """
    elsewhere = _config.CACHE_DIR
    _config.CACHE_DIR = _KEPT_IN
    try:
        made: Function = _njit(cache=True, nogil=True)(function)
    finally:
        _config.CACHE_DIR = elsewhere
    return made
