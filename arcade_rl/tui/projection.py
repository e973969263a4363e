"""The other end of a projector: starts the process, reads its pictures, and asks for the next."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from arcade_rl.tui.messages import Projected, read_messages

END_S = 2.0
"""Time that a projector has to end by itself, seconds."""
LINE_BYTES = 4096
"""Most bytes of a line of stderr that are kept."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is projected."""

    kind: Literal["episode", "live"]
    run: Path
    number: int
    """Number of the episode, or of the environment that is followed."""


class Projection:
    """A projector that runs. Close it after use."""

    def __init__(
        self, subject: Subject, columns: int, lines: int, arrived: Callable[[Projected], None]
    ) -> None:
        """`arrived` is called in a thread of its own with every message. OSError where no process
        can be started."""
        self._arrived = arrived
        self._is_closed = False
        words = [subject.kind, subject.run.absolute(), subject.number, columns, lines]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "arcade_rl.tui.projector", *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._last_line = ""
        self._hearing = threading.Thread(target=self._hear, daemon=True)
        self._hearing.start()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _hear(self) -> None:
        """Keep the last line of stderr, where plugins may print a lot."""
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            while line := stream.readline(LINE_BYTES):
                self._last_line = line.decode(errors="replace").strip() or self._last_line

    def _read(self) -> None:
        assert self.process.stdout is not None
        is_told = False
        for message in read_messages(self.process.stdout):
            if self._is_closed:
                return
            self._arrived(message)
            is_told = is_told or message.is_fault
        if not is_told:
            why = self._why()
            if not self._is_closed:
                self._arrived(Projected(None, f"the picture has ended: {why}", True))

    def _why(self) -> str:
        """Why a process that told no error has ended."""
        self._hearing.join(END_S)
        try:
            code = self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            return self._last_line or "its process writes no more"
        signals = {one.value: one.name for one in signal.Signals}
        how = signals.get(-code, f"exit code {code}")
        if code < 0:  # the process could not say why itself
            return f"{how}, after {self._last_line}" if self._last_line else how
        return self._last_line or how

    def tell(self, command: str) -> None:
        """Give the projector a command. One that has ended hears nothing."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{command}\n".encode())
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):  # the last message of the process says why
            return

    def close(self) -> None:
        """End the process."""
        self._is_closed = True
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self._thread.join(END_S)
            self.process.stdout.close()
