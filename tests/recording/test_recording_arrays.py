"""Named arrays in a file: what is written is read, and anything else is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lz4.frame
import msgpack
import numpy as np
import pytest

from arcade_rl.errors import VerificationError
from arcade_rl.recording.arrays import NAME, VERSION, read_arrays, write_arrays

ARRAYS: dict[str, Any] = {
    "bool": np.array([True, False]),
    "bytes": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "big-endian": np.arange(5, dtype=">i4"),
    "floats": np.array([[0.0, -0.0, np.inf, -np.inf, np.nan]]),
    "half": np.linspace(0, 1, 7).astype(np.float16)[::-2],
    "none": np.zeros((0, 3), np.int64),
    "one": np.array(5.0),
}


def test_what_is_written_is_read_to_the_last_bit(tmp_path: Path) -> None:
    write_arrays(tmp_path / "a", ARRAYS)
    read = read_arrays(tmp_path / "a")
    assert read.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert read[name].dtype == array.dtype.newbyteorder("=")
        assert read[name].shape == array.shape
        np.testing.assert_array_equal(read[name], array)
    read["bytes"][0] = 0  # what is read can be written to


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([None]), np.array([b"bytes"])])
def test_other_arrays_are_not_written(tmp_path: Path, array: Any) -> None:
    with pytest.raises(TypeError, match=r"odd has dtype .*; expected plain numbers"):
        write_arrays(tmp_path / "a", {"odd": array})
    assert not (tmp_path / "a").exists()


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    write_arrays(tmp_path / "a", {"x": np.arange(9)})
    whole = (tmp_path / "a").read_bytes()
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 0x10
        (tmp_path / "b").write_bytes(flipped)
        try:
            read = read_arrays(tmp_path / "b")
        except VerificationError:
            continue
        assert read["x"].tolist() == list(range(9))  # a byte that holds nothing


def content(**changes: Any) -> dict[str, Any]:
    return {"format": NAME, "version": VERSION, "arrays": {}, **changes}


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"no frame",
        lz4.frame.compress(b"\x91" * 5000),
        lz4.frame.compress(msgpack.packb([1, 2])),
        content(format="another"),
        content(version=VERSION + 1),
        content(arrays=5),
        content(arrays={"x": ["<f4", [3], bytes(8)]}),
        content(arrays={"x": ["<f4", [-1], bytes(6)]}),
        content(arrays={"x": ["|O", [1], bytes(8)]}),
        content(arrays={"x": ["<f4", [1]]}),
        {"format": NAME},
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, given: Any) -> None:
    frame = given if isinstance(given, bytes) else lz4.frame.compress(msgpack.packb(given))
    (tmp_path / "a").write_bytes(frame)
    with pytest.raises(VerificationError, match=str(tmp_path)):
        read_arrays(tmp_path / "a")
