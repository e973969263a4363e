"""Scenes as plain values and back, so that another process, or a browser, can draw what a film
draws.

Every dataclass becomes a dict of its fields, every array a dict of dtype, shape and bytes, and
every fraction a text such as "12/7". Where a field may hold several dataclasses, the dict names the
class under "kind". Numbers that are not finite are texts, since JSON has no such numbers. With
`text=True` bytes become base64, so that JSON can hold the result; otherwise bytes stay bytes, as
MessagePack takes them.
"""

from __future__ import annotations

import base64
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

import numpy as np

from arcade_rl.errors import VerificationError
from arcade_rl.overlay.scene import Card, Scene

Plain: TypeAlias = Any
"""None, bool, int, float, str, bytes, or a list or dict of these."""

_NOT_FINITE = ("nan", "inf", "-inf")
_DTYPES = frozenset(["b1", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"])


def scene_to_plain(scene: Scene, text: bool = False) -> dict[str, Plain]:
    """The plain form of a scene, with the frame on show and without the other frames of its
    step."""
    alone = replace(scene, frames=(scene.frame,), index=0)
    plain: dict[str, Plain] = _plain(alone, Scene, _as_text if text else bytes)
    return plain


def scene_from_plain(plain: Mapping[str, Plain]) -> Scene:
    """The scene of a plain form. VerificationError, which says where, for a value that is no
    scene."""
    scene: Scene = _value(plain, Scene, "scene")
    return scene


def card_to_plain(card: Card) -> dict[str, Plain]:
    """The plain form of a title card, which JSON can hold."""
    plain: dict[str, Plain] = _plain(card, Card, bytes)
    return plain


def card_from_plain(plain: Mapping[str, Plain]) -> Card:
    """The title card of a plain form. VerificationError, which says where, for a value that is no
    card."""
    card: Card = _value(plain, Card, "card")
    return card


# --- to plain values -------------------------------------------------------------------------------


def _plain(value: Any, expected: Any, pack: Callable[[bytes], Plain]) -> Plain:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
        dtype = array.dtype.str.lstrip("<|")
        return {"dtype": dtype, "shape": list(value.shape), "bytes": pack(array.tobytes())}
    if is_dataclass(value) and not isinstance(value, type):
        hints = _hints(value.__class__)
        content = {name: _plain(getattr(value, name), hint, pack) for name, hint in hints.items()}
        if len(_dataclasses(expected)) > 1:
            content["kind"] = type(value).__name__
        return content
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Sequence):
        return [_plain(item, _item(expected, k), pack) for k, item in enumerate(value)]
    if isinstance(value, int | np.integer):
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else str(number)


def _as_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


# --- from plain values -----------------------------------------------------------------------------


def _value(plain: Plain, expected: Any, where: str) -> Any:
    kinds = _kinds(expected)
    if plain is None and type(None) in kinds:
        return None
    known = _dataclasses(expected)
    if known:
        return _record(plain, known, where)
    (kind,) = [one for one in kinds if one is not type(None)]
    if kind is Fraction and isinstance(plain, str):
        return _fraction(plain, where)
    if get_origin(kind) is np.ndarray:
        return _array(plain, where)
    if get_origin(kind) in (tuple, Sequence):
        items = _require(plain, list | tuple, where)
        return tuple(_value(it, _item(kind, k), f"{where}[{k}]") for k, it in enumerate(items))
    if kind is float:
        return _number(plain, where)
    if get_origin(kind) is Literal:
        if plain not in get_args(kind):
            raise _refusal(plain, f"one of {get_args(kind)}", where)
        return plain
    if isinstance(plain, bool) and kind is not bool:
        raise _refusal(plain, f"{kind.__name__}", where)
    return _require(plain, kind, where)


def _record(plain: Plain, known: Sequence[Any], where: str) -> Any:
    content = _require(plain, Mapping, where)
    kinds = {kind.__name__: kind for kind in known}
    name = content.get("kind") if len(known) > 1 else known[0].__name__
    if name not in kinds:
        raise _refusal(name, f"one of {', '.join(kinds)}", f"{where}.kind")
    hints = _hints(kinds[name])
    missing = [name for name in hints if name not in content]
    if missing:
        raise _refusal("nothing", "a value", f"{where}.{missing[0]}")
    values = {name: _value(content[name], hint, f"{where}.{name}") for name, hint in hints.items()}
    return kinds[name](**values)


def _array(plain: Plain, where: str) -> Any:
    content = _require(plain, Mapping, where)
    dtype, shape, packed = (content.get(name) for name in ("dtype", "shape", "bytes"))
    if dtype not in _DTYPES:
        raise _refusal(dtype, "a dtype such as f4", f"{where}.dtype")
    sides = [_require(side, int, f"{where}.shape") for side in _require(shape, list | tuple, where)]
    if min(sides, default=0) < 0:
        raise _refusal(sides, "sides of 0 or more", f"{where}.shape")
    try:
        data = base64.b64decode(packed, validate=True) if isinstance(packed, str) else bytes(packed)
        array = np.frombuffer(data, f"<{dtype}").reshape(sides)
    except (ValueError, TypeError) as error:
        raise VerificationError(f"{where} is no array of {dtype} {sides}: {error}") from error
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _fraction(plain: str, where: str) -> Fraction:
    try:
        return Fraction(plain)
    except (ValueError, ZeroDivisionError):
        raise _refusal(plain, "a fraction such as 12/7", where) from None


def _number(plain: Plain, where: str) -> float:
    if isinstance(plain, str) and plain in _NOT_FINITE:
        return float(plain)
    if isinstance(plain, bool):
        raise _refusal(plain, "a number", where)
    number: float = _require(plain, int | float, where)
    return number


def _require(plain: Plain, kind: Any, where: str) -> Any:
    if not isinstance(plain, kind):
        expected = getattr(kind, "__name__", str(kind))
        raise _refusal(plain, expected, where)
    return plain


def _refusal(plain: Plain, expected: str, where: str) -> VerificationError:
    return VerificationError(f"{where} is {plain!r:.60}; expected {expected}")


# --- what the fields of dataclasses hold -----------------------------------------------------------


@lru_cache
def _hints(kind: Any) -> dict[str, Any]:
    """The type of each field of a dataclass, by the field's name."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _kinds(expected: Any) -> tuple[Any, ...]:
    """The types that a field may hold."""
    if get_origin(expected) in (Union, types.UnionType):
        return get_args(expected)
    return (expected,)


def _dataclasses(expected: Any) -> tuple[Any, ...]:
    return tuple(kind for kind in _kinds(expected) if is_dataclass(kind))


def _item(expected: Any, place: int) -> Any:
    """The type that a sequence holds at this place."""
    (kind,) = [one for one in _kinds(expected) if one is not type(None)]
    given = get_args(kind)
    if get_origin(kind) is tuple and not (len(given) == 2 and given[1] is Ellipsis):
        return given[place]
    return given[0]
