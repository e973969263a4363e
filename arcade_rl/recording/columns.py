"""Columns of an episode as bytes, and back.

Everything is little-endian. A reader passes the number of values that it expects, so that no forged
length is believed: what does not fit raises VerificationError before anything is allocated for it.
T is the number of steps of an episode.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import VerificationError

MAX_VALUES = 1 << 26
"""Most values that a column with all its dimensions, all tracks together, or a table may hold. This
bounds the memory that a small forged file can ask for."""
_BLOCK = 1 << 18
"""Values or bytes that are decoded at a time. Decoding needs many times the space of the result."""


def pack_digits(values: npt.NDArray[np.integer], choices: int) -> bytes:
    """Integers from 0 to `choices` - 1, packed as digits of base `choices` into words of 1 to 8
    bytes, the lowest digit first. The last word has only the bytes that its digits need."""
    digits, width = _word(choices)
    count = values.size
    padded = np.zeros((-(-count // digits), digits), np.uint64)
    padded.reshape(-1)[:count] = values.reshape(-1)
    words = (padded @ _powers(choices, digits)).astype("<u8").view(np.uint8).reshape(-1, 8)
    return words[:, :width].tobytes()[: _digits_size(choices, count)]


def unpack_digits(
    data: bytes, choices: int, count: int, dtype: npt.DTypeLike = np.int64
) -> npt.NDArray[Any]:
    """The integers that `pack_digits` packed. (count,), `dtype`."""
    what = f"{count} integers below {choices}"
    _expect(len(data) == _digits_size(choices, count), what, data)
    expect_few(count, "integers")
    digits, width = _word(choices)
    powers, base = _powers(choices, digits), np.uint64(choices)
    raw, words = np.frombuffer(data, np.uint8), _BLOCK // digits
    found = np.empty(count, dtype)
    for start in range(0, count, words * digits):
        block = found[start : start + words * digits]
        first = start // digits * width
        shifted = _as_words(raw[first : first + words * width], width)[:, None] // powers
        values = (shifted % base).reshape(-1)
        # A forged word could hold a number that is too large, or digits behind the last value.
        is_right = (shifted[:, -1] < base).all() and not values[len(block) :].any()
        _expect(bool(is_right), what, data)
        block[:] = values[: len(block)]
    return found


@functools.lru_cache(1024)
def _word(choices: int) -> tuple[int, int]:
    """(digits, bytes) of the words that take the fewest bytes per digit; of equal ones, the
    shortest."""
    words = [(_most_digits(choices, width), width) for width in range(1, 9)]
    return min((word for word in words if word[0]), key=lambda word: word[1] / word[0])


def _most_digits(choices: int, width: int) -> int:
    """Digits that a word of `width` bytes holds."""
    digits = 0
    while choices ** (digits + 1) <= 256**width:
        digits += 1
    return digits


def _powers(choices: int, digits: int) -> npt.NDArray[np.uint64]:
    return np.array([choices**k for k in range(digits)], np.uint64)


def _digits_size(choices: int, count: int) -> int:
    """Bytes that `count` digits take when they are packed."""
    digits, width = _word(choices)
    words, rest = divmod(count, digits)
    highest: int = choices**rest - 1
    return words * width + -(-highest.bit_length() // 8)


def _as_words(raw: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.uint64]:
    """Words of `width` bytes, of which the last may lack its upper ones."""
    count = -(-len(raw) // width)
    padded = np.zeros(count * width, np.uint8)
    padded[: len(raw)] = raw
    wide = np.zeros((count, 8), np.uint8)
    wide[:, :width] = padded.reshape(count, width)
    return wide.view("<u8").reshape(-1).astype(np.uint64)


def pack_varints(values: npt.NDArray[np.integer]) -> bytes:
    """Signed integers in as few bytes as they need: zigzag, then seven bits a byte (LEB128)."""
    wide = values.astype(np.int64)
    rest = ((wide << 1) ^ (wide >> 63)).astype(np.uint64)
    columns = []
    while True:
        columns.append((rest & np.uint64(127)).astype(np.uint8))
        rest = rest >> np.uint64(7)
        if not rest.any():
            break
    # A byte is written if that byte or a later one is not 0; the first byte is always written. The
    # top bit of a byte says whether another one follows.
    digits = np.stack(columns, axis=1)  # (n, bytes of the longest)
    later = np.flip(np.cumsum(np.flip(digits, 1) > 0, axis=1), 1)
    used = later > 0
    used[:, 0] = True
    goes_on = np.zeros_like(used)
    goes_on[:, :-1] = used[:, 1:]
    return (digits | (goes_on.astype(np.uint8) << 7))[used].tobytes()


def unpack_varints(data: bytes, count: int) -> npt.NDArray[np.int64]:
    """The integers that `pack_varints` packed. (count,), int64."""
    raw = np.frombuffer(data, np.uint8)
    is_last = raw < 128  # the top bit of a byte says that another one follows
    is_whole = not len(raw) or bool(is_last[-1])
    _expect(is_whole and np.count_nonzero(is_last) == count, f"{count} varints", data)
    expect_few(count, "varints")
    found = np.empty(count, np.int64)
    done = start = 0
    while done < count:
        last = np.flatnonzero(is_last[start : start + _BLOCK])
        _expect(len(last) > 0, f"{count} varints of 10 bytes at most", data)
        end = start + int(last[-1]) + 1
        found[done : done + len(last)] = _varints(raw[start:end], last, data)
        done, start = done + len(last), end
    return found


def _varints(
    raw: npt.NDArray[np.uint8], last: npt.NDArray[np.intp], data: bytes
) -> npt.NDArray[np.int64]:
    """Decode whole varints; `last` has the index of the last byte of each."""
    first = np.concatenate([[0], last[:-1] + 1])
    lengths = last - first + 1
    _expect(lengths.max() <= 10, "varints of 10 bytes at most", data)
    place = np.arange(len(raw)) - np.repeat(first, lengths)
    parts = (raw & 127).astype(np.uint64) << (7 * place).astype(np.uint64)
    zigzag = np.add.reduceat(parts, first)
    return (zigzag >> np.uint64(1)).astype(np.int64) ^ -(zigzag & np.uint64(1)).astype(np.int64)


def pack_rows(values: npt.NDArray[np.generic]) -> bytes:
    """Numbers as they are, but byte 0 of all of them first, then byte 1, and so on: like bytes lie
    side by side, and compress well."""
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return little.reshape(-1, 1).view(np.uint8).T.tobytes()


def unpack_rows(data: bytes, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[np.generic]:
    """The numbers that `pack_rows` packed, of a little-endian `dtype` and this shape."""
    kind, count = np.dtype(dtype), math.prod(shape)
    _expect(len(data) == count * kind.itemsize, f"{count} values of {kind}", data)
    expect_few(count, "values")
    planes = np.frombuffer(data, np.uint8).reshape(kind.itemsize, count)
    return np.ascontiguousarray(planes.T).view(kind).reshape(shape)


def pack_deltas(states: npt.NDArray[np.generic]) -> bytes:
    """Rows (T, S), each stored as the bits that changed since the row before."""
    bits = _as_integers(states)
    changed = bits.copy()
    changed[1:] ^= bits[:-1]
    return pack_rows(changed)


def unpack_deltas(data: bytes, dtype: str, shape: tuple[int, int]) -> npt.NDArray[np.generic]:
    """The rows that `pack_deltas` packed, of a little-endian `dtype`. (T, S)"""
    kind = np.dtype(dtype)
    changed = unpack_rows(data, f"<u{kind.itemsize}", shape)
    whole: npt.NDArray[np.generic] = np.bitwise_xor.accumulate(changed, axis=0)
    return whole.view(kind)


def _as_integers(values: npt.NDArray[np.generic]) -> npt.NDArray[np.unsignedinteger]:
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return little.view(f"<u{little.dtype.itemsize}")


def expect_few(count: int, what: str) -> None:
    """VerificationError if a file asks for more of something than any episode has."""
    if count > MAX_VALUES:
        raise VerificationError(f"{count} {what}; expected {MAX_VALUES} at most")


def _expect(is_right: bool, what: str, data: bytes) -> None:
    if not is_right:
        raise VerificationError(f"a column of {len(data)} bytes does not hold {what}")
