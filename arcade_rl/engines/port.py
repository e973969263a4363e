"""What a supervisor asks of an engine: workers that run chunks, on this machine or another one.

An engine makes a `Workers`. Each of its workers calls `training.chunk.run_chunk` for one attempt, with
a folder for the files of checkpoints and a folder to stage into, both wherever the worker is. The
engine alone knows where files lie and how they travel: a specification names no path.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from arcade_rl.engines.failure import Failure
from arcade_rl.runs.events import Event, Go, Stop


class Worker(Protocol):
    """Runs one attempt at a chunk, and then ends."""

    @property
    def has_begun(self) -> bool:
        """Whether the worker exists. A failure before that says nothing about the checkpoint."""

    @property
    def has_ended(self) -> bool:
        """Whether the worker is gone. What the worker said before its end can still be received."""

    def send(self, event: Go | Stop) -> None:
        """Send an event to the worker. A worker that is gone does not receive it, which is no error
        here.

        With `Go` the worker is given the files of the checkpoints that the specification names: the
        one that the chunk starts from, and those that sit opposite.
        """

    def receive(self) -> Iterator[Event]:
        """Events that have arrived, in their order. Never waits."""

    def wait(self, timeout_s: float) -> None:
        """Wait at most this long until there is something to receive or the worker has ended."""

    def bring(self, staging: Path) -> None:
        """Put what the attempt staged into the folder `staging`, durably, under the names of
        `runs.plan`.

        Called once the worker has said that it finished. VerificationError if a file did not arrive
        whole, OSError if the system does not let a file be written.
        """

    def end(self, patience_s: float = 0.0) -> Failure | None:
        """Wait up to `patience_s` for the worker to end by itself, kill it if it has not, and free
        what was held for it.

        Returns why its chunk is not done; None where the worker has finished, or had to be killed.
        A second call changes nothing.
        """

    def discard_log(self) -> None:
        """Delete what an ended worker has printed, because nothing went wrong."""


class Workers(Protocol):
    """All workers of one supervision."""

    def start(self) -> Worker:
        """Begin a worker, which builds everything, says `Ready` and waits for `Go`. Returns at once."""

    def close(self) -> None:
        """End all workers and give back what they share, such as memory. `start` may follow."""
