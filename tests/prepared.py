"""Processes that need not import: a process of the tests has imported, and those that do the work are its forks.

The program starts fork servers, and processes of environments, episodes and ensembles. To import takes each of them
one to two seconds of a core, and tests start hundreds. A fork is to its parent what the process of an interpreter would
be: its child, with the descriptors, variables, folder, path and command line that the parent gave. What is started as
`arcade-rl` starts such programs by itself, and they import.
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
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

MODULES = ("arcade_rl.engines.local.forkserver", "arcade_rl.envs.shard")
"""Programs that begin as `python -m`."""
LINES = tuple(
    f"from arcade_rl.playback.{module} import main; main()"
    for module in ("game_hosting", "ensemble_process")
)
"""Programs that begin as `python -c`."""
IMPORTED = (
    "arcade_rl.training.chunk",
    "arcade_rl.training.learner",
    "arcade_rl.playback.ensemble_process",
    "arcade_rl.playback.game_hosting",
)
"""What these programs import, but for themselves."""
POPEN = subprocess.Popen
PR_SET_CHILD_SUBREAPER = 36
"""Option of `prctl` that makes a process the parent of what its children leave; from Linux's `sys/prctl.h`."""
REQUEST_BYTES = 1 << 17
FIRST_PARKED = 500
"""Least number of the descriptors of a request until each gets the number that it has in the parent."""
COMMAND_LINE = "-" * 4096
"""Room for a command line."""


class Prepared:
    """The process that has imported, which begins when the first fork is asked for."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None

    def start(self, words: Sequence[str], given: dict[str, Any]) -> Begun:
        """Start a program, with what `subprocess.Popen` is given."""
        if self._process is None:
            self._connection, self._process = self._import()
        assert self._connection is not None
        request = {
            "parent": os.getpid(),
            "words": words,
            "folder": os.getcwd(),
            "variables": dict(given.get("env") or os.environ),
            "leads": given.get("start_new_session", False),
            "passed": list(given.get("pass_fds", ())),
        }
        with streams(given) as standard, adopting():
            descriptors = [*standard, *request["passed"]]
            socket.send_fds(self._connection, [json.dumps(request).encode()], descriptors)
            return Begun(int(self._connection.recv(64)), words)

    def close(self) -> None:
        if self._process is not None and self._connection is not None:
            self._connection.close()
            self._process.wait()

    def _import(self) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            words = [sys.executable, __file__, str(theirs.fileno()), COMMAND_LINE]
            return ours, POPEN(words, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])


class Begun:
    """A fork, with what is used of `subprocess.Popen`."""

    def __init__(self, pid: int, words: Sequence[str]) -> None:
        self.pid, self.args = pid, words
        self.returncode: int | None = None
        self._end = os.pidfd_open(pid)

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._end], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self._end)
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Let this process start its programs so."""
    source = Prepared()

    class Popen(POPEN):  # type: ignore[type-arg]
        def __new__(cls, args: Sequence[str], *rest: object, **given: Any) -> Any:
            if not rest and is_program(args):
                return source.start(args, given)
            return super().__new__(cls)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", Popen)
        yield
    source.close()


def is_program(words: object) -> bool:
    """Whether these words start a program of this module."""
    match words:
        case [sys.executable, "-m", name, *_]:
            return name in MODULES
        case [sys.executable, "-c", line, *_]:
            return line in LINES
    return False


@contextlib.contextmanager
def streams(given: dict[str, Any]) -> Iterator[list[int]]:
    """Descriptors for stdin, stdout and stderr, as `Popen` takes them: numbers, files, or constants."""
    with Path(os.devnull).open("r+b") as nothing:
        found: list[int] = []
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            stream = given.get(name)
            if stream is None:
                found.append(number)
            elif stream == subprocess.DEVNULL:
                found.append(nothing.fileno())
            elif stream == subprocess.STDOUT:
                found.append(found[1])
            else:
                found.append(stream if isinstance(stream, int) else stream.fileno())
        assert subprocess.PIPE not in found
        yield found


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
    """Import, and fork for each request until the connection ends."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    before = path_of_variables()
    for module in IMPORTED:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    while True:
        data, descriptors, _, _ = socket.recv_fds(connection, REQUEST_BYTES, 16)
        if not data:
            return
        between = os.fork()
        if not between:
            if os.fork():
                os._exit(0)
            break
        os.waitpid(between, 0)
        for descriptor in descriptors:
            os.close(descriptor)
    request = json.loads(data)
    while os.getppid() != request["parent"]:
        time.sleep(0.001)
    asked = fcntl.fcntl(connection.detach(), fcntl.F_DUPFD, FIRST_PARKED)
    take_over(request, before, descriptors, asked)
    os.write(asked, str(os.getpid()).encode())
    os.close(asked)
    run(request["words"])


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
        runpy._run_module_as_main(program)  # type: ignore[attr-defined]
    else:
        sys.argv = ["-c", *arguments]
        exec(program, {"__name__": "__main__"})


if __name__ == "__main__":
    main()
