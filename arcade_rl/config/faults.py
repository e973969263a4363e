"""What is wrong with values, in the project's words: pydantic finds the faults, and its sentences
stay out of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

LONGEST = 60
"""Most letters of a value that a message shows."""

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number that is neither infinite nor nan",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "too_short": "{min_length} values or more",
    "too_long": "{max_length} values or fewer",
    "string_too_short": "{min_length} letters or more",
    "string_too_long": "{max_length} letters or fewer",
    "union_tag_invalid": "one of {expected_tags}",
}
"""What was expected where pydantic finds a fault of each kind."""


def describe(
    error: ValidationError,
    values: Any,
    origins: Mapping[str, str] | None = None,
    table: str = "",
) -> str:
    """All faults in one line, each with its key and, where `origins` knows the key, its origin.
    `values` are the ones that were checked: all, or those of `table`."""
    found: dict[tuple[str, str], list[str]] = {}
    for fault in error.errors():
        key = _key(fault["loc"], values, table, fault["type"] == "missing")
        own, expected = _own_words(fault), _expectation(fault)
        told = found.setdefault((key, own or f"{shown(fault['input'])}: expected "), [])
        if not own and expected not in told:
            told.append(expected)
    keys = [key for key, _ in found]
    return "; ".join(
        ": ".join(filter(None, (_origin(key, origins or {}), key, text + " or ".join(expected))))
        for (key, text), expected in found.items()
        if not any(other != key and is_within(other, key) for other in keys if key)
    )


def shown(value: object) -> str:
    """A value as messages show it, cut off where it is long."""
    try:
        return cut(repr(value))
    except ValueError:  # Python writes no numbers of more than 4,300 digits
        return "a number of thousands of digits"


def cut(text: str) -> str:
    """The beginning of a text that is too long for a message."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def is_within(key: str, table: str) -> bool:
    """Whether `key` is `table` or lies in it, as `a.b` and `a[0]` lie in `a`."""
    return key == table or key.startswith((f"{table}.", f"{table}["))


def _own_words(fault: Any) -> str:
    """The message of a check of our own, or of a fault that has no value to show; "" for any
    other."""
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    return {"extra_forbidden": "there is no such key", "missing": "it is missing"}.get(
        fault["type"], ""
    )


def _expectation(fault: Any) -> str:
    context = {
        name: f"{value:,}" if isinstance(value, int) else value
        for name, value in fault.get("ctx", {}).items()
    }
    words = _EXPECTED.get(fault["type"])
    if words is None:
        return str(fault["msg"]).removeprefix("Input should be ")
    return words.format(**{**context, **_short(context)})


def _short(context: Mapping[str, Any]) -> dict[str, str]:
    return {name: f"{value:g}" for name, value in context.items() if isinstance(value, float)}


def _key(loc: Sequence[int | str], values: Any, table: str, is_missing: bool) -> str:
    """The key of the fault in the values, from the parts of pydantic's path that are keys or places
    there. The other parts are pydantic's names for the alternatives that it tried."""
    key, current = table, values
    for place, part in enumerate(loc, start=1):
        if isinstance(current, Mapping) and (part in current or (is_missing and place == len(loc))):
            key, current = f"{key}.{part}" if key else str(part), current.get(part)
        elif isinstance(part, int) and isinstance(current, list | tuple):
            key, current = f"{key}[{part}]", current[part]
    return key


def _origin(key: str, origins: Mapping[str, str]) -> str:
    return next((o for k, o in origins.items() if is_within(k, key) or is_within(key, k)), "")
