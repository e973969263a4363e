"""An engine whose workers share no folder with the run: bytes go there, and bytes come home.

Each worker is a process that was started anew, in a folder of its own. Configuration, specification and
checkpoints reach it through a connection, and what it staged comes back through the same.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import sys
import threading
import tomllib
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from arcade_rl.config import Resolved, Source, dump_toml, resolve
from arcade_rl.engines.failure import Failure, describe_end, kernel_oom_kills
from arcade_rl.engines.work import turn_in, work
from arcade_rl.errors import VerificationError
from arcade_rl.registry import load_game
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import Event, Failed, Finished, Go, Stop, decode, encode
from arcade_rl.runs.files import fsync
from arcade_rl.runs.plan import ChunkSpec
from arcade_rl.runs.rivals import place_of
from arcade_rl.training.chunk import Turn, run_chunk

ARRIVAL_S = 30.0
Files = dict[str, bytes]
"""Content by path, relative to the folder that travels."""


class ElsewhereWorkers:
    """Workers that live in `folder`, and are refused everything that lies in the run directory."""

    def __init__(self, run: RunDirectory, resolved: Resolved, folder: Path) -> None:
        self._run, self._folder = run, folder
        self._config = dump_toml(resolved.config)
        self.started: list[ElsewhereWorker] = []
        self.torn = ""
        """File of which the next arrival loses its last byte; "": none."""

    @property
    def training(self) -> ElsewhereWorker:
        """The worker that was told to go last."""
        return [worker for worker in self.started if worker.has_gone][-1]

    def start(self) -> ElsewhereWorker:
        folder = self._folder / f"worker-{len(self.started)}"
        folder.mkdir()
        worker = ElsewhereWorker(self, self._run, self._config, folder)
        self.started.append(worker)
        return worker

    def close(self) -> None:
        for worker in self.started:
            worker.end()

    def tear(self, files: Files) -> Files:
        """What arrives of what was sent."""
        torn, self.torn = self.torn, ""
        return {name: data[:-1] if name == torn else data for name, data in files.items()}


class ElsewhereWorker:
    """One process, and the connection to it."""

    def __init__(
        self, workers: ElsewhereWorkers, run: RunDirectory, config: str, folder: Path
    ) -> None:
        self._workers, self._run = workers, run
        self._log = folder / "log"
        self._connection, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(
            target=_live, args=(theirs, config, folder, run.path.absolute()), daemon=True
        )
        self.process.start()
        theirs.close()
        self._oom_kills = kernel_oom_kills()
        self._last_word: Finished | Failed | None = None
        self._files: Files | None = None
        self.has_gone = False

    has_begun = True

    @property
    def has_ended(self) -> bool:
        return self.process.exitcode is not None

    def send(self, event: Go | Stop) -> None:
        files: Files = {}
        if isinstance(event, Go):
            self.has_gone = True
            spec = ChunkSpec(**event.spec)  # type: ignore[arg-type]
            files = pack(self._run.path, what_travels(self._run, spec))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._connection.send((encode(event), files))

    def receive(self) -> Iterator[Event]:
        with contextlib.suppress(EOFError, ConnectionResetError):
            while self._connection.poll():
                message = self._connection.recv()
                if isinstance(message, dict):
                    self._files = message
                    continue
                event = decode(message[4:])
                if isinstance(event, Finished | Failed):
                    self._last_word = event
                yield event

    def wait(self, timeout_s: float) -> None:
        wait([self._connection, self.process.sentinel], timeout_s)

    def bring(self, staging: Path) -> None:
        if self._files is None and self._connection.poll(ARRIVAL_S):
            assert not list(self.receive())
        if self._files is None:
            raise VerificationError("the worker is gone, and what it staged is not here")
        unpack(self._workers.tear(self._files), staging)

    def end(self, patience_s: float = 0.0) -> Failure | None:
        self.process.join(patience_s)
        had_to_be_ended = self.process.exitcode is None
        if had_to_be_ended:
            self.process.kill()
            self.process.join()
        self._connection.close()
        code = self.process.exitcode
        assert code is not None
        if had_to_be_ended or (code == 0 and isinstance(self._last_word, Finished)):
            return None
        told = self._last_word if isinstance(self._last_word, Failed) else None
        return describe_end(code, told, self._oom_kills, self._log)

    def discard_log(self) -> None:
        self._log.unlink(missing_ok=True)


def what_travels(run: RunDirectory, spec: ChunkSpec) -> list[Path]:
    """The folders of a run that a chunk needs: checkpoints of the run, and those of other runs with their
    configurations."""
    chunks = {spec.parent, *spec.pool, *spec.seated} - {-1}
    rivals = {place_of(run, name).parent.parent for name in spec.rivals}
    return [*(run.checkpoint(chunk) for chunk in sorted(chunks)), *rivals]


def pack(root: Path, folders: Iterable[Path]) -> Files:
    """Every file of some folders below `root`, to be sent."""
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def unpack(files: Files, folder: Path) -> None:
    """Write what was sent, durably."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        fsync(path)
    for path in (folder, *folder.rglob("*")):
        fsync(path)


# The worker's side


def _live(connection: Connection, config: str, folder: Path, forbidden: Path) -> None:
    """The whole life of the process. It can open nothing below `forbidden`."""
    os.chdir(folder)
    with Path("log").open("wb") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    sys.addaudithook(lambda _, arguments: _refuse(arguments, str(forbidden)))
    turns = Turns(connection, folder)

    def emit(event: Event) -> None:
        connection.send(encode(event))

    def run() -> None:
        resolved = resolve([Source("what was sent", tomllib.loads(config))], load_game)
        run_chunk(resolved, turns.wait, emit, turns.stop_requested)
        connection.send(pack(folder / "staged", [folder / "staged"]))

    sys.exit(work(run, emit))


def _refuse(arguments: tuple[Any, ...], forbidden: str) -> None:
    if any(isinstance(it, str | Path) and str(it).startswith(forbidden) for it in arguments):
        raise PermissionError(f"{arguments} is nothing that a worker elsewhere could reach")


class Turns:
    """What is sent to the worker, taken in while it builds and trains."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self._connection, self._folder = connection, folder
        self._sent = queue.Queue[tuple[Go, Files]]()
        self._stop = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self) -> Turn:
        """The turn, once it was sent, with the checkpoints in a folder of this worker that is laid out as
        the run's."""
        event, files = self._sent.get()
        run, staging = RunDirectory(self._folder / "sent"), self._folder / "staged"
        run.path.mkdir()
        staging.mkdir()
        unpack(files, run.path)
        return turn_in(run, ChunkSpec(**event.spec), staging)  # type: ignore[arg-type]

    def stop_requested(self) -> bool:
        return self._stop.is_set()

    def _read(self) -> None:
        try:
            while True:
                frame, files = self._connection.recv()
                event = decode(frame[4:])
                if isinstance(event, Go):
                    self._sent.put((event, files))
                else:
                    self._stop.set()
        except EOFError:
            os._exit(1)  # nobody is left to work for
