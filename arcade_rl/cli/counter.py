"""How many things are done, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from arcade_rl.cli.output import is_live, notice, unfiltered

PLAIN_INTERVAL_S = 10.0
LEAST_PART = 0.02
"""Part of all things that must be done before the remaining time is told."""

Tell: TypeAlias = Callable[[float, int], None]
"""Takes the number of things that are done, with parts of a thing, and the number of all."""


@contextmanager
def counted(things: str) -> Iterator[Tell]:
    """Show the progress of `things`, such as "episodes". Yields the function that is told of it."""
    if not is_live(sys.stderr):
        yield _plain(things)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=unfiltered(sys.stderr)), transient=True) as bars:
        task = bars.add_task(things, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _plain(things: str) -> Tell:
    began = last = time.monotonic()

    def tell(done: float, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done >= LEAST_PART * total and now - last >= PLAIN_INTERVAL_S:
            last = now
            left = (now - began) * (total - done) / done
            count = f"{done:.1f}".removesuffix(".0")
            notice(f"{count} of {total} {things}, {left:.0f} s left")

    return tell
