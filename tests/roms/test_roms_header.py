"""The header of an NES file says what is on the cartridge."""

from __future__ import annotations

import pytest

from arcade_rl.roms.header import Header, read_header

KIB = 1024


def header(*numbers: int) -> bytes:
    return b"NES\x1a" + bytes(numbers).ljust(12, b"\0")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (header(2, 1), Header("iNES", 0, 0, 32 * KIB, 8 * KIB, 0)),
        (header(2, 4, 0x10), Header("iNES", 1, 0, 32 * KIB, 32 * KIB, 0)),
        (header(8, 0, 0x24, 0x40), Header("iNES", 0x42, 0, 128 * KIB, 0, 512)),
        (header(2, 4, 0x10, 8, 0x50), Header("NES 2.0", 1, 5, 32 * KIB, 32 * KIB, 0)),
        (header(0, 0, 0x50, 0x28, 0x3A, 0x21), Header("NES 2.0", 0xA25, 3, 4096 * KIB, 4096 * KIB, 0)),
        (header(0x29, 0, 0, 8, 0, 0x0F), Header("NES 2.0", 0, 0, 3 * KIB, 0, 0)),
        (b"NES\x1a\x02\x04\x10DiskDude!", Header("iNES", 1, 0, 32 * KIB, 32 * KIB, 0)),
    ],
    ids=["NROM", "MMC1", "trainer", "NES 2.0", "large", "exponent", "signed by a program"],
)  # fmt: skip
def test_what_a_header_says(data: bytes, expected: Header) -> None:
    assert len(data) == 16
    assert read_header(data + b"more") == expected


def test_sizes_follow_from_it() -> None:
    found = read_header(header(2, 1, 4))
    assert found is not None
    assert (found.content_offset, found.content_bytes) == (528, 40 * KIB)
    assert found.file_bytes == 528 + 40 * KIB


@pytest.mark.parametrize("data", [b"", b"NES\x1a", b"NES\x1b" + bytes(12), header(2)[:15]])
def test_anything_else_has_none(data: bytes) -> None:
    assert read_header(data) is None
