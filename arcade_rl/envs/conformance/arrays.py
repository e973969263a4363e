"""Look into arrays of numpy and of torch without importing torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import Array, Observations
from arcade_rl.envs.arrays import to_numpy


def as_numpy(value: Array) -> npt.NDArray[Any]:
    """The values in host memory. TypeError for anything but an array of numpy or torch."""
    if not isinstance(value, np.ndarray) and not hasattr(value, "detach"):
        raise TypeError(f"is {value!r:.60}; expected a numpy or torch array")
    return to_numpy(value)


def array_faults(
    label: str, value: Array, shape: tuple[int, ...], dtype: npt.DTypeLike
) -> Iterator[str]:
    """What is wrong with the type, dtype, shape or values of one array."""
    try:
        array = as_numpy(value)
    except TypeError as error:
        yield f"{label} {error}"
        return
    if array.dtype != np.dtype(dtype):
        yield f"{label} has dtype {array.dtype}; expected {np.dtype(dtype)}"
    if array.shape != shape:
        yield f"{label} has shape {array.shape}; expected {shape}"
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        yield f"{label} holds {array[place]} at {place}; expected finite numbers"


def observation_faults(
    label: str, space: spaces.Space[Any], value: Observations, rows: npt.NDArray[np.intp], num: int
) -> Iterator[str]:
    """What keeps the observations of `rows` out of the space. `value` is an array (num, ...), or a
    dict of arrays."""
    if isinstance(space, spaces.Dict):
        if not isinstance(value, dict) or set(value) != set(space.spaces):
            seen = sorted(value) if isinstance(value, dict) else type(value).__name__
            yield f"{label} is {seen}; expected a dict with the keys {sorted(space.spaces)}"
            return
        for key, inner in space.spaces.items():
            yield from observation_faults(f"{label}[{key!r}]", inner, value[key], rows, num)
        return
    shape, dtype = (num, *(space.shape or ())), space.dtype
    try:
        array = as_numpy(value)
    except TypeError as error:
        yield f"{label} {error}"
        return
    if array.shape != shape or array.dtype != dtype:
        yield f"{label} is {array.dtype} {array.shape}; expected {dtype} {shape}"
        return
    yield from array_faults(label, array[rows], (len(rows), *shape[1:]), array.dtype)
    yield from _range_faults(label, space, array[rows])


def _range_faults(label: str, space: spaces.Space[Any], array: npt.NDArray[Any]) -> Iterator[str]:
    if not isinstance(space, spaces.Box):
        if not all(space.contains(row) for row in array):
            yield f"{label} leaves its space {space}"
    elif ((array < space.low) | (array > space.high)).any():
        outside = array[(array < space.low) | (array > space.high)][0]
        yield f"{label} holds {outside}; expected values in {space}"
