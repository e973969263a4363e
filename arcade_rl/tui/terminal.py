"""The terminal that the cockpit is on, and what happens when nobody is left on its other side."""

from __future__ import annotations

import errno
import io
import os
import select
from collections.abc import Callable
from typing import Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver

DARK, LIGHT = "textual-dark", "textual-light"


class TerminalDriver(LinuxDriver):
    """Textual's driver, which notices that its terminal is gone.

    Mostly the kernel ends a program whose terminal goes, by SIGHUP. A program without a controlling
    terminal gets none: reading would come back at once for ever, and the first write would end the
    thread that draws."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._screen = _Screen(cast(TextIO, self._file))
        self._file = cast(io.TextIOWrapper, self._screen)

    @property
    def is_gone(self) -> bool:
        """Whether nobody is left who draws the screen or presses keys."""
        return self._screen.is_gone or _is_hung_up(self.fileno)

    def run_input_thread(self) -> None:
        try:
            super().run_input_thread()
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self._screen.is_gone = True

    def close(self) -> None:
        super().close()
        if self.is_gone:
            _let_go(self.fileno, self._screen.fileno())


class _Screen:
    """The stream that is drawn on. What a terminal that is gone does not take is dropped, so that
    whoever draws neither fails nor waits."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_gone = False

    def write(self, text: str) -> int:
        if not self.is_gone:
            self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        if not self.is_gone:
            self._try(self._stream.flush)

    def fileno(self) -> int:
        return self._stream.fileno()

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self.is_gone = True


def _is_hung_up(descriptor: int) -> bool:
    """Whether the other side of a terminal is closed."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))


def _let_go(*descriptors: int) -> None:
    """Put nothing in the place of a terminal, so that what is left in buffers can be written."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nothing, descriptor)
    os.close(nothing)


def theme_of_terminal(colours: str) -> str:
    """The theme that fits the background of the terminal, as far as the variable COLORFGBG tells;
    the dark one where nothing is known."""
    background = colours.rpartition(";")[2]
    is_light = background.isdecimal() and int(background) in (7, *range(9, 16))
    return LIGHT if is_light else DARK
