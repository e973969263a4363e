"""The workers of this machine: one server, and the processes that it forks."""

from __future__ import annotations

import time

from arcade_rl.engines.local.process import ForkServer, WorkerProcess
from arcade_rl.runs.directory import RunDirectory


class LocalWorkers:
    """Processes of this machine, which work in the run directory itself."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._server: ForkServer | None = None

    def start(self) -> WorkerProcess:
        """Begin a worker as the port says. A server that is gone is replaced by a new one."""
        if self._server is not None and self._server.is_gone:
            self.close()
        self._server = self._server or ForkServer(self._run)
        return WorkerProcess(self._server, self._run.logs / f"worker-{time.time_ns()}.log")

    def close(self) -> None:
        """End all workers as the port says, with the server."""
        if self._server is not None:
            self._server.close()
            self._server = None
