"""Commands that the cockpit has started, each in a process of its own, and what became of them.

A command goes on when the cockpit ends: it has a session of its own, and writes to a file.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from arcade_rl.tui.invocation import Invocation

TAIL_BYTES = 4096
"""Bytes of a command's output that are looked at for its last line."""


@dataclass
class StartedCommand:
    """One command that was started."""

    text: str
    """The command line as people type it."""
    purpose: str
    """What the command is for, in a few words."""
    started: float
    process: subprocess.Popen[bytes] | None = None
    """The process; None for what the cockpit did itself."""
    output: Path | None = None
    exit_code: int | None = None
    """Exit code; None while the command runs."""
    last_line: str = ""
    """The last line that the command has written."""

    @property
    def is_over(self) -> bool:
        return self.exit_code is not None

    def poll(self) -> bool:
        """Look at the process, and say whether anything is new."""
        if self.process is None or self.is_over:
            return False
        before = (self.exit_code, self.last_line)
        self.exit_code = self.process.poll()
        self.last_line = _last_line(self.output) or self.last_line
        return (self.exit_code, self.last_line) != before

    def interrupt(self) -> None:
        """Ask the command to end, as Ctrl-C does."""
        if self.process is not None and not self.is_over:
            os.killpg(self.process.pid, signal.SIGINT)


@dataclass
class CommandLog:
    """Everything that was done, oldest first."""

    commands: list[StartedCommand] = field(default_factory=list)
    _folder: Path | None = None

    def start(self, invocation: Invocation, purpose: str) -> StartedCommand:
        """Start a command in a process of its own. OSError where that is not possible."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="arcade-rl-tui-"))
        output = self._folder / f"{len(self.commands)}.txt"
        with output.open("wb") as file:
            process = subprocess.Popen(
                invocation.argv,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        command = StartedCommand(str(invocation), purpose, time.time(), process, output)
        self.commands.append(command)
        return command

    def note(self, text: str, purpose: str, said: str = "") -> None:
        """Log something that the cockpit did itself."""
        self.commands.append(
            StartedCommand(text, purpose, time.time(), exit_code=0, last_line=said)
        )

    def poll(self) -> list[StartedCommand]:
        """The commands of which something is new."""
        return [command for command in self.commands if command.poll()]

    def close(self) -> None:
        """Delete the output of commands, unless one of them still runs and writes."""
        self.poll()
        if self._folder is not None and not self.running:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def running(self) -> list[StartedCommand]:
        return [command for command in self.commands if not command.is_over]


def _last_line(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:  # somebody has cleaned up the folder for temporary files
        return ""
    return next((line for line in reversed(lines) if line.strip()), "")
