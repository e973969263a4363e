"""Bytes read as numbers, and numbers written as bytes."""

from __future__ import annotations

import numpy as np
import pytest

from arcade_rl.errors import UsageError
from arcade_rl.ram.kinds import KINDS, NO_NUMBER, address_of, kind_of

MEMORY = np.array([0x12, 0x34, 0xFF, 0x09, 0x00], np.uint8)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("u8", [0x12, 0x34, 0xFF, 9, 0]),
        ("s8", [0x12, 0x34, -1, 9, 0]),
        ("bcd8", [12, 34, NO_NUMBER, 9, 0]),
        ("u16le", [0x3412, 0xFF34, 0x09FF, 9]),
        ("u16be", [0x1234, 0x34FF, 0xFF09, 0x0900]),
        ("s16be", [0x1234, 0x34FF, 0xFF09 - 0x10000, 0x0900]),
        ("bcd16le", [3412, NO_NUMBER, NO_NUMBER, 9]),
        ("bcd16be", [1234, NO_NUMBER, NO_NUMBER, 900]),
        ("u32be", [0x1234FF09, 0x34FF0900]),
        ("digits2be", [NO_NUMBER, NO_NUMBER, NO_NUMBER, 90]),
        ("digits2le", [NO_NUMBER, NO_NUMBER, NO_NUMBER, 9]),
    ],
)
def test_numbers_are_read(name: str, values: list[int]) -> None:
    assert kind_of(name).read(MEMORY).tolist() == values


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_written_is_read(kind) -> None:  # type: ignore[no-untyped-def]
    assert kind_of(kind.name) == kind
    for value in (0, 7, 9, *([-1, -7] if kind.is_signed else [])):
        data = np.frombuffer(kind.bytes_of(value), np.uint8)
        assert kind.read(data).tolist() == [value]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="bcd8 cannot hold 100; expected 0 to 99"):
        kind_of("bcd8").bytes_of(100)
    with pytest.raises(UsageError, match="s8 cannot hold 128; expected -128 to 127"):
        kind_of("s8").bytes_of(128)
    with pytest.raises(UsageError, match="there is no kind 'u7'; expected one of u8"):
        kind_of("u7")


def test_addresses_are_written_in_three_ways() -> None:
    assert [address_of(text, 128) for text in ("76", "0x4c", "$4C")] == [76, 76, 76]
    for text in ("128", "-1", "4c", ""):
        with pytest.raises(UsageError, match="expected 0 to 127"):
            address_of(text, 128)
