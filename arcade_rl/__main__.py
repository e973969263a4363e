"""`arcade-rl`, which is `python -m arcade_rl`: Ctrl-C ends it without a word from its first moment.

The first moment is that of this module: what the interpreter imports before, for some 20 to 40 ms, is
interrupted with a traceback of Python's own.
"""

from __future__ import annotations

import os
import signal
import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command line of this process and return its exit code.

    While modules are imported, and when the command is done, an exception would be raised in code
    that prints it and goes on; nothing is lost then if the process just ends.
    """
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heard:
        signal.signal(signal.SIGINT, _leave)
    from arcade_rl.cli import main as command_line

    try:
        if is_heard:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return command_line()
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        if is_heard:
            signal.signal(signal.SIGINT, _leave)


def _leave(*_: object) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
