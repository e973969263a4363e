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
USUAL = "usually one to three minutes"
TOLD_EVERY_S = 60.0
"""How often a process that waits says so, which is a sign of life too."""


def compiled_once(
    kind: object, build: Callable[[Callable[[], object]], T], has_kept: Callable[[], bool]
) -> T:
    """What `build` gives, which compiles the kernels of `kind` unless this machine has them. Only one
    process compiles at a time; the others wait for it, and have the kernels then.

    `build` calls what it is given whenever a part is compiled, which is kept: a process that is
    killed later has not compiled it in vain. `has_kept`: writes what was compiled to the cache, and
    says whether that succeeded.
    """
    note = folder() / NOTE.format(_digest(kind))
    with contextlib.nullcontext() if _holds(note) else _alone():
        is_first = not _holds(note)  # asked again: another process may have compiled meanwhile
        if is_first:
            tell(f"go2 compiles its simulator's kernels, once for this machine: {_usual()}")
        began = time.monotonic()
        parts = 0

        def keep_part() -> None:
            nonlocal parts
            parts += 1
            has_kept()
            tell(f"go2 has compiled part {parts} of its kernels, {time.monotonic() - began:.0f} s")

        built = build(keep_part if is_first else lambda: None)
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
    return f"about {max(took):.0f} s, as before" if took and max(took) > 10 else USUAL


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
                tell("go2 waits for another process, which compiles the simulator's kernels")
            time.sleep(0.1)
