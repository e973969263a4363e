"""What files hold, as the dataclasses that describe it. A file may come from a stranger."""

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
    """The value that this JSON describes. ValueError, in one line, if it is none."""
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def built(kind: type[T], values: Any) -> T:
    """A dataclass of plain values. ValueError, in one line, if a field is missing, unknown, of another
    type, or a whole number of more than 64 bits."""
    if not isinstance(values, dict):
        raise ValueError(f"it is a {type(values).__name__}; expected fields and their values")
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown := values.keys() - known:
        raise ValueError(f"it has fields that nobody knows: {', '.join(map(str, sorted(unknown)))}")
    _expect_64_bits(values, "")
    try:
        checked: T = _adapter(cast(Any, kind)).validate_json(json.dumps(values), strict=True)
        return checked
    except TypeError as error:  # bytes of a database, say
        raise ValueError(str(error)) from None
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(map(str, fault["loc"]))
        raise ValueError(f"{name}: {fault['msg'][:1].lower()}{fault['msg'][1:]}") from None


def built_of_row(kind: type[T], values: Any) -> T:
    """As `built`, of a row of run.db. VerificationError."""
    try:
        return built(kind, values)
    except ValueError as error:
        raise unsound(kind, error) from None


def unsound(kind: type, error: object) -> VerificationError:
    """What is said of a row of run.db that cannot be."""
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
