"""Columns of an episode come back from their bytes, and bytes that hold no column are refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from arcade_rl.errors import VerificationError
from arcade_rl.recording.columns import (
    pack_deltas,
    pack_digits,
    pack_rows,
    pack_varints,
    unpack_deltas,
    unpack_digits,
    unpack_rows,
    unpack_varints,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("choices", [*range(2, 300), 2**16, 2**24 + 1, 2**32])
def test_digits_come_back_in_little_more_than_their_entropy(choices: int) -> None:
    for count in (0, 1, 2, 7, 8, 9, int(RNG.integers(10, 500)), 1000):
        values = RNG.integers(0, choices, count)
        data = pack_digits(values, choices)
        assert unpack_digits(data, choices, count).tolist() == values.tolist()
        highest = pack_digits(np.full(count, choices - 1), choices)
        assert unpack_digits(highest, choices, count).tolist() == [choices - 1] * count
        assert len(highest) == len(data) <= 1.17 * math.log2(choices) * count / 8 + 1


def test_digits_are_numbers_of_their_base_the_lowest_first() -> None:
    assert pack_digits(np.array([1, 0, 1, 1, 0, 0, 0, 0, 1]), 2) == b"\x0d\x01"
    assert pack_digits(np.array([2, 1, 0, 0, 2, 2]), 3) == bytes([2 + 3 + 2 * 81, 2])
    words = pack_digits(np.arange(16), 18)
    assert len(words) == 8 + 1
    assert int.from_bytes(words[:8], "little") == sum(k * 18**k for k in range(15))


@pytest.mark.parametrize(
    ("data", "choices", "count"),
    [
        (bytes([243]), 3, 5),  # the fifth digit would be 3
        (bytes([81]), 3, 4),  # a fifth digit
        (bytes([4]), 2, 2),
        (b"\xff" * 8, 18, 15),
        (b"\xff" * 8 + b"\0", 300, 8),
    ],
)
def test_digits_that_no_writer_makes_are_refused(data: bytes, choices: int, count: int) -> None:
    with pytest.raises(VerificationError, match=f"does not hold {count} integers below {choices}"):
        unpack_digits(data, choices, count)


@pytest.mark.parametrize(
    "values",
    [[], [0], [-1, 1, 63, -64, 64, 2**62, -(2**62)], RNG.integers(-300, 300, 500).tolist()],
    ids=["none", "one", "extremes", "many"],
)
def test_varints_hold_any_integer(values: list[int]) -> None:
    data = pack_varints(np.array(values, np.int64))
    assert unpack_varints(data, len(values)).tolist() == values
    if values == [0]:
        assert data == b"\0"


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "|u1"])
def test_states_come_back_bit_by_bit(dtype: str) -> None:
    states = np.cumsum(RNG.normal(size=(50, 7)), axis=0).astype(dtype)
    again = unpack_deltas(pack_deltas(states), dtype, (50, 7))
    assert again.dtype == states.dtype
    assert again.tobytes() == states.tobytes()


@pytest.mark.parametrize(
    "unpack",
    [
        lambda data: unpack_digits(data, 4, 100),
        lambda data: unpack_varints(data, 4),
        lambda data: unpack_varints(b"\x80" * len(data), len(data)),
        lambda data: unpack_rows(data, "<f4", (100,)),
        lambda data: unpack_rows(data, "<f4", (1 << 40,)),
        lambda data: unpack_deltas(data, "<f8", (1 << 30, 1 << 10)),
        lambda data: unpack_digits(data, 4, 1 << 50),
    ],
)
def test_columns_of_another_size_are_refused(unpack: Any) -> None:
    with pytest.raises(VerificationError, match="a column of"):
        unpack(b"\1" * 13)


def test_rows_of_bytes_are_planes() -> None:
    assert pack_rows(np.array([0x0201, 0x0403], "<u2")) == b"\x01\x03\x02\x04"
