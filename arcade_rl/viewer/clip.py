"""Clips: from one key press to the next, written by the exporter in a process of its own."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ClipOrder:
    """What a clip is to show."""

    reference: str
    """The episode, as the command line names it."""
    start: int
    """Steps before the first that is shown."""
    end: int
    """Steps up to the last that is shown."""
    out: Path
    detail: str
    theme: str
    signs: str
    camera: str | None
    """Name of the camera; None for the game's first."""


class ClipJob:
    """A clip that is being written."""

    def __init__(self, order: ClipOrder, command: Sequence[str]) -> None:
        self.order = order
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed when the job is over
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )

    def result(self) -> str | None:
        """What became of the clip, once the job is over: its file, or the error in one line; None
        until then."""
        code = self._process.poll()
        if code is None:
            return None
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        self._log.close()
        if code == 0:
            return f"clip: {self.order.out}"
        return f"no clip: {lines[-1] if lines else f'exit code {code}'}"

    def wait(self) -> str:
        """Wait until the job is over; returns its result."""
        self._process.wait()
        return self.result() or ""
