"""The files of a run's feed, which show a training that runs to those who watch.

The supervisor appends frames and deletes old files, and never looks at who reads. A file begins
with an opening, a new file begins with each opening, and the newest two files are kept. A frame in
a file is a 4-byte big-endian length, a CRC-32 of the body, and the body.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from arcade_rl.errors import VerificationError
from arcade_rl.reading import listed, open_file
from arcade_rl.recording.format import MAX_FRAME_BYTES
from arcade_rl.runs.events import FeedFrame

MAGIC = b"arcade_rl feed 1\n"
KEPT_FILES = 2
HEADER_BYTES = 8
READ_BYTES = 4 << 20
"""Most bytes that are read at a time."""


def framed(body: bytes) -> bytes:
    """A frame with its length and its CRC-32 before it."""
    return struct.pack(">II", len(body), zlib.crc32(body)) + body


class FrameCutter:
    """Cuts a stream of bytes into the bodies of checked frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._before = 0
        """Bytes of the stream before those that wait here."""

    @property
    def rest(self) -> int:
        """Bytes of a frame that is not complete."""
        return len(self._bytes)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes, and yield the body of every frame that is complete. VerificationError for a
        frame that was changed; what follows is lost."""
        self._bytes += data
        while len(self._bytes) >= HEADER_BYTES:
            length, crc = struct.unpack_from(">II", self._bytes)
            end = HEADER_BYTES + length
            if length > MAX_FRAME_BYTES:
                raise VerificationError(f"a frame claims {length} bytes at byte {self._before}")
            if len(self._bytes) < end:
                return
            body = bytes(self._bytes[HEADER_BYTES:end])
            del self._bytes[:end]
            if zlib.crc32(body) != crc:
                raise VerificationError(f"a frame was changed at byte {self._before}")
            self._before += end
            yield body


class FeedWriter:
    """Appends the frames of a run's attempts. Only the supervisor, with the run's lock, writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: FileIO | None = None

    def write(self, frame: FeedFrame) -> None:
        """Append a frame; an opening begins a new file. After an OSError, frames are dropped up to
        the next opening."""
        try:
            if frame.opens:
                self._begin()
            if self._file is not None:
                _write_whole(self._file, framed(frame.body))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file. Frames are dropped up to the next opening."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _begin(self) -> None:
        self.close()
        files = _files(self._folder)
        self._file = FileIO(self._folder / _name(max(files, default=0) + 1), "xb")
        for _, path in sorted(files.items())[: 1 - KEPT_FILES]:
            path.unlink()
        _write_whole(self._file, MAGIC)


def _write_whole(file: FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


@dataclass(frozen=True, slots=True)
class Gap:
    """A place in a feed from which on frames were lost, up to the next opening."""

    fault: str
    """What is wrong."""


class FeedReader:
    """Reads the feed of a run while it is written, from its newest opening on. Never waits, and
    never holds the writer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        """Number of the file that is read; 0 before the first."""
        self._file: BinaryIO | None = None
        self._cutter = FrameCutter()
        self._has_begun = False
        """Whether the first bytes of this file were read."""
        self._is_damaged = False
        """Whether the rest of this file is lost."""

    def close(self) -> None:
        """Close the file that is read."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def poll(self) -> list[bytes | Gap]:
        """The bodies of the frames that have come since the last call."""
        found: list[bytes | Gap] = []
        if self._file is None and not self._open(newest=True):
            return found
        while True:
            has_later = self._next() is not None  # before reading: nothing is missed
            found += self._read()
            rest, where = self._cutter.rest, self._where
            if not has_later or not self._open():
                return found
            if rest:
                found.append(Gap(f"{where} ends within a frame"))

    @property
    def _where(self) -> Path:
        return self._folder / _name(self._number)

    def _open(self, newest: bool = False) -> bool:
        """Open the newest file, or the next one; False if there is none."""
        number = max(_files(self._folder), default=None) if newest else self._next()
        if number is None:
            return False
        try:
            file = open_file(self._folder / _name(number))
        except FileNotFoundError:  # the writer has just deleted the file
            return False
        self.close()
        self._file, self._number = file, number
        self._cutter, self._has_begun, self._is_damaged = FrameCutter(), False, False
        return True

    def _next(self) -> int | None:
        return min((n for n in _files(self._folder) if n > self._number), default=None)

    def _read(self) -> Iterator[bytes | Gap]:
        """What is new in this file."""
        assert self._file is not None, "a file is open"
        try:
            if not self._is_damaged and self._begins():
                while data := self._file.read(READ_BYTES):
                    yield from self._cutter.feed(data)
        except VerificationError as error:
            self._is_damaged = True
            self._cutter = FrameCutter()
            yield Gap(f"{self._where}: {error}")

    def _begins(self) -> bool:
        """Whether the beginning of the file is written. VerificationError if the file is no
        feed."""
        assert self._file is not None, "a file is open"
        if not self._has_begun:
            self._file.seek(0)
            found = self._file.read(len(MAGIC))
            if not MAGIC.startswith(found):
                raise VerificationError("not a feed of a known version")
            self._has_begun = found == MAGIC
        return self._has_begun


def _files(folder: Path) -> dict[int, Path]:
    """The files of a feed by their numbers; none where the folder is gone."""
    with contextlib.suppress(NotADirectoryError):
        paths = listed(folder, "*.feed")
        return {int(path.stem): path for path in paths if path.stem.isdecimal()}
    return {}


def _name(number: int) -> str:
    return f"{number:06d}.feed"
