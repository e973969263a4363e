"""The content of files as dataclasses. Every value is checked, as a file may come from a
stranger."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from arcade_rl.errors import VerificationError
from arcade_rl.runs.schema import LARGEST

T = TypeVar("T")


def parsed(data: bytes) -> Any:
    """The value that this JSON describes. ValueError, in one line, if the bytes are no JSON."""
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def built(kind: type[T], values: Any) -> T:
    """A dataclass made of plain values. ValueError, in one line, if a field is missing, unknown or
    of another type, or if a whole number has more than 64 bits."""
    if not isinstance(values, dict):
        raise ValueError(f"it is a {type(values).__name__}; expected fields and their values")
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown := values.keys() - known:
        raise ValueError(f"it has fields that nobody knows: {', '.join(map(str, sorted(unknown)))}")
    _expect_64_bits(values, "")
    try:
        checked: T = _adapter(cast(Any, kind)).validate_json(json.dumps(values), strict=True)
        return checked
    except TypeError as error:  # a value that JSON does not have, such as bytes
        raise ValueError(str(error)) from None
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(map(str, fault["loc"]))
        raise ValueError(f"{name}: {fault['msg'][:1].lower()}{fault['msg'][1:]}") from None


def built_of_row(kind: type[T], values: Any) -> T:
    """A dataclass made of a row of run.db, by `built`. VerificationError if the row has impossible
    values."""
    try:
        return built(kind, values)
    except ValueError as error:
        raise unsound(kind, error) from None


def unsound(kind: type, error: object) -> VerificationError:
    """The error for a row of run.db that has impossible values."""
    return VerificationError(
        f"run.db has a {kind.__name__} that cannot be ({error}); "
        "rebuild it with `arcade-rl runs reindex`"
    )


def _expect_64_bits(value: Any, name: str) -> None:
    if isinstance(value, int) and abs(value) > LARGEST:
        raise ValueError(f"{name} is a number of {value.bit_length()} bits; expected at most 63")
    items = enumerate(value) if isinstance(value, list) else ()
    for key, item in value.items() if isinstance(value, dict) else items:
        _expect_64_bits(item, f"{name}.{key}" if name else str(key))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
