"""How much of something is done, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from arcade_rl import words
from arcade_rl.cli.output import is_live, notice, unfiltered
from arcade_rl.runs.remaining import Mark, seconds_left, thinned

PLAIN_INTERVAL_S = 10.0
MARK_INTERVAL_S = 0.2

Tell: TypeAlias = Callable[[float, int], None]
"""Takes the number of things that are done, with parts of a thing, and the number of all."""


class Count:
    """How much was done when, and how long the rest will take."""

    def __init__(self) -> None:
        self._marks: list[Mark] = []
        self._left = ""

    def said(self, done: float, total: int) -> str:
        """How much is done now, and how long the rest will take, where that is known."""
        now = time.monotonic()
        if not self._marks or now - self._marks[-1].seconds >= MARK_INTERVAL_S:
            self._marks = thinned([*self._marks, Mark(now, done)])
            seconds = seconds_left(self._marks, total)
            self._left = "" if seconds is None else f", {words.short_duration(seconds)} left"
        return f"{words.percent(done / total if total else 0.0)} of {total:,}{self._left}"


@contextmanager
def counted(things: str) -> Iterator[Tell]:
    """Show the progress of `things`, such as "episodes". Yields the function that is told of it."""
    if not is_live(sys.stderr):
        yield _plain(things)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}")]
    console = Console(file=unfiltered(sys.stderr))
    with Progress(*columns, console=console, transient=True) as bars:
        task, count = bars.add_task(things, total=None, text=""), Count()

        def tell(done: float, total: int) -> None:
            bars.update(task, completed=done, total=total, text=count.said(done, total))

        yield tell


def _plain(things: str) -> Tell:
    count, last, written = Count(), time.monotonic(), ""

    def tell(done: float, total: int) -> None:
        nonlocal last, written
        said = count.said(done, total)
        if said != written and time.monotonic() - last >= PLAIN_INTERVAL_S:
            last, written = time.monotonic(), said
            notice(f"{things}: {said}")

    return tell
