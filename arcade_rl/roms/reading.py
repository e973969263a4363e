"""Reading what people name: a file, the files of a zip archive, or the files of a directory.

Nothing waits, nothing larger than the limit is read, and names are only ever shown: what an archive
calls its files decides nothing.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from arcade_rl.errors import MissingError
from arcade_rl.registry import LARGEST_ROM_BYTES

MOST_FILES = 10_000
"""Most files of one directory, or of one archive, that are looked at."""
PIECE_BYTES = 1 << 16
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
ZIP_ENTRY = b"PK\x01\x02"
OTHER_ARCHIVES = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR", b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz"}  # fmt: skip
ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
    ValueError, OSError,
)  # fmt: skip
"""What `zipfile` raises for archives that are damaged, encrypted or made to mislead it."""
NAMELESS = "a file without a name"
DIRECTORY = ("is a directory", "give it by itself to look into it")
UNPACK = "unpack it, and give what is in it"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One file that may be a ROM."""

    path: str
    """The path as people read it."""
    member: str = ""
    """Name of the file within the archive `path`; empty for a file of its own."""
    data: bytes = b""
    """Content of the file; empty where there is a problem."""
    size: int | None = None
    """Size in bytes, for a file in an archive as the archive says; None where it is not known."""
    problem: str = ""
    """Why the file was not read; empty where it was."""
    advice: str = ""
    """What to do about the problem."""
    is_directory: bool = False
    """Whether the path is a directory within the one that was named."""


class Unreadable(Exception):
    """A file is not read. Carries what is wrong with it and what to do."""

    def __init__(self, problem: str, advice: str, size: int | None = None) -> None:
        super().__init__(problem)
        self.problem, self.advice, self.size = problem, advice, size


def shown(name: str | Path) -> str:
    """A file's name as people read it: bytes that are no text and control characters as escapes."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def size_text(count: int) -> str:
    """A number of bytes as people read it, and exact."""
    text = f"{count:,} byte{'' if count == 1 else 's'}"
    return text if count < LARGEST_ROM_BYTES else f"{text} ({count / 2**20:,.1f} MiB)"


def candidates(path: Path) -> Iterator[Candidate]:
    """Every file that `path` names, in order. A directory is one level, and so is an archive; files
    in a directory whose names begin with a dot are passed over. Symbolic links are followed.
    MissingError if there is nothing of that name.
    """
    if is_directory(path):
        yield from _of_directory(path)
    else:
        yield from _of_file(path)


def is_directory(path: Path) -> bool:
    """Whether `path` names a directory. MissingError if there is nothing of that name."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        if not path.is_symlink():
            raise MissingError(
                f"{shown(path)} does not exist; expected a file, a zip archive or a directory"
            ) from error
    except OSError:
        pass  # reading the file will say why
    return False


def read_regular(path: Path, limit: int = LARGEST_ROM_BYTES) -> bytes:
    """Content of a regular file of at most `limit` bytes. Raises Unreadable for any other."""
    try:
        status = path.stat()  # before opening, which can wait or act on a pipe or a device
        _refuse_irregular(status, limit)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            _refuse_irregular(os.fstat(descriptor), limit)
            data = file.read(status.st_size + 1)
    except OSError as error:
        raise Unreadable(*_said(path, error)) from error
    if len(data) > limit:
        raise Unreadable(*_too_large(len(data), limit))
    return data


def _refuse_irregular(status: os.stat_result, limit: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise Unreadable(*DIRECTORY)
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("is a pipe, a socket or a device", "give a file")
    if status.st_size > limit:
        raise Unreadable(*_too_large(status.st_size, limit))


def _too_large(size: int, limit: int) -> tuple[str, str, int]:
    said = f"has {size_text(size)}; files of up to {size_text(limit)} are read"
    return said, "give the ROM itself", size


def _said(path: Path, error: OSError) -> tuple[str, str]:
    if error.errno == errno.ENOENT and path.is_symlink():
        return "is a link to nothing", "give the file itself"
    if error.errno == errno.ELOOP:
        return "is a link that leads back to itself", "give the file itself"
    return f"cannot be read: {error.strerror}", "check its rights, and the disk that it lies on"


def _of_directory(path: Path) -> Iterator[Candidate]:
    try:
        names = _names_in(path)
    except Unreadable as error:
        yield _problem(path, "", error)
        return
    for name in names:
        if os.path.isdir(path / name):
            yield Candidate(
                shown(path / name), problem=DIRECTORY[0], advice=DIRECTORY[1], is_directory=True
            )
        else:
            yield from _of_file(path / name)


def _names_in(path: Path) -> list[str]:
    try:
        with os.scandir(path) as entries:
            visible = (entry.name for entry in entries if not entry.name.startswith("."))
            names = sorted(itertools.islice(visible, MOST_FILES + 1))
    except OSError as error:
        raise Unreadable(f"cannot be listed: {error.strerror}", "check its rights") from error
    if len(names) > MOST_FILES:
        raise Unreadable(f"holds more than {MOST_FILES:,} files", "name the files themselves")
    if not names:
        raise Unreadable("is a directory without files", "give another")
    return names


def _problem(path: Path, member: str, error: Unreadable) -> Candidate:
    return Candidate(shown(path), member, b"", error.size, error.problem, error.advice)


def _of_file(path: Path) -> Iterator[Candidate]:
    try:
        data = read_regular(path)
        archive = _opened(data) if data.startswith(ZIP_MAGIC) else None
        if archive is None:
            _refuse_unusable(data)
    except Unreadable as error:
        yield _problem(path, "", error)
        return
    if archive is None:
        yield Candidate(shown(path), "", data, len(data))
    else:
        yield from _of_archive(path, archive)


def _refuse_unusable(data: bytes) -> None:
    if not data:
        raise Unreadable("is empty", "copy or dump it again", 0)
    for magic, kind in OTHER_ARCHIVES.items():
        if data.startswith(magic):
            raise Unreadable(f"is a {kind} archive; only zip archives are opened", UNPACK, len(data))  # fmt: skip


def _opened(data: bytes) -> zipfile.ZipFile:
    """A zip archive with at least one file. Raises Unreadable for any other data."""
    # Entries are counted before the archive is opened: each takes far more memory than disk.
    if data.count(ZIP_ENTRY) > MOST_FILES:
        raise Unreadable(f"is a zip archive of more than {MOST_FILES:,} files", UNPACK, len(data))
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except ZIP_ERRORS as error:
        said = f"is a zip archive that is damaged: {_line(error)}"
        raise Unreadable(said, "copy it again", len(data)) from error
    if not _files(archive):
        raise Unreadable("is a zip archive without files", "give another", len(data))
    return archive


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [member for member in archive.infolist() if not member.filename.endswith("/")]


def _of_archive(path: Path, archive: zipfile.ZipFile) -> Iterator[Candidate]:
    left = LARGEST_ROM_BYTES
    for member in _files(archive):
        name = shown(member.filename) or NAMELESS
        content = bytearray()
        try:
            _unpack(archive, member, left, content)
            _refuse_unusable(data := bytes(content))
        except Unreadable as error:
            yield _problem(path, name, error)
        else:
            yield Candidate(shown(path), name, data, len(data))
        left -= len(content)


def _unpack(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int, content: bytearray
) -> None:
    """Append what one file of an archive holds to `content`, about `limit` bytes at most. Raises
    Unreadable if it cannot be unpacked."""
    if member.flag_bits & 1:
        raise Unreadable("is encrypted", "unpack it with its password, and give what is in it")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        said = f"is packed by method {member.compress_type}, which is not read here"
        raise Unreadable(said, UNPACK)
    if member.file_size > limit:
        raise Unreadable(*_expanding(member.file_size))
    try:
        with archive.open(member) as file:
            while piece := file.read(PIECE_BYTES):
                content += piece
                if len(content) > limit:  # whatever the archive and zipfile say
                    raise Unreadable(*_expanding(len(content)))
                if content.startswith(ZIP_MAGIC):
                    raise Unreadable(
                        "is an archive within an archive, which is not opened",
                        "unpack the outer one, and give the inner one",
                    )
    except ZIP_ERRORS as error:
        raise Unreadable(f"is damaged in the archive: {_line(error)}", "copy it again") from error


def _expanding(size: int) -> tuple[str, str, int]:
    said = (
        f"would unpack to {size_text(size)}; all files of an archive may unpack to "
        f"{size_text(LARGEST_ROM_BYTES)} together"
    )
    return said, "unpack it, and give the ROM itself", size


def _line(error: BaseException) -> str:
    return shown(" ".join(str(error).split())) or type(error).__name__
