"""Reading fields from maps of plain values that may be forged or damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from arcade_rl.errors import VerificationError

T = TypeVar("T")


def take(fields: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """The field of this name. VerificationError if the field is missing or of another kind."""
    value = fields.get(name)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        found = "missing" if name not in fields else f"a {type(value).__name__}"
        raise VerificationError(f"field {name} is {found}; expected a {kind.__name__}")
    return value


def take_parts(fields: Mapping[str, Any], name: str, *kinds: type[Any]) -> list[Any]:
    """The field of this name, a list with one part of each of these kinds. VerificationError if the
    field is missing or has other parts."""
    parts = take(fields, name, list)
    if [type(part) for part in parts] != list(kinds):
        found = ", ".join(type(part).__name__ for part in parts[: len(kinds) + 1])
        expected = ", ".join(kind.__name__ for kind in kinds)
        raise VerificationError(
            f"field {name} has the parts {found or 'none'}; expected {expected}"
        )
    return parts
