"""A feed over a connection: what `arcade-rl feed` writes to stdout, and what reads it elsewhere.

A stream is a line that names its version, and frames as in the files of a feed. A frame holds a
msgpack array of a kind and values; see docs/recording-format.md. Nothing listens: whoever watches
starts the command on the other machine, by ssh for instance.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgpack

from arcade_rl.errors import MissingError, VerificationError
from arcade_rl.reading import read_file
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import LONGEST_NAME, RunDirectory
from arcade_rl.runs.feed import FrameCutter, Gap, framed
from arcade_rl.runs.watched import LocalFeed, WatchedState

MAGIC = b"arcade_rl relay 1\n"
HEARTBEAT_S = 2.0
"""Time after which the state of the run is sent again, so that a broken connection is noticed."""
PIECE_BYTES = 8 << 20
"""Most bytes of a file in one frame."""
CONNECT_TIMEOUT_S = 60.0

Write = Callable[[bytes], None]


def message(kind: str, *values: Any) -> bytes:
    """The frame of a message."""
    return framed(msgpack.packb([kind, *values]))


class Relay:
    """Writes the feed of a run to a stream."""

    def __init__(self, feed: LocalFeed, write: Write) -> None:
        self._feed, self._write = feed, write
        self._state: WatchedState | None = None
        self._told_s = 0.0
        run = feed.run
        write(MAGIC + message("run", run.name, read_file(run.config), read_file(run.identity_file)))

    def step(self) -> WatchedState:
        """Write what is new, and return what the run does now."""
        frames = self._feed.poll()
        state = self._feed.state()
        for frame in frames:
            if isinstance(frame, Gap):
                self._write(message("gap", frame.fault))
            else:
                self._write(message("frame", frame))
        now = time.monotonic()
        if state != self._state or now - self._told_s >= HEARTBEAT_S:
            self._state, self._told_s = state, now
            self._write(message("state", state.state, state.reason))
        return state


def send_checkpoint(run: RunDirectory, chunk: int, write: Write) -> None:
    """Write the files of a checkpoint to a stream. MissingError if the run does not keep it,
    VerificationError if it is damaged."""
    directory = run.checkpoint(chunk)
    if not directory.is_dir():
        kept = ", ".join(str(number) for number, _ in checkpoints.stored(run.checkpoints))
        raise MissingError(f"{run.name} has no checkpoint {chunk}; it keeps {kept or 'none'}")
    with checkpoints.unless_gone(directory):
        checkpoints.verify(directory)
        write(MAGIC)
        for path in sorted(directory.iterdir()):
            content = memoryview(read_file(path))
            for start in range(0, max(len(content), 1), PIECE_BYTES):
                write(message("file", path.name, bytes(content[start : start + PIECE_BYTES])))
    write(message("end", chunk))


class RelayedFeed:
    """The feed of a run elsewhere, which a command writes to its stdout. Close the feed after use:
    that ends the command."""

    def __init__(
        self, command: Sequence[str], folder: Path, timeout_s: float = CONNECT_TIMEOUT_S
    ) -> None:
        """`command`: whatever runs `arcade-rl feed RUN` where the run is; options are added to it.
        `folder`: an empty folder for what is brought here. MissingError if the command ends before
        the run has told its name, or says nothing for so many seconds; VerificationError if it says
        something else."""
        self._command, self._folder = list(command), folder
        self._frames: list[bytes | Gap] = []
        self._state = WatchedState("created", "")
        self._run: RunDirectory | None = None
        self._messages = _Messages()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        try:
            self._process = subprocess.Popen(
                [*command, "--follow"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
            )
        except OSError:
            self._errors.close()
            raise
        try:
            self._begin(timeout_s)
        except BaseException:
            self.close()
            raise

    @property
    def run(self) -> RunDirectory:
        assert self._run is not None, "the run has told its name"
        return self._run

    def poll(self) -> list[bytes | Gap]:
        if not self._read() and self._state.state != "deleted":
            self._state = WatchedState("lost", self._last_words())
        frames, self._frames = self._frames, []
        return frames

    def state(self) -> WatchedState:
        return self._state

    def fetch(self, chunk: int) -> None:
        target = self.run.checkpoint(chunk)
        if target.is_dir():
            return
        done = subprocess.run(
            [*self._command, "--checkpoint", str(chunk)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise MissingError(f"checkpoint {chunk} does not come: {(said or ['no word'])[-1]}")
        staged = self.run.staged(chunk, 1)
        shutil.rmtree(staged, ignore_errors=True)
        _unpack_checkpoint(done.stdout, staged, chunk)
        checkpoints.commit(staged, target)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _begin(self, timeout_s: float) -> None:
        """Wait until the run has told its name."""
        assert self._process.stdout is not None, "stdout is a pipe"
        os.set_blocking(self._process.stdout.fileno(), False)
        until = time.monotonic() + timeout_s
        while self._run is None:
            if not self._read():
                raise MissingError(f"nothing can be watched there: {self._last_words()}")
            if time.monotonic() > until:
                raise MissingError(
                    f"{' '.join(self._command)} has said nothing for {timeout_s:g} s"
                )
            time.sleep(0.02)

    def _read(self) -> bool:
        """Take in what has arrived. False once the stream has ended."""
        assert self._process.stdout is not None, "stdout is a pipe"
        while True:
            try:
                data = os.read(self._process.stdout.fileno(), 1 << 20)
            except BlockingIOError:
                return True
            if not data:
                return False
            for kind, values in self._messages.feed(data):
                self._hear(kind, values)

    def _hear(self, kind: str, values: list[Any]) -> None:
        match kind, values:
            case "run", [str(name), bytes(config), bytes(identity)] if self._run is None:
                self._run = self._folder_of(name, config, identity)
            case "frame", [bytes(body)]:
                self._frames.append(body)
            case "gap", [str(fault)]:
                self._frames.append(Gap(fault))
            case "state", [str(state), str(reason)]:
                self._state = WatchedState(state, reason)
            case _:
                raise VerificationError(f"a message {kind!r:.40} of {len(values)} values")

    def _folder_of(self, name: str, config: bytes, identity: bytes) -> RunDirectory:
        run = RunDirectory(self._folder / _plain_name(name))
        run.create(config)
        run.identity_file.write_bytes(identity)
        return run

    def _last_words(self) -> str:
        """The last line that the command wrote to stderr."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "the connection has ended"


class _Messages:
    """Cuts a stream into messages."""

    def __init__(self) -> None:
        self._head = b""
        self._cutter = FrameCutter()

    def feed(self, data: bytes) -> Iterator[tuple[str, list[Any]]]:
        """Add bytes, and yield every message that is complete. VerificationError for anything
        else."""
        if len(self._head) < len(MAGIC):
            missing = len(MAGIC) - len(self._head)
            self._head, data = self._head + data[:missing], data[missing:]
            if not MAGIC.startswith(self._head):
                raise VerificationError(
                    f"the other side says {self._head!r}; expected the feed of a run, of this "
                    "arcade-rl's version: install the same one on both sides"
                )
        for body in self._cutter.feed(data):
            try:
                kind, *values = msgpack.unpackb(body)
            except (ValueError, TypeError, msgpack.UnpackException) as error:
                raise VerificationError(f"a frame that is no message: {error}") from error
            yield str(kind), values


def _unpack_checkpoint(stream: bytes, staged: Path, chunk: int) -> None:
    """Write the files of a checkpoint into the folder `staged`, and verify them."""
    staged.mkdir(parents=True)
    kind = ""
    for kind, values in _Messages().feed(stream):
        match kind, values:
            case "file", [str(name), bytes(piece)]:
                with (staged / _plain_name(name)).open("ab") as file:
                    file.write(piece)
            case "end", [int(found)] if found == chunk:
                break
            case _:
                raise VerificationError(f"a message {kind!r:.40} instead of checkpoint {chunk}")
    if kind != "end" or checkpoints.verify(staged) != chunk:
        raise VerificationError(f"checkpoint {chunk} did not arrive whole")


def _plain_name(name: str) -> str:
    """The name, if it is that of a file or a folder and leads nowhere else."""
    is_long = len(name.encode()) > LONGEST_NAME
    if name != os.path.basename(name) or name.startswith(".") or is_long or not name:
        raise VerificationError(f"{name!r:.80} is not the name of a file")
    return name
