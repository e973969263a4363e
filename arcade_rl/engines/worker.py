"""One chunk in a process of its own: build everything, wait for the turn, train, tell."""

from __future__ import annotations

import errno
import os
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arcade_rl.runs.plan import ChunkSpec
    from arcade_rl.training.chunk import Emit

RESERVE_BYTES = 8 << 20
"""Address space given back before an exception is told: telling it allocates, and it may say that
there is no memory left."""


def work(run: Path, events_fd: int, commands_fd: int) -> int:
    """Build, wait for the turn, run the chunk, with a pipe each way. Returns the exit code."""
    from arcade_rl.errors import (
        ArcadeError,
        ContractError,
        DivergenceError,
        MissingError,
        RunFailed,
        UsageError,
    )
    from arcade_rl.runs.events import Event, Failed, encode

    def emit(event: Event) -> None:
        frame = memoryview(encode(event))
        while frame:
            frame = frame[os.write(events_fd, frame) :]

    reserve = bytearray(RESERVE_BYTES)
    try:
        _run_chunk(run, emit, commands_fd)
    except ArcadeError as error:
        hopeless = isinstance(
            error, UsageError | MissingError | RunFailed | DivergenceError | ContractError
        )
        kind = "final" if hopeless else "error"
        emit(Failed(kind, str(error), error.exit_code))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is told to the supervisor
        reserve.clear()
        traceback.print_exc()
        kind = "system" if isinstance(error, OSError) else "error"
        kind = "out of memory" if _is_out_of_memory(error) else kind
        first_line = (str(error).splitlines() or [""])[0]
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f" ({Path(place.filename).name}:{place.lineno})"
        emit(Failed(kind, f"{type(error).__name__}: {first_line}{where}", 1))
        return 1
    return 0


def _run_chunk(run: Path, emit: Emit, commands_fd: int) -> None:
    from arcade_rl.runs.directory import RunDirectory
    from arcade_rl.runs.events import Finished, Ready
    from arcade_rl.runs.experiment import resolve_saved
    from arcade_rl.training.chunk import Chunk
    from arcade_rl.training.learner import open_learner

    learner = open_learner(resolve_saved(RunDirectory(run)))
    mailbox = Mailbox(commands_fd)
    emit(Ready())
    spec = mailbox.wait()
    last_update = Chunk(learner, spec, emit).run(mailbox.stop_requested)
    learner.close()
    emit(Finished(last_update))


class Mailbox:
    """What the supervisor sends."""

    def __init__(self, commands_fd: int) -> None:
        self._commands = commands_fd
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
        from arcade_rl.runs.plan import ChunkSpec

        frames = FrameBuffer()
        while data := os.read(self._commands, 65536):
            for event in frames.feed(data):
                if isinstance(event, Go):
                    self._spec = ChunkSpec(**event.spec)  # type: ignore[arg-type]
                    self._go.set()
                elif isinstance(event, Stop):
                    self._stop.set()


_OUT_OF_MEMORY = ("can't allocate memory", "failed to map segment", "bad_alloc")
"""What torch and the loader of libraries say."""


def _is_out_of_memory(error: Exception) -> bool:
    """Without an import: for that there may be no memory either."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or any(words in str(error) for words in _OUT_OF_MEMORY)
    )
