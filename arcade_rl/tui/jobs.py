"""Commands that the cockpit has started, each in a process of its own, and what became of them.

A command goes on when the cockpit ends: it has a session of its own, and writes to a file. The file
is locked as long as the command, or a process that it has left behind, has it open; the next cockpit
removes the files that nobody has locked.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from arcade_rl.tui.invocation import Invocation

PREFIX = "arcade-rl-tui-"
"""Beginning of the names of folders with outputs, in the folder for temporary files."""
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
    _hold: int | None = None
    """Lock of the folder, which says that somebody still reads there."""

    def start(self, invocation: Invocation, purpose: str) -> StartedCommand:
        """Start a command in a process of its own. OSError where that is not possible."""
        while self._hold is None:  # a cockpit that starts at this moment removes empty folders
            self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._hold = _locked(self._folder)
        assert self._folder is not None
        output = self._folder / f"{len(self.commands)}.txt"
        with output.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # the process inherits the lock with the file
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
        """Delete the output of the commands that have ended. The rest is left to the next cockpit."""
        self.poll()
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None
        if self._folder is not None:
            with contextlib.suppress(OSError):  # the next cockpit tries again
                _remove_ended(self._folder)
            self._folder = None

    @property
    def running(self) -> list[StartedCommand]:
        return [command for command in self.commands if not command.is_over]


def remove_left_outputs() -> None:
    """Delete the outputs that earlier cockpits have left, but for those of commands that run."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another cockpit has just removed the folder
            status = folder.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid():
                _remove_ended(folder)


def _remove_ended(folder: Path) -> None:
    """Delete the files of a folder whose commands have ended, and the folder once it is empty.
    Nothing is done where another cockpit reads there."""
    hold = _locked(folder)
    if hold is None:
        return
    try:
        for output in folder.iterdir():
            descriptor = _locked(output)
            if descriptor is not None:
                os.close(descriptor)
                output.unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
    finally:
        os.close(hold)


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock of a file or a folder; None where somebody else holds it, or
    nothing is there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


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
