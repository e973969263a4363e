"""The process that forks the workers of one supervision. No worker outlives this process.

    python -m arcade_rl.engines.local.forkserver RUN SOCKET_FD SUPERVISOR_PID

On Linux the server first imports what every worker needs, the game's plugin, and the modules that
the game says take long, and resolves the run's configuration. So a worker begins at once, and the
cores stay with the worker that trains. The server calls nothing of the game but `declare`, so that a
fork copies no thread in the middle of something. When the supervisor is gone, which the socket
tells, the server kills all workers with their children, whatever they are doing. While the server
imports it does not look at the socket, and is itself killed with the supervisor.

The supervisor sends one byte with three descriptors: the worker's events, its commands, its log.
The server answers in lines: `started PID`, and later `ended PID CODE`, where CODE is an exit code
or minus a signal.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from arcade_rl.engines.local.worker import run_worker
from arcade_rl.envs.parent import die_with, outlive_parent

if TYPE_CHECKING:
    from arcade_rl.config import Resolved

DESCRIPTORS = 3
"""Number of descriptors that come with a request."""


def main() -> None:
    die_with(int(sys.argv[3]))
    run, connection = Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides what Ctrl-C means
    # System libraries of macOS do not survive a fork: each worker imports and resolves for itself there.
    resolved = _import_early(run) if sys.platform == "linux" else None
    outlive_parent()  # the socket tells now, and no worker is left behind
    Server(run, resolved, connection).serve()


def _import_early(run: Path) -> Resolved | None:
    """Import what every worker needs, and return the run's configuration, for all workers.

    What cannot be imported or resolved is written to the log: the worker meets the same error and
    reports it.
    """
    gc.disable()  # nothing that is imported becomes garbage, and looking for it takes a sixth of the time
    resolved = _resolve(run)
    declared = resolved.declaration.imports if resolved else ()
    for module in ("arcade_rl.training.chunk", "arcade_rl.training.learner", *declared):
        with _logged():
            import_module(module)
    gc.collect()
    gc.freeze()  # the workers' collections leave these pages alone: they stay shared
    gc.enable()
    return resolved


def _resolve(run: Path) -> Resolved | None:
    """The run's configuration; None where it does not resolve."""
    from arcade_rl.runs.directory import RunDirectory
    from arcade_rl.runs.experiment import resolve_saved

    with _logged():
        return resolve_saved(RunDirectory(run))
    return None


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    """Write any error within the block to this process's log, and go on."""
    try:
        yield
    except (Exception, SystemExit):  # noqa: BLE001 - whatever a plugin raises is told by the worker
        traceback.print_exc()


class Server:
    """The loop that begins workers and notices their ends. Every worker leads a process group of
    its own."""

    def __init__(self, run: Path, resolved: Resolved | None, connection: socket.socket) -> None:
        self._run, self._resolved, self._connection = run, resolved, connection
        self._workers: set[int] = set()
        self._wake, wake_write = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Serve requests until the supervisor is gone, then kill all workers."""
        requests = self._connection.fileno()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while True:
                ready, _, _ = select.select([requests, self._wake], [], [])
                if self._wake in ready:
                    os.read(self._wake, 512)
                    self._reap()
                if requests in ready:
                    request, descriptors, _, _ = socket.recv_fds(self._connection, 1, DESCRIPTORS)
                    if not request:
                        break
                    self._start(descriptors)
        for worker in self._workers:
            _kill_group(worker)

    def _start(self, descriptors: list[int]) -> None:
        server = os.getpid()
        worker = os.fork()
        if not worker:
            self._be_worker(server, *descriptors)
        os.setpgid(worker, worker)  # both processes do: neither goes on without the group
        self._workers.add(worker)
        for descriptor in descriptors:
            os.close(descriptor)
        self._say(f"started {worker}")

    def _be_worker(self, server: int, events: int, commands: int, log: int) -> NoReturn:
        code = 1
        try:
            os.setpgid(0, 0)
            die_with(server)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._connection.close()
            os.dup2(log, sys.stdout.fileno())
            os.dup2(log, sys.stderr.fileno())
            os.close(log)
            code = run_worker(self._run, self._resolved, events, commands)
        except SystemExit:  # a game has called sys.exit: the log says where
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)  # nothing is left to tear down: everything was written and closed

    def _reap(self) -> None:
        for worker in sorted(self._workers):
            ended, status = os.waitpid(worker, os.WNOHANG)
            if ended:
                self._workers.remove(worker)
                _kill_group(worker)  # kills the children that the worker left
                self._say(f"ended {worker} {os.waitstatus_to_exitcode(status)}")

    def _say(self, line: str) -> None:
        self._connection.sendall(f"{line}\n".encode())


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # nobody of the group is left
        os.killpg(leader, signal.SIGKILL)


if __name__ == "__main__":
    main()
