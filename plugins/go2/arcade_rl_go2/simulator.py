"""Genesis itself: begun once a process, and its compiled kernels kept for the next one."""

from __future__ import annotations

import atexit
import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from arcade_rl.errors import MissingError, RunFailed
from arcade_rl_go2.kernels import alone, keep, read

IMPORTS = ("setuptools", "genesis")
"""In this order: Genesis' compiler imports pip, and after that setuptools, which torch.compile needs,
can be imported no more."""
INSTALL = "pip install genesis-world, or scripts/setup all in a checkout"


def require() -> None:
    """MissingError if Genesis is not installed. Imports nothing."""
    if find_spec("genesis") is None:
        raise MissingError(f"genesis-world is not installed; go2 is simulated by it. {INSTALL}")


def imported() -> ModuleType:
    """The module `genesis`. MissingError if it is not installed."""
    require()
    return [import_module(name) for name in IMPORTS][-1]


def begin(device: str) -> ModuleType:
    """The module `genesis`, begun on "cpu", "cuda", or for "auto" on a GPU where there is one.

    MissingError if it is not installed or there is no such device; RunFailed if this process has
    begun it on another one: it cannot be begun twice.
    """
    genesis = imported()
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise MissingError("options.device is cuda and torch sees no GPU; set it to auto or cpu")
    if not genesis._initialized:
        with alone():
            # Deterministic algorithms: an episode played again must give the same numbers.
            genesis.init(
                backend=genesis.cuda if device == "cuda" else genesis.cpu,
                precision="32",
                logging_level="error",
                use_deterministic_algorithms=True,
            )
            read()  # otherwise it would at the first kernel
        atexit.register(_end, genesis)
    if genesis.device.type != device:
        raise RunFailed(
            f"Genesis runs on {genesis.device.type} in this process already; {device} is asked for. "
            "Use one options.device for all that one process does"
        )
    return genesis


def keep_kernels() -> bool:
    """Write compiled kernels to the disk cache now, and say whether that succeeded: Genesis does it
    when a process exits in order, and workers that are killed or have finished do not."""
    if trouble := keep():
        print(
            f"go2: compiled kernels are not kept for the next process: {trouble}", file=sys.stderr
        )
    return not trouble


def _end(genesis: ModuleType) -> None:
    """What Genesis does at exit, which writes kernels too."""
    with alone():
        genesis.destroy()
