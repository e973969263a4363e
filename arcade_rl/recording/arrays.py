"""Named arrays in one file: an LZ4 frame with checksum around a msgpack map, and no pickle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lz4.frame
import msgpack
import numpy as np
import numpy.typing as npt

from arcade_rl.errors import VerificationError

NAME = "arcade-rl arrays"
VERSION = 1
KINDS = "biuf"
"""Kinds of numpy's dtypes that are stored: truth values, integers and floats."""

UNREADABLE = (
    RuntimeError, ValueError, TypeError, KeyError, AttributeError, msgpack.UnpackException,
)  # fmt: skip
"""What reading raises when a file holds something else."""


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays of plain numbers. TypeError if an array holds anything else."""
    plain = arrays_to_plain(arrays)
    data = msgpack.packb({"format": NAME, "version": VERSION, "arrays": plain})
    path.write_bytes(lz4.frame.compress(data, content_checksum=True, store_size=True))


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays that `write_arrays` wrote. VerificationError if the file holds something else, or
    has another version."""
    try:
        data = lz4.frame.decompress(path.read_bytes())
        content = msgpack.unpackb(data)
        if (content["format"], content["version"]) != (NAME, VERSION):
            raise VerificationError(
                f"{path} is {content['format']} {content['version']}; expected {NAME} {VERSION}"
            )
        return arrays_from_plain(content["arrays"])
    except UNREADABLE as error:
        raise VerificationError(f"{path} does not hold arrays: {error}") from error


def arrays_to_plain(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, list[Any]]:
    """Arrays as values that msgpack can hold. TypeError if an array holds anything but numbers."""
    return {name: _packed(name, array) for name, array in arrays.items()}


def arrays_from_plain(plain: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """The arrays that `arrays_to_plain` packed. One of UNREADABLE if the values are others."""
    return {name: _unpacked(*packed) for name, packed in plain.items()}


def _packed(name: str, array: npt.NDArray[Any]) -> list[Any]:
    if array.dtype.kind not in KINDS:
        raise TypeError(f"{name} has dtype {array.dtype}; expected plain numbers")
    data = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return [data.dtype.str, list(array.shape), data.tobytes()]


def _unpacked(kind: str, shape: list[int], data: bytes) -> npt.NDArray[Any]:
    dtype = np.dtype(kind)
    if dtype.kind not in KINDS:
        raise ValueError(f"an array of dtype {kind}")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))
