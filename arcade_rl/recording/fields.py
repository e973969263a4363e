"""Reading maps of plain values that nobody vouches for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from arcade_rl.errors import VerificationError

T = TypeVar("T")


def take(fields: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """The field of this name. VerificationError if it is missing or of another kind."""
    value = fields.get(name)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        found = "missing" if name not in fields else f"a {type(value).__name__}"
        raise VerificationError(f"field {name} is {found}; expected a {kind.__name__}")
    return value
