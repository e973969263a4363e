"""What a game says while it gets ready for something that takes long, such as compiling."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable


def to_stderr(text: str) -> None:
    """Say one line on stderr: what `tell` does where nobody listens."""
    with contextlib.suppress(OSError):  # a terminal that is gone: nobody is left to read it
        print(text, file=sys.stderr, flush=True)


_hear: Callable[[str], None] = to_stderr


def tell(text: str) -> None:
    """Say in one line what takes so long now: to whoever supervises a training, or on stderr.

    Called by a game while it is built or played. Training shows the line, and for how long
    nothing else was heard.
    """
    _hear(text)


def hear(listener: Callable[[str], None]) -> None:
    """Have everything that is told in this process given to `listener`."""
    global _hear
    _hear = listener
