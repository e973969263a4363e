"""Worker processes, and the server that forks them, as their supervisor sees them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from arcade_rl.engines.failure import address_space, kernel_oom_kills
from arcade_rl.errors import RunFailed
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import Beat, Event, FrameBuffer, Ready, encode

KILL_WAIT_S = 10.0
ENVIRONMENT = {
    "GOMP_SPINCOUNT": "20000",  # waiting threads of torch spin a moment, then leave emulators the core
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # products on a GPU give the same bytes every time
    "MALLOC_ARENA_MAX": "1",  # glibc: threads of emulators share memory, 30 MB less of it
    "MALLOC_MMAP_THRESHOLD_": str(2**30),  # glibc: keep the memory of minibatches, instead of
    "MALLOC_TRIM_THRESHOLD_": str(2**31),  # mapping and clearing it anew for each one
}
"""Variables of a worker, unless the user sets them; scripts/bench_training.py has their effect."""


class ForkServer:
    """The process that forks workers (`forkserver`)."""

    def __init__(self, run: RunDirectory) -> None:
        self._log = run.logs / "forkserver.log"
        self._connection, theirs = socket.socketpair()
        with theirs, self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "arcade_rl.engines.forkserver",
                    str(run.path.absolute()), str(theirs.fileno()),
                ],
                env={**ENVIRONMENT, **os.environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )  # fmt: skip
        self._unread = b""
        self._started: list[int] = []
        self._ended: dict[int, int] = {}
        self.is_gone = False
        """Whether it ended, and its workers with it."""

    def start(self, events: int, commands: int, log: int) -> int:
        """Fork a worker with these descriptors; returns its process id, which is its group's too.

        RunFailed if the server is gone before it does.
        """
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # read below
            socket.send_fds(self._connection, [b"w"], [events, commands, log])
        while not self._started:
            self._read(None)
            if self.is_gone:
                code = self._process.wait()
                raise RunFailed(
                    f"the process that forks workers ended with {code}; see {self._log}"
                    f"{address_space()}"
                )
        return self._started.pop()

    def exit_code(self, worker: int, timeout_s: float = 0.0) -> int | None:
        """How a worker ended: an exit code, or minus the signal; None if it did not in this time."""
        until = time.monotonic() + timeout_s
        while worker not in self._ended and not self.is_gone:
            left = until - time.monotonic()
            if not self._read(max(0.0, left)) and left <= 0:
                return None
        return self._ended.get(worker, -signal.SIGKILL)

    def close(self) -> None:
        """End it, and all workers."""
        self._connection.close()
        try:
            self._process.wait(KILL_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(FileNotFoundError):  # logs may be deleted at any time
            if self._process.returncode == 0 and not self._log.stat().st_size:
                self._log.unlink()

    def _read(self, timeout_s: float | None) -> bool:
        """Take in what it says, waiting at most this long for it. Whether there was something."""
        if not select.select([self._connection], [], [], timeout_s)[0]:
            return False
        try:
            data = self._connection.recv(4096)
        except ConnectionResetError:
            data = b""
        self.is_gone = not data
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            what, worker, *code = line.decode().split()
            if what == "started":
                self._started.append(int(worker))
            else:
                self._ended[int(worker)] = int(code[0])
        return True


class WorkerProcess:
    """One worker in a process group of its own, its event pipe and its command pipe."""

    def __init__(self, server: ForkServer, log: Path) -> None:
        self._server = server
        self._events, events_write = os.pipe()
        commands_read, self._commands = os.pipe()
        try:
            with log.open("ab") as output:
                self._pid = server.start(events_write, commands_read, output.fileno())
        except RunFailed:
            os.close(self._events)
            os.close(self._commands)
            raise
        finally:
            os.close(events_write)
            os.close(commands_read)
        os.set_blocking(self._events, False)
        self._frames = FrameBuffer()
        self.log = log
        self.is_ready = False
        """Whether it has built everything and waits for its turn."""
        self.has_beaten = False
        """Whether its training loop has given a sign of life."""
        self.oom_kills = kernel_oom_kills()
        """What the kernel had killed for memory when this process began."""
        self.last_sign_of_life = time.monotonic()

    def fileno(self) -> int:
        """Descriptor that becomes readable when there are events, for `selectors`."""
        return self._events

    def send(self, event: Event) -> None:
        """Tell the worker something. A worker that is gone does not hear it: its end tells."""
        frame = memoryview(encode(event))
        with contextlib.suppress(BrokenPipeError):
            while frame:
                frame = frame[os.write(self._commands, frame) :]

    def receive(self) -> Iterator[Event]:
        """Events that have arrived. Never waits."""
        while True:
            try:
                data = os.read(self._events, 1 << 20)
            except BlockingIOError:
                return
            if not data:
                return
            self.last_sign_of_life = time.monotonic()
            for event in self._frames.feed(data):
                self.is_ready = self.is_ready or isinstance(event, Ready)
                self.has_beaten = self.has_beaten or isinstance(event, Beat)
                yield event

    def exit_code(self) -> int | None:
        """How it ended: an exit code, or minus the signal; None while it lives."""
        return self.wait(0.0)

    def wait(self, timeout_s: float) -> int | None:
        """Wait for the end at most this long; as `exit_code`."""
        return self._server.exit_code(self._pid, timeout_s)

    def kill(self) -> None:
        """End the whole process group now, and free everything that was held for it."""
        if self.exit_code() is None:
            with contextlib.suppress(ProcessLookupError):  # it ended just now
                os.killpg(self._pid, signal.SIGKILL)
            self.wait(KILL_WAIT_S)
        for descriptor in (self._events, self._commands):
            os.close(descriptor)
