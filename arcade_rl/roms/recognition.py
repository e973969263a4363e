"""Which ROM a file is, by its content; for any other file, what can be said about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from arcade_rl.roms.declared import Catalogue, Declared, sha1_of
from arcade_rl.roms.header import HEADER_BYTES, Header, read_header
from arcade_rl.roms.reading import Candidate, size_text

Status = Literal["accepted", "refused", "unknown", "unreadable", "directory"]


@dataclass(frozen=True, slots=True)
class RomFinding:
    """What a file is."""

    path: str
    """The path as people read it."""
    member: str
    """Name of the file within the archive `path`; empty for a file of its own."""
    status: Status
    """"accepted": games play this ROM; "refused": the ROM is known, and games do not play it;
    "unknown": no plugin declares it; "unreadable": the file was not read; "directory": a directory
    within the one that was named, which is not looked into."""
    size: int | None
    """Size in bytes; None where it is not known."""
    header: Header | None
    """What the header says; None for a file without a header."""
    sha1: str
    """SHA-1 of the whole file; empty for an unreadable one."""
    content_sha1: str
    """SHA-1 of what the chips hold, without header, trainer, and whatever lies after the ROM."""
    known: Declared | None
    """The declared ROM that the file is; None for any other."""
    notes: tuple[str, ...] = ()
    """What is unusual about the file of a known ROM, a line each."""
    reason: str = ""
    """Why the file is not accepted; empty where it is."""
    advice: str = ""
    """What to do so that it is accepted."""
    content: bytes = field(default=b"", repr=False)
    """What the chips hold; empty for a file that is not accepted."""

    @property
    def is_related(self) -> bool:
        """Whether people may have taken the file for a ROM."""
        return self.status not in ("unknown", "directory") or self.header is not None


def recognise(candidate: Candidate, catalogue: Catalogue) -> RomFinding:
    """Compare a candidate with the ROMs that plugins declare."""
    data = candidate.data
    if candidate.problem:
        return RomFinding(
            candidate.path, candidate.member,
            "directory" if candidate.is_directory else "unreadable",
            candidate.size, None, "", "", None, reason=candidate.problem, advice=candidate.advice,
        )  # fmt: skip
    header, whole = read_header(data), sha1_of(data)
    for start, end in _places(data, header, catalogue):
        digest = sha1_of(data[start:end])
        if known := catalogue.by_sha1(digest):
            reason, advice = known.fault or known.rom.refusal, known.rom.advice
            return RomFinding(
                candidate.path, candidate.member, "accepted" if known.is_accepted else "refused",
                len(data), header, whole, digest, known, _notes(data, start, end, known),
                reason, "" if known.fault else advice,
                data[start:end] if known.is_accepted else b"",
            )  # fmt: skip
    start, end = (header.content_offset, header.file_bytes) if header else (0, len(data))
    reason, advice = _unknown(data, header, catalogue)
    return RomFinding(
        candidate.path, candidate.member, "unknown", len(data), header, whole,
        sha1_of(data[start:end]), None, (), reason, advice,
    )  # fmt: skip


def _places(data: bytes, header: Header | None, catalogue: Catalogue) -> Iterator[tuple[int, int]]:
    """Places (start, end) in the file where the content of a known ROM may lie, even if a wrong
    header gives another size."""
    starts = dict.fromkeys([header.content_offset, HEADER_BYTES]) if header else [0]
    for start in starts:
        for size in catalogue.content_sizes():
            if start + size <= len(data):
                yield start, start + size


def _notes(data: bytes, start: int, end: int, known: Declared) -> tuple[str, ...]:
    rom, notes = known.rom, []
    if rom.shipped is not None:
        return (f"it ships with {known.distribution}: there is nothing to import",)
    if not known.is_accepted:
        return ()
    if start == 0 and rom.header:
        notes.append("it has no header: import adds the one that emulators need")
    elif data[:HEADER_BYTES] != rom.header:
        notes.append("its header is not the one that import writes")
    if start > HEADER_BYTES:
        notes.append(f"import leaves out the {start - HEADER_BYTES} bytes of a trainer")
    if end < len(data):
        notes.append(f"import leaves out {size_text(len(data) - end)} after the ROM")
    return tuple(notes)


def _unknown(data: bytes, header: Header | None, catalogue: Catalogue) -> tuple[str, str]:
    """Why no ROM is recognised in the file, and what to do."""
    if header and len(data) < header.file_bytes:
        said = (
            f"is truncated: its header promises {size_text(header.file_bytes)}, "
            f"it has {size_text(len(data))}"
        )
        return said, "copy or dump it again"
    if not catalogue.roms:
        return "is not known: no installed plugin declares a ROM", "install the game's plugin"
    size = header.content_bytes if header else len(data)
    alike = [
        known.rom.title
        for known in catalogue.roms
        if known.is_accepted and known.rom.shipped is None and known.rom.content_bytes == size
    ]
    listed = "`arcade-rl roms list` shows the ROMs that are known, with their SHA-1"
    if alike:
        said = (
            f"has the size of {' and '.join(alike)}, but another content: it is another game, "
            "or was dumped badly, patched or translated"
        )
        return said, f"use an unchanged dump; {listed}"
    what = "is an NES ROM that" if header else "is no ROM that"
    return f"{what} {'no' if header else 'an'} installed plugin knows", listed
