"""The first start on a machine, which compiles the simulator's kernels for minutes: it is told, and
one process at a time does it, for all.

Beside the cache of kernels there is a note for each kind of scene that was compiled, with how long
that took, and a lock that whoever compiles holds. The lock is freed when its process ends, however
it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from arcade_rl.envs.preparing import tell
from arcade_rl_go2.kernels import folder

T = TypeVar("T")

LOCK = "arcade_rl.compiling"
NOTE = "arcade_rl.{}.compiled"
COMPILES = "go2 compiles its simulator's kernels, once for this machine"
USUAL = "usually one to three minutes"
WAITS = "go2 waits for another process, which compiles the simulator's kernels"
LOADS = "go2 loads the kernels that another process has compiled"
LEAST_S = 10.0
"""Time below which kernels were there already, s, so that it tells nothing of compiling."""
TOLD_EVERY_S = 60.0
"""How often a process that waits says so, which is a sign of life too."""


def compiled_once(
    kind: object, build: Callable[[Callable[[], object]], T], has_kept: Callable[[], bool]
) -> T:
    """What `build` gives, which compiles the kernels of `kind` unless this machine has them. Only one
    process compiles at a time; the others wait for it, and have the kernels then.

    `has_kept`: writes what was compiled to the cache, and says whether that succeeded. `build` may
    call it at once where most is compiled: a process that is killed later has not compiled in vain.
    """
    note = folder() / NOTE.format(_digest(kind))
    if _holds(note):
        return build(has_kept)
    with _alone():
        is_first = not _holds(note)  # asked again: another process may have compiled meanwhile
        began = time.monotonic()
        tell(f"{COMPILES}: {_usual()}" if is_first else LOADS)
        built = build(has_kept)
        if has_kept() and is_first:
            _write(note, time.monotonic() - began)
        return built


def _digest(kind: object) -> str:
    versions = [version(name) for name in ("genesis-world", "quadrants")]
    return hashlib.sha256(repr((kind, versions)).encode()).hexdigest()[:16]


def _holds(note: Path) -> bool:
    """Whether the kernels of the note were compiled, and are all still there."""
    try:
        return int(json.loads(note.read_bytes())["kernels"]) <= _kernels()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _kernels() -> int:
    return sum(1 for _ in folder().glob("*/*.qdc"))


def _usual() -> str:
    """How long compiling takes, by what it took here for any kind of scene."""
    took = []
    for note in folder().glob(NOTE.format("*")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            took.append(float(json.loads(note.read_bytes())["seconds"]))
    if not took or max(took) < LEAST_S:
        return USUAL
    seconds = max(took)
    return (
        f"about {f'{seconds:.0f} s' if seconds < 120 else f'{seconds / 60:.0f} minutes'}, as before"
    )


def _write(note: Path, seconds: float) -> None:
    part = note.with_suffix(f".{os.getpid()}")
    try:
        part.write_text(json.dumps({"seconds": round(seconds, 1), "kernels": _kernels()}))
        os.replace(part, note)
    except OSError as error:
        print(f"go2: that kernels are compiled cannot be noted: {error}", file=sys.stderr)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """No other process compiles inside. Where the cache cannot be written, nobody waits."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        file = os.open(folder() / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        yield  # whoever writes the cache says why that is not possible
        return
    try:
        _wait_for(file)
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)  # closing does not where a forked copy has it too
        os.close(file)


def _wait_for(file: int) -> None:
    told = -TOLD_EVERY_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() - told >= TOLD_EVERY_S:
                told = time.monotonic()
                tell(WAITS)
            time.sleep(0.1)
