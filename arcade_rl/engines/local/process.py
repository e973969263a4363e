"""Worker processes, and the server that forks them, as the supervisor's process sees them."""

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
from multiprocessing import connection
from pathlib import Path

from arcade_rl.engines.failure import (
    Failure,
    describe_end,
    describe_server_end,
    kernel_oom_kills,
)
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import Event, Failed, Finished, FrameBuffer, Go, Stop, encode

KILL_WAIT_S = 10.0
ENVIRONMENT = {
    "GOMP_SPINCOUNT": "20000",  # waiting threads of torch spin a moment, then leave emulators the core
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # products on a GPU give the same bytes every time
    "MALLOC_ARENA_MAX": "1",  # glibc: threads of emulators share memory, 30 MB less of it
    "MALLOC_MMAP_THRESHOLD_": str(2**30),  # glibc: keep the memory of minibatches, instead of
    "MALLOC_TRIM_THRESHOLD_": str(2**31),  # mapping and clearing it anew for each one
}
"""Variables of a worker, unless the user sets them; scripts/bench_training.py shows their
effect."""


class ForkServer:
    """The process that forks workers, as its supervisor sees it; `forkserver` is its program."""

    def __init__(self, run: RunDirectory) -> None:
        self.log = run.logs / "forkserver.log"
        self._connection, theirs = socket.socketpair()
        with theirs, self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "arcade_rl.engines.local.forkserver",
                    str(run.path.absolute()), str(theirs.fileno()), str(os.getpid()),
                ],
                env={**ENVIRONMENT, **os.environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )  # fmt: skip
        self._unread = b""
        self._requests = 0
        self._started: list[int] = []
        """Process id of each worker, in the order of the requests."""
        self._ended: dict[int, int] = {}
        self.is_gone = False
        """Whether the server has ended, and its workers with it."""

    def start(self, events: int, commands: int, log: int) -> int:
        """Ask for a worker with these descriptors, and return the number of the request.

        The server answers when it has imported everything, which may take minutes, or never.
        """
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # `exit_code` reports it
            socket.send_fds(self._connection, [b"w"], [events, commands, log])
        self._requests += 1
        return self._requests - 1

    def pid(self, request: int) -> int | None:
        """Process id of a worker and of its group; None while the worker has not begun."""
        return self._started[request] if request < len(self._started) else None

    def exit_code(self, request: int, timeout_s: float = 0.0) -> int | None:
        """How a worker ended: an exit code, or minus the signal; None if it has not ended within
        `timeout_s`.

        A worker that has not begun ends as the server does.
        """
        until = time.monotonic() + timeout_s
        while self.pid(request) not in self._ended and not self.is_gone:
            left = until - time.monotonic()
            if not self._read(max(0.0, left)) and left <= 0:
                return None
        pid = self.pid(request)
        return self._end() if pid is None else self._ended.get(pid, -signal.SIGKILL)

    def kill(self, request: int) -> None:
        """Kill a worker with its process group. A server that has not begun any worker yet is
        killed itself."""
        pid = self.pid(request)
        if pid is None and self._started:  # the server is about to begin the worker
            self.exit_code(request, KILL_WAIT_S)
            pid = self.pid(request)
        if pid is None:
            self._process.kill()
            self._process.wait()
            self.is_gone = True
        else:
            with contextlib.suppress(ProcessLookupError):  # the worker has just ended
                os.killpg(pid, signal.SIGKILL)
        self.exit_code(request, KILL_WAIT_S)

    def close(self) -> None:
        """End the server and all workers."""
        self._connection.close()
        with contextlib.suppress(FileNotFoundError):  # logs may be deleted at any time
            if self._end() == 0 and not self.log.stat().st_size:
                self.log.unlink()

    def _end(self) -> int:
        """Exit code of the server, which ends by itself in a moment or is killed."""
        try:
            return self._process.wait(KILL_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _read(self, timeout_s: float | None) -> bool:
        """Read what the server says, waiting at most `timeout_s`. Returns whether there was
        something."""
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
    """One worker: a process that leads a group of its own, its event pipe and its command pipe.

    The process reads its checkpoint in the run directory and stages there, so that `bring` has
    nothing to do.
    """

    def __init__(self, server: ForkServer, log: Path) -> None:
        self._server, self._log = server, log
        self._events, events_write = os.pipe()
        commands_read, self._commands = os.pipe()
        with log.open("ab") as output:
            self._request = server.start(events_write, commands_read, output.fileno())
        os.close(events_write)
        os.close(commands_read)
        os.set_blocking(self._events, False)
        self._is_open = True
        self._frames = FrameBuffer()
        self._last_word: Finished | Failed | None = None
        self._oom_kills = kernel_oom_kills()
        """Number of processes that the kernel had killed for lack of memory when this process
        began."""

    @property
    def has_begun(self) -> bool:
        """Whether there is a process: the server has imported everything and forked it."""
        return self._server.pid(self._request) is not None

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._server.exit_code(self._request) is not None

    def send(self, event: Go | Stop) -> None:
        """Write a command to the pipe. A worker that is gone does not read it, which is no error
        here."""
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
            for event in self._frames.feed(data):
                if isinstance(event, Finished | Failed):
                    self._last_word = event
                yield event

    def wait(self, timeout_s: float) -> None:
        """Wait for events, or for the pipe to close, which the end of the process does."""
        connection.wait([self._events], timeout_s)

    def bring(self, staging: Path) -> None:
        """Do nothing: `staging` is where the process has staged its files."""

    def end(self, patience_s: float = 0.0) -> Failure | None:
        """End the worker as the port says, by killing its whole process group."""
        code = self._server.exit_code(self._request, patience_s)
        if code is None:
            self._server.kill(self._request)
        self._close()
        if code is None or (code == 0 and isinstance(self._last_word, Finished)):
            return None
        return self._describe_end(code)

    def discard_log(self) -> None:
        """Delete the file of what the process printed."""
        self._log.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._is_open:
            os.close(self._events)
            os.close(self._commands)
        self._is_open = False

    def _describe_end(self, code: int) -> Failure:
        if not self.has_begun:
            return describe_server_end(code, self._server.log)
        told = self._last_word if isinstance(self._last_word, Failed) else None
        return describe_end(code, told, self._oom_kills, self._log)
