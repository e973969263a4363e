"""A worker process as its supervisor sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from arcade_rl.engines.failure import kernel_oom_kills
from arcade_rl.engines.worker import SIGNAL_EXIT
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


class WorkerProcess:
    """One worker in a session of its own, its event pipe, and the pipe that keeps it alive."""

    def __init__(self, run: RunDirectory, log: Path) -> None:
        events_read, events_write = os.pipe()
        lifeline_read, self._lifeline = os.pipe()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "arcade_rl.engines.worker",
                    str(run.path.absolute()), str(events_write), str(lifeline_read),
                ],
                env={**ENVIRONMENT, **os.environ},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(events_write, lifeline_read),
                start_new_session=True,
            )  # fmt: skip
        os.close(events_write)
        os.close(lifeline_read)
        os.set_blocking(events_read, False)
        self._events = events_read
        self._frames = FrameBuffer()
        self.log = log
        self.is_ready = False
        """Whether it has built everything and waits for its turn."""
        self.has_beaten = False
        """Whether its training loop has given a sign of life."""
        self.oom_kills = kernel_oom_kills()
        """What the kernel had killed for memory when this process began."""
        self.last_sign_of_life = time.monotonic()

    @property
    def pid(self) -> int:
        """Process and process group of the guardian."""
        return self._process.pid

    def fileno(self) -> int:
        """Descriptor that becomes readable when there are events, for `selectors`."""
        return self._events

    def send(self, event: Event) -> None:
        """Tell the worker something. A worker that is gone does not hear it: its end tells."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(encode(event))
            self._process.stdin.flush()
        except BrokenPipeError:
            return

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
        code = self._process.poll()
        if code is not None and code > SIGNAL_EXIT:
            return SIGNAL_EXIT - code
        return code

    def wait(self, timeout_s: float) -> int | None:
        """Wait for the end at most this long; as `exit_code`."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        return self.exit_code()

    def kill(self) -> None:
        """End the whole process group now, and free everything that was held for it."""
        with contextlib.suppress(ProcessLookupError):  # nobody of the group is left
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):  # the system has not let go of it yet
            self._process.wait(KILL_WAIT_S)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # what it did not read any more
            self._process.stdin.close()
        for descriptor in (self._events, self._lifeline):
            os.close(descriptor)
