"""One worker of this machine: a pipe each way, and the run directory to read and stage in."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_rl.engines.work import turn_in, work

if TYPE_CHECKING:
    from arcade_rl.config import Resolved
    from arcade_rl.runs.directory import RunDirectory
    from arcade_rl.runs.events import Event
    from arcade_rl.training.chunk import Turn


def run_worker(run: Path, resolved: Resolved | None, events_fd: int, commands_fd: int) -> int:
    """Build everything, wait for the turn, and run the chunk. Returns the exit code of the process.

    `resolved` is the run's configuration where this process knows it already.
    """
    from arcade_rl.runs.events import encode

    def emit(event: Event) -> None:
        frame = memoryview(encode(event))
        while frame:
            frame = frame[os.write(events_fd, frame) :]

    def run_chunk_in_place() -> None:
        from arcade_rl.runs.directory import RunDirectory
        from arcade_rl.runs.experiment import resolve_saved
        from arcade_rl.training.chunk import run_chunk

        directory = RunDirectory(run)
        mailbox = Mailbox(directory, commands_fd)
        known = resolved or resolve_saved(directory)
        run_chunk(known, mailbox.wait_for_turn, emit, mailbox.stop_requested)

    return work(run_chunk_in_place, emit)


class Mailbox:
    """Receives what the supervisor sends."""

    def __init__(self, run: RunDirectory, commands_fd: int) -> None:
        self._run, self._commands = run, commands_fd
        self._go = threading.Event()
        self._stop = threading.Event()

    def wait_for_turn(self) -> Turn:
        """Begin to listen, and wait for the turn, whose files lie in the run directory."""
        threading.Thread(target=self._read, daemon=True).start()
        self._go.wait()
        spec, run = self._spec, self._run
        return turn_in(run, spec, run.staged(spec.chunk, spec.attempt))

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
