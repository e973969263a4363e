"""Whether two values are the same, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def assert_alike(one: Any, other: Any, where: str = "") -> None:
    """Every field of dataclasses, every item of sequences, and every bit of arrays is the same."""
    if is_dataclass(one):
        assert type(one) is type(other), where
        for field in fields(one):
            path = f"{where}.{field.name}"
            assert_alike(getattr(one, field.name), getattr(other, field.name), path)
    elif isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray), where
        assert (one.dtype, one.shape) == (other.dtype, other.shape), where
        assert one.tobytes() == other.tobytes(), where
    elif isinstance(one, Mapping):
        assert list(one) == list(other), where
        for key in one:
            assert_alike(one[key], other[key], f"{where}[{key!r}]")
    elif isinstance(one, Sequence) and not isinstance(one, str):
        assert len(one) == len(other), where
        for k, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            assert_alike(mine, theirs, f"{where}[{k}]")
    else:
        assert one == other or (one != one and other != other), f"{where}: {one} and {other}"
