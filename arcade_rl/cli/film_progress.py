"""How far films are: one bar with the time that is left, or a line now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from arcade_rl.cli.progress import Terminal
from arcade_rl.video.pool import Progress as Tell

PLAIN_INTERVAL_S = 10.0


@contextmanager
def film_progress() -> Iterator[Tell]:
    """Tells on stderr how far all clips are together."""
    console = Terminal(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _plain(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("drawing", total=None)

        def tell(done: float, clips: int) -> None:
            what = "drawing" if clips == 1 else f"drawing {clips} clips"
            bars.update(task, description=what, completed=done, total=clips)

        yield tell


def _plain(console: Terminal) -> Tell:
    began = last = time.monotonic()

    def tell(done: float, clips: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PLAIN_INTERVAL_S and done:
            last = now
            left = (now - began) * (clips - done) / done
            console.print(f"{100 * done / clips:.0f} % drawn, {left:.0f} s left", markup=False)

    return tell
