"""How bytes of memory are read as numbers: their count, sign and order, and binary-coded decimals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import UsageError

NO_NUMBER = np.iinfo(np.int64).min
"""What bytes are read as that are no binary-coded decimal: a half byte is beyond 9."""


@dataclass(frozen=True, slots=True)
class NumberKind:
    """A way to read bytes as a number."""

    size: int = 1
    """Number of bytes: 1, 2 or 4; up to 8 for digits."""
    is_signed: bool = False
    is_big: bool = False
    """Whether the first byte is the most significant one."""
    digits: int = 0
    """Decimal digits in each byte: 2 as binary-coded decimals have them, 1 where a screen shows the
    bytes one by one; 0 for a binary number."""

    @property
    def name(self) -> str:
        """The name that `kind_of` reads, such as u8, s16le or bcd16be."""
        order = "" if self.size == 1 else "be" if self.is_big else "le"
        if self.digits == 1:
            return f"digits{self.size}{order}"
        family = "bcd" if self.digits else "s" if self.is_signed else "u"
        return f"{family}{8 * self.size}{order}"

    @property
    def simplicity(self) -> tuple[int, int, bool, bool]:
        """A key that sorts simpler kinds first."""
        return self.size, self.digits, self.is_signed, self.is_big

    def read(self, memory: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """The number at every address from which enough bytes follow. (..., A) uint8 to (..., A - size
        + 1) int64; NO_NUMBER where digits are beyond 9."""
        count = memory.shape[-1] - self.size + 1
        parts = [memory[..., k : k + count].astype(np.int64) for k in range(self.size)]
        wrong = np.zeros(parts[0].shape, np.bool_)
        if self.digits == 1:
            wrong = np.logical_or.reduce([part > 9 for part in parts])
        elif self.digits == 2:
            wrong = np.logical_or.reduce([((part & 15) > 9) | ((part >> 4) > 9) for part in parts])
            parts = [(part >> 4) * 10 + (part & 15) for part in parts]
        value = np.zeros_like(parts[0])
        for part in parts if self.is_big else reversed(parts):
            value = value * self._base + part
        if self.is_signed:
            limit = 1 << (8 * self.size - 1)
            value = np.where(value >= limit, value - 2 * limit, value)
        return np.where(wrong, NO_NUMBER, value)

    def bytes_of(self, value: int) -> bytes:
        """The bytes that are read as this number. UsageError if there are none."""
        count = self._base**self.size
        least = -count // 2 if self.is_signed else 0
        if not least <= value < least + count:
            raise UsageError(
                f"{self.name} cannot hold {value}; expected {least} to {least + count - 1}"
            )
        value %= count
        found = []
        for _ in range(self.size):
            value, part = divmod(value, self._base)
            found.append(part // 10 * 16 + part % 10 if self.digits == 2 else part)
        return bytes(reversed(found) if self.is_big else found)

    @property
    def _base(self) -> int:
        """Number of values of a byte."""
        return (256, 10, 100)[self.digits]


BYTE = NumberKind()
_NUMBERS = ((False, 0), (True, 0), (False, 2))
"""(whether signed, digits a byte) of the kinds of 1, 2 and 4 bytes."""
KINDS = (
    *(NumberKind(1, is_signed, False, digits) for is_signed, digits in _NUMBERS),
    *(
        NumberKind(size, is_signed, is_big, digits)
        for size in (2, 4)
        for is_big in (False, True)
        for is_signed, digits in _NUMBERS
    ),
    *(NumberKind(size, False, is_big, 1) for size in range(2, 9) for is_big in (False, True)),
)
"""Every kind."""


def kind_of(name: str) -> NumberKind:
    """The kind of this name. UsageError names those that there are."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    names = ", ".join(kind.name for kind in KINDS)
    raise UsageError(f"there is no kind {name!r:.20}; expected one of {names}")


def address_of(text: str, size: int) -> int:
    """An address below `size`, written as 76, 0x4c or $4C. UsageError for anything else."""
    match = re.fullmatch(r"(?:(0x|\$)([0-9a-fA-F]{1,8})|(\d{1,9}))", text)
    address = -1 if match is None else int(match[2], 16) if match[1] else int(match[3])
    if not 0 <= address < size:
        raise UsageError(
            f"{text!r:.20} is no address here; expected 0 to {size - 1}, such as 76, 0x4c or $4C"
        )
    return address


def differs(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether two readings differ, where both are numbers. (...,), bool."""
    found: npt.NDArray[np.bool_] = (a != b) & (a != NO_NUMBER) & (b != NO_NUMBER)
    return found
