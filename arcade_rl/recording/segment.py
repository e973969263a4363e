"""All recorded episodes of a chunk in one file.

    magic
    frames   each: length and CRC-32 of the frame, 8 bytes, then the frame (see `format`)
    index    a frame too: an LZ4 frame around a msgpack map of totals and one row per episode
    trailer  where the index begins, 8 bytes, and "END\\n"

The index says what is in the file without reading it. A file that was torn before its index is read
from the front, up to the first frame that is not whole, and `Segment.damage` says so.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import lz4.frame
import msgpack
import numpy as np

from arcade_rl.errors import VerificationError
from arcade_rl.reading import naming, open_file
from arcade_rl.recording.columns import (
    expect_few,
    pack_digits,
    pack_varints,
    unpack_digits,
    unpack_varints,
)
from arcade_rl.recording.fields import take
from arcade_rl.recording.format import MAX_FRAME_BYTES, decode, decompressed, unpacked
from arcade_rl.recording.recording import Recording

MAGIC = b"arcade_rl episodes 1\n"
_END = b"END\n"
_HEAD = struct.Struct("<II")
HEAD_BYTES = _HEAD.size
"""Bytes of length and CRC-32 before each frame."""
_TRAILER = struct.Struct("<Q4s")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an episode lies in a segment."""

    number: int
    """Number of the episode in its run."""
    offset: int
    """Where its frame begins, after length and CRC, bytes."""
    length: int
    """Length of the frame, bytes."""
    reasons: list[str]
    """Names of the criteria that the episode was kept for."""


class SegmentWriter:
    """Writes a segment from front to end. OSError if the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)
        self._end = 0
        self.entries: list[Entry] = []
        try:
            self._write(MAGIC)
        except OSError:
            self.abandon()
            raise

    def append(self, number: int, reasons: list[str], frame: bytes) -> None:
        """Add an episode. After an OSError the file is as it was before."""
        start = self._end
        self._write(_HEAD.pack(len(frame), zlib.crc32(frame)) + frame)
        self.entries.append(Entry(number, start + _HEAD.size, len(frame), reasons))

    def close(self, may_drop: bool = False) -> None:
        """Write the index and make everything durable. With `may_drop`, a full disk costs the last
        episodes: they are cut off until the index has room."""
        while True:
            try:
                self._write_index()
                break
            except OSError:
                if not (may_drop and self.entries):
                    raise
                self._drop_last()
        self._file.truncate(self._end)
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Close the file as it is, without an index unless `close` has written one."""
        self._file.close()

    def _write_index(self) -> None:
        start, packed = self._end, _pack_index(self.entries)
        trailer = _TRAILER.pack(start, _END)
        self._write(_HEAD.pack(len(packed), zlib.crc32(packed)) + packed + trailer)

    def _drop_last(self) -> None:
        self._end = self.entries.pop().offset - _HEAD.size
        self._free()

    def _write(self, data: bytes) -> None:
        done = 0
        try:
            while done < len(data):
                rest = memoryview(data)[done:]
                done += os.pwrite(self._file.fileno(), rest, self._end + done)
        except OSError:
            self._free()
            raise
        self._end += len(data)

    def _free(self) -> None:
        """Give back the space behind the end. If that fails, later frames are written over the
        rest, and `close` cuts off what remains."""
        with contextlib.suppress(OSError):
            self._file.truncate(self._end)


def frames_end(path: Path) -> int:
    """Where the last episode of a segment ends, as its trailer says. VerificationError if the
    segment was torn and has no trailer."""
    size = path.stat().st_size
    with naming(path), open_file(path) as file:
        file.seek(max(0, size - _TRAILER.size))
        trailer = file.read(_TRAILER.size)
    if len(trailer) == _TRAILER.size:
        start, mark = _TRAILER.unpack(trailer)
        if mark == _END and len(MAGIC) <= start < size:
            return int(start)
    raise VerificationError(f"{path} ends before its index")


class Segment:
    """A segment to read. Reading raises VerificationError where a byte is not what was written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open_file(path)
        with contextlib.ExitStack() as failed:
            failed.callback(self._file.close)
            self._look()
            failed.pop_all()

    def _look(self) -> None:
        self._size = os.fstat(self._file.fileno()).st_size
        with naming(self._path):
            begin = _read_at(self._file.fileno(), len(MAGIC), 0)
        if begin != MAGIC:
            raise VerificationError(
                f"{self._path} is not a segment of episodes: it begins otherwise"
            )
        self.entries: list[Entry] = []
        """The episodes, in the order of the file."""
        self.damage = ""
        """Why the index could not be read; "" for a whole file. The entries of a damaged file are
        those of the whole frames at its front."""
        try:
            self.entries = self._read_index()
        except VerificationError as error:
            self.damage = str(error)
            self.entries = list(self._scan())

    def __enter__(self) -> Segment:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def frame(self, entry: Entry) -> bytes:
        """The bytes of an episode, as a stand-alone file has them."""
        return self._frame(entry.offset - _HEAD.size)

    def read(self, entry: Entry) -> Recording:
        """The episode of this entry."""
        recording = decode(self.frame(entry))
        if recording.metadata.number != entry.number:
            raise VerificationError(
                f"{self._path}: episode {entry.number} is numbered {recording.metadata.number}"
            )
        return recording

    def _read_index(self) -> list[Entry]:
        end = self._size - _TRAILER.size
        if end < len(MAGIC):
            raise VerificationError(f"{self._path} ends before its index")
        start, mark = _TRAILER.unpack(self._at(end, _TRAILER.size))
        if mark != _END or not len(MAGIC) <= start <= end - _HEAD.size:
            raise VerificationError(f"{self._path} ends before its index")
        packed = self._frame(start)
        if start + _HEAD.size + len(packed) != end:
            raise VerificationError(f"{self._path}: the index is not where its end says")
        entries = _unpack_index(packed, start // _HEAD.size)
        end_of_frames = entries[-1].offset + entries[-1].length if entries else len(MAGIC)
        if end_of_frames != start:
            raise VerificationError(f"{self._path}: the index is of another file")
        return entries

    def _scan(self) -> Iterator[Entry]:
        offset = len(MAGIC)
        while offset + _HEAD.size < self._size:
            try:
                frame = self._frame(offset)
                metadata = decode(frame).metadata
            except VerificationError:
                return
            yield Entry(metadata.number, offset + _HEAD.size, len(frame), metadata.reasons)
            offset += _HEAD.size + len(frame)

    def _frame(self, offset: int) -> bytes:
        length, crc = _HEAD.unpack(self._at(offset, _HEAD.size))
        if length > min(MAX_FRAME_BYTES, self._size - offset - _HEAD.size):
            raise VerificationError(f"{self._path}: a frame at byte {offset} is cut off")
        frame = self._at(offset + _HEAD.size, length)
        if zlib.crc32(frame) != crc:
            raise VerificationError(f"{self._path}: the frame at byte {offset} was changed")
        return frame

    def _at(self, offset: int, length: int) -> bytes:
        with naming(self._path):
            data = _read_at(self._file.fileno(), length, offset)
        if len(data) != length:
            raise VerificationError(f"{self._path} ends at byte {self._size}, within a frame")
        return data


def read_frame(path: Path, offset: int, length: int) -> bytes:
    """The bytes of the episode at this place, as an index gives it. VerificationError if no whole
    episode is there."""
    size = _HEAD.size + length
    with naming(path), open_file(path) as file:
        start = offset - _HEAD.size
        data = _read_at(file.fileno(), size, start) if start >= 0 else b""
    frame = data[_HEAD.size :]
    if len(data) < size or _HEAD.unpack_from(data) != (length, zlib.crc32(frame)):
        raise VerificationError(f"{path} has no whole episode of {length} bytes at byte {offset}")
    return frame


def _read_at(descriptor: int, length: int, offset: int) -> bytes:
    """`length` bytes, or fewer only at the end of the file.

    A failing disk first gives fewer bytes, and gives its error when the rest is asked for.
    """
    data = bytearray()
    while len(data) < length:
        part = os.pread(descriptor, length - len(data), offset + len(data))
        if not part:
            break
        data += part
    return bytes(data)


def _pack_index(entries: list[Entry]) -> bytes:
    names = sorted({name for entry in entries for name in entry.reasons})
    table = [[name in entry.reasons for name in names] for entry in entries]
    index = {
        "count": len(entries),
        "numbers": pack_varints(np.diff([entry.number for entry in entries], prepend=0)),
        "lengths": pack_varints(np.array([entry.length for entry in entries], np.int64)),
        "names": names,
        "reasons": pack_digits(np.array(table, np.uint8), 2),
    }
    return lz4.frame.compress(msgpack.packb(index), content_checksum=True)  # type: ignore[no-any-return]


def _unpack_index(packed: bytes, most: int) -> list[Entry]:
    """The entries in an index of a file that has room for `most` episodes, and no more."""
    index = unpacked(decompressed(packed))
    count, names = take(index, "count", int), take(index, "names", list)
    if not 0 <= count <= most:
        raise VerificationError(f"an index of {count} episodes; expected 0 to {most}")
    expect_few(count * len(names), "reasons")
    lengths = unpack_varints(take(index, "lengths", bytes), count)
    if count and not 0 <= lengths.min() <= lengths.max() <= MAX_FRAME_BYTES:
        raise VerificationError(f"frames of {lengths.min()} to {lengths.max()} bytes")
    if not all(isinstance(name, str) for name in names):
        raise VerificationError("the names of reasons are not all strings")
    numbers = np.cumsum(unpack_varints(take(index, "numbers", bytes), count))
    flags = unpack_digits(take(index, "reasons", bytes), 2, count * len(names), np.bool_)
    table = flags.reshape(count, len(names))
    offsets = len(MAGIC) + np.cumsum(lengths + _HEAD.size) - lengths
    return [
        Entry(number, offset, length, [names[k] for k in np.flatnonzero(row)])
        for number, offset, length, row in zip(
            numbers.tolist(), offsets.tolist(), lengths.tolist(), table, strict=True
        )
    ]
