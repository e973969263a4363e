"""The 16 bytes that files of NES cartridges begin with: iNES, and NES 2.0 which extends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MAGIC = b"NES\x1a"
HEADER_BYTES = 16
TRAINER_BYTES = 512
PRG_UNIT, CHR_UNIT = 16 << 10, 8 << 10
EXPONENT = 0xF
"""Upper digit that marks a size of NES 2.0 as written by exponent and multiplier."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says about the cartridge."""

    format: Literal["iNES", "NES 2.0"]
    mapper: int
    """Number of the circuit that switches memory banks."""
    submapper: int
    prg_bytes: int
    """Size of the program, bytes."""
    chr_bytes: int
    """Size of the graphics, bytes; 0 for a cartridge that has RAM for graphics."""
    trainer_bytes: int
    """Size of the trainer, which copiers once added between header and program: 0 or 512 bytes."""

    @property
    def content_offset(self) -> int:
        """Offset of the program in the file, bytes."""
        return HEADER_BYTES + self.trainer_bytes

    @property
    def content_bytes(self) -> int:
        """Size of program and graphics."""
        return self.prg_bytes + self.chr_bytes

    @property
    def file_bytes(self) -> int:
        """Size of a whole file with this header."""
        return self.content_offset + self.content_bytes


def read_header(data: bytes) -> Header | None:
    """The header that `data` begins with, or None."""
    if len(data) < HEADER_BYTES or not data.startswith(MAGIC):
        return None
    prg, chr_, flags, more_flags = data[4:8]
    mapper = flags >> 4
    trainer = TRAINER_BYTES if flags & 4 else 0
    if more_flags & 0x0C == 0x08:
        mapper |= more_flags & 0xF0 | (data[8] & 0xF) << 8
        program = _size(prg, data[9] & 0xF, PRG_UNIT)
        graphics = _size(chr_, data[9] >> 4, CHR_UNIT)
        return Header("NES 2.0", mapper, data[8] >> 4, program, graphics, trainer)
    if not any(data[12:16]):  # old programs wrote their own name from byte 7 on
        mapper |= more_flags & 0xF0
    return Header("iNES", mapper, 0, prg * PRG_UNIT, chr_ * CHR_UNIT, trainer)


def _size(low: int, high: int, unit: int) -> int:
    """A size of NES 2.0, bytes."""
    if high == EXPONENT:
        return (1 << (low >> 2)) * ((low & 3) * 2 + 1)
    return (high << 8 | low) * unit
