"""Processes that need not import: they are forks of one process that has.

The program starts fork servers, and processes of environments, episodes, ensembles and checks. Each would need up to
two seconds of a core to import, and tests start hundreds. A fork is to its parent what a process of the interpreter
would be: its child, with the descriptors, variables, folder, path and command line that the parent gave. `Command`
starts commands such as `arcade-rl` as forks too. What `subprocess.Popen` starts imports for itself, and so do the
programs that it starts.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

MODULES = (
    "arcade_rl.engines.local.forkserver",
    "arcade_rl.envs.conformance",
    "arcade_rl.envs.shard",
)
"""Programs that begin as `python -m`."""
LINES = tuple(
    f"from arcade_rl.playback.{module} import main; main()"
    for module in ("game_hosting", "ensemble_process")
)
"""Programs that begin as `python -c`."""
IMPORTED = (
    "arcade_rl.training.chunk",
    "arcade_rl.training.learner",
    "arcade_rl.envs.conformance",
    "arcade_rl.playback.ensemble_process",
    "arcade_rl.playback.game_hosting",
)
"""What these programs import, but for themselves."""
POPEN = subprocess.Popen
PR_SET_CHILD_SUBREAPER = 36
"""Option of `prctl` that makes a process the parent of what its children leave; from Linux's `sys/prctl.h`."""
REQUEST_BYTES = 1 << 17
"""Size of the longest request, whose variables are most of it."""
FIRST_PARKED = 500
"""Least number of the descriptors of a request until each gets the number that it has in the parent."""
ROOM = "-" * 4096
"""A word that makes room for a command line."""


class Prepared:
    """The process that has imported, as those have it who ask for forks."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._one_at_a_time = threading.Lock()

    def fork(self, request: dict[str, Any], descriptors: Sequence[int]) -> int:
        """Process id of the fork, a child of this process."""
        with self._one_at_a_time, adopting():
            socket.send_fds(self._connection, [json.dumps(request).encode()], descriptors)
            return int(self._connection.recv(64))


sources: list[Prepared] = []
"""The process that has imported for this one, if there is one."""


class Popen(POPEN):  # type: ignore[type-arg]
    """Starts the programs of this module as forks, and all others as usual."""

    def _execute_child(self, args: Any, *given: Any) -> None:
        if is_program(args):
            self._fork(args, *given)
        else:
            super()._execute_child(args, *given)  # type: ignore[misc]

    def _fork(
        self, args: Sequence[str], executable: Any, preexec: Any, close: Any, passed: Sequence[int],
        folder: Any, variables: Any, startup: Any, flags: Any, shell: Any, *rest: Any,
    ) -> None:  # fmt: skip
        pipes, (_, _, _, _, _, leads, _) = rest[:6], rest[6:]
        request = {
            "parent": os.getpid(),
            "words": [str(word) for word in args],
            "folder": os.fspath(folder or os.getcwd()),
            "variables": dict(os.environ if variables is None else variables),
            "leads": leads,
            "passed": list(passed),
            "starts_programs": isinstance(self, Command),
        }
        streams = (pipes[0], pipes[3], pipes[5])  # what the child reads, writes, and complains to
        standard = [number if it == -1 else it for number, it in enumerate(streams)]
        self.pid = sources[0].fork(request, [*standard, *passed])
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


class Command(Popen):
    """Starts a command as a fork, whatever the command is, and lets it start the programs of this module
    as forks."""

    def _execute_child(self, args: Any, *given: Any) -> None:
        if sources:
            self._fork(args, *given)
        else:
            super()._execute_child(args, *given)


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Let this process start its programs so."""
    ours, theirs = pair()
    with theirs:
        words = [sys.executable, __file__, str(theirs.fileno()), ROOM]
        process = POPEN(words, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    with ours, pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", Popen)
        sources.append(Prepared(ours))
        yield
        sources.clear()
    process.wait()


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection for requests."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def is_program(words: object) -> bool:
    """Whether these words start a program of this module."""
    match words:
        case [sys.executable, "-m", name, *_]:
            return bool(sources) and name in MODULES
        case [sys.executable, "-c", line, *_]:
            return bool(sources) and line in LINES
    return False


@contextlib.contextmanager
def adopting() -> Iterator[None]:
    """Let this process be the parent of what its children leave."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0)


def main() -> None:
    """Import when the first fork is asked for, and be the forks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection, before = socket.socket(fileno=int(sys.argv[1])), path_of_variables()
    if not connection.recv(1, socket.MSG_PEEK):
        return
    for module in IMPORTED:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    serve(connection, before)


def serve(connection: socket.socket, before: Sequence[str]) -> None:
    """Fork for each request until the connection ends. Returns in the forks too, when they are done."""
    while True:
        data, descriptors, _, _ = socket.recv_fds(connection, REQUEST_BYTES, 16)
        if not data:
            return
        between = os.fork()
        if not between:
            if os.fork():
                os._exit(0)
            be(json.loads(data), connection, before, descriptors)
            return
        os.waitpid(between, 0)
        for descriptor in descriptors:
            os.close(descriptor)


def be(
    request: dict[str, Any],
    connection: socket.socket,
    before: Sequence[str],
    descriptors: Sequence[int],
) -> None:
    """Be what a request asks for."""
    while os.getppid() != request["parent"]:
        time.sleep(0.001)
    asked = fcntl.fcntl(connection.detach(), fcntl.F_DUPFD, FIRST_PARKED)
    take_over(request, before, descriptors, asked)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request["starts_programs"] and not prepare():
        return
    os.write(asked, str(os.getpid()).encode())
    os.close(asked)
    run(request["words"])


def prepare() -> bool:
    """Let this process start its programs as forks of another one, which this function forks. Returns False
    in forks, when they are done."""
    ours, theirs = pair()
    if not os.fork():
        ours.close()
        os.setsid()  # what the terminal sends to those who ask is not for this process
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        serve(theirs, path_of_variables())
        return False
    theirs.close()
    sources.append(Prepared(ours))
    subprocess.Popen = Popen  # type: ignore[misc]
    return True


def path_of_variables() -> list[str]:
    return [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]


def take_over(
    request: dict[str, Any], before: Sequence[str], descriptors: Sequence[int], asked: int
) -> None:
    """Take over what the parent gave; `before` are folders that PYTHONPATH named until now."""
    parked = [fcntl.fcntl(number, fcntl.F_DUPFD, asked + 1) for number in descriptors]
    os.closerange(0, asked)
    for number, target in zip(parked, [0, 1, 2, *request["passed"]], strict=True):
        os.dup2(number, target)
        os.close(number)
    if request["leads"]:
        os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["variables"])
    others = [folder for folder in sys.path[1:] if folder not in before]
    sys.path[:] = [os.getcwd(), *path_of_variables(), *others]
    importlib.invalidate_caches()
    name_process(request["words"])


def name_process(words: Sequence[str]) -> None:
    """Write a command line over that of this process: those who look for the processes of a run read it."""
    fields = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
    begin, end = int(fields[45]), int(fields[46])  # arg_start and arg_end
    line = b"".join(word.encode() + b"\0" for word in words)
    assert len(line) <= end - begin
    ctypes.memmove(begin, line.ljust(end - begin, b"\0"), end - begin)


def run(words: Sequence[str]) -> None:
    """Run a program as the interpreter does."""
    _, option, program, *arguments = words
    if option == "-m":
        sys.argv = [program, *arguments]
        if not hasattr(sys.modules.get(program), "__path__"):
            sys.modules.pop(program, None)  # another module may have imported it
        runpy._run_module_as_main(program)  # type: ignore[attr-defined]
    else:
        sys.argv, sys.path[0] = ["-c", *arguments], ""
        exec(program, {"__name__": "__main__"})


if __name__ == "__main__":
    main()
