"""The process of one chunk: a guardian that nothing can block, and the worker behind it.

    python -m arcade_rl.engines.worker RUN EVENTS_FD LIFELINE_FD

The guardian leads the process group and imports nothing. It watches the supervisor through a pipe
that only the supervisor holds open, and kills the whole group when the supervisor is gone, whatever
the worker and its children are doing. Otherwise it passes on how the worker ended.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from arcade_rl.training.chunk import Emit
    from arcade_rl.training.plan import ChunkSpec

SIGNAL_EXIT = 128
"""Exit codes above this are 128 + the signal that ended the worker, as a shell has it."""

RESERVE_BYTES = 8 << 20
"""Address space given back before an exception is told: telling it allocates, and it may say that
there is no memory left."""


def main() -> NoReturn:
    run, events_fd, lifeline_fd = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides what Ctrl-C means
    worker = os.fork()
    if worker:
        os.close(events_fd)
        _guard(worker, lifeline_fd, wake_read)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor in (lifeline_fd, wake_read, wake_write):
        os.close(descriptor)
    code = _work(Path(run), events_fd)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # nothing is left to tear down: everything was written and closed


def _guard(worker: int, lifeline_fd: int, wake_fd: int) -> NoReturn:
    while True:
        ready, _, _ = select.select([lifeline_fd, wake_fd], [], [])
        if lifeline_fd in ready:
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os.read(wake_fd, 512)
        ended, status = os.waitpid(worker, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else SIGNAL_EXIT - code)


def _work(run: Path, events_fd: int) -> int:
    """Build, wait for the turn, run the chunk. Returns the exit code."""
    from arcade_rl.errors import ArcadeError, MissingError, RunFailed, UsageError
    from arcade_rl.runs.events import Event, Failed, encode

    def emit(event: Event) -> None:
        frame = memoryview(encode(event))
        while frame:
            frame = frame[os.write(events_fd, frame) :]

    reserve = bytearray(RESERVE_BYTES)
    try:
        _run_chunk(run, emit)
    except ArcadeError as error:
        hopeless = isinstance(error, UsageError | MissingError | RunFailed)
        kind = "final" if hopeless else "error"
        emit(Failed(kind, str(error), error.exit_code))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is told to the supervisor
        reserve.clear()
        traceback.print_exc()
        kind = "out of memory" if _is_out_of_memory(error) else "error"
        first_line = (str(error).splitlines() or [""])[0]
        emit(Failed(kind, f"{type(error).__name__}: {first_line}", 1))
        return 1
    return 0


def _run_chunk(run: Path, emit: Emit) -> None:
    from arcade_rl.config import read_toml, resolve
    from arcade_rl.registry import load_game
    from arcade_rl.runs.directory import RunDirectory
    from arcade_rl.runs.events import Finished, Ready
    from arcade_rl.training.chunk import Chunk
    from arcade_rl.training.learner import open_learner

    learner = open_learner(resolve([read_toml(RunDirectory(run).config)], load_game))
    mailbox = Mailbox()
    emit(Ready())
    spec = mailbox.wait()
    last_update = Chunk(learner, spec, emit).run(mailbox.stop_requested)
    learner.close()
    emit(Finished(last_update))


class Mailbox:
    """What the supervisor sends on stdin."""

    def __init__(self) -> None:
        self._go = threading.Event()
        self._stop = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self) -> ChunkSpec:
        """Wait for the turn."""
        self._go.wait()
        return self._spec

    def stop_requested(self) -> bool:
        """Whether the chunk is to end at the next update."""
        return self._stop.is_set()

    def _read(self) -> None:
        from arcade_rl.runs.events import FrameBuffer, Go, Stop
        from arcade_rl.training.plan import ChunkSpec

        frames = FrameBuffer()
        while data := os.read(0, 65536):
            for event in frames.feed(data):
                if isinstance(event, Go):
                    self._spec = ChunkSpec(**event.spec)  # type: ignore[arg-type]
                    self._go.set()
                elif isinstance(event, Stop):
                    self._stop.set()


def _is_out_of_memory(error: Exception) -> bool:
    import torch

    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


if __name__ == "__main__":
    main()
