"""How far a count of things is, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from arcade_rl.cli.output import notice

PLAIN_INTERVAL_S = 10.0

Tell: TypeAlias = Callable[[int, int], None]
"""Takes how many are done, and of how many."""


@contextmanager
def counted(things: str) -> Iterator[Tell]:
    """Shows what it is told of the progress of `things`, such as "episodes"."""
    if not sys.stderr.isatty():
        yield _plain(things)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(things, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _plain(things: str) -> Tell:
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PLAIN_INTERVAL_S:
            last = time.monotonic()
            notice(f"{done} of {total} {things}")

    return tell
