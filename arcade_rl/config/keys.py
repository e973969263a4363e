"""Every key that a configuration can have, with what it takes, its default and its documentation.

The models of the configuration are the only source: forms, the page `docs/configuration.md` and
`arcade-rl config keys` show what they say.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from arcade_rl.config.algorithms import ALL_HYPERPARAMETERS, DEFAULTS
from arcade_rl.config.models import AdaptiveRate, Config, Schedule, Train
from arcade_rl.config.recording import CRITERIA, CriterionTable

_LIMITS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the configuration, as a form or a page shows it."""

    name: str
    """Full name, as `--set` takes it: `train.gamma`."""
    type: str
    """What the key takes, with its limits: `int >= 1, <= 64`."""
    default: str
    """Value that holds where the configuration sets none, in TOML; "" where there is none and the
    key must be set."""
    meaning: str
    """Documentation in one line: meaning, unit, and what to beware of."""
    algorithms: tuple[str, ...] = ()
    """The algorithms that take a hyper-parameter; () for any other key."""

    @property
    def takers(self) -> str:
        """The sentence that says which algorithms take the key; "" where all do."""
        others = [name for name in DEFAULTS if name not in self.algorithms]
        if not self.algorithms or not others:
            return ""
        if len(others) < len(self.algorithms):
            return f"Refused by {', '.join(others)}."
        return f"Taken by {', '.join(self.algorithms)} alone."


@dataclass(frozen=True, slots=True)
class KeyTable:
    """The keys of one table of the configuration."""

    title: str
    """The table as TOML writes it: `[train]`, or a value such as `train.learning_rate = { start,
    end }`."""
    summary: str
    """What the table is for, in one line."""
    keys: tuple[Key, ...]


def key_tables() -> list[KeyTable]:
    """All tables of the configuration, in the order of the models."""
    tables = [KeyTable("top level", _line(Config.__doc__), tuple(_keys(Config, "")))]
    for name, model in _tables_in(Config):
        tables.append(_table(f"[{name}]", f"{name}.", model))
        for inner, shape in _tables_in(model):
            tables.append(_table(f"[{name}.{inner}]", f"{name}.{inner}.", shape))
        if model is Train:
            tables += [_rate(Schedule), _rate(AdaptiveRate)]
    return tables + [_criterion(name, kind) for name, kind in CRITERIA.items()]


def option_keys(model: type[BaseModel], prefix: str = "options.") -> list[Key]:
    """The options of a game, those of tables in them too."""
    inner = [
        key for name, table in _tables_in(model) for key in option_keys(table, f"{prefix}{name}.")
    ]
    return [*_keys(model, prefix), *inner]


def type_of(field: FieldInfo) -> str:
    """The type and the limits of a field as people write them: `"pixels" | "features"`, `int >= 1 |
    none`."""
    return _type_name(field.annotation) + _limits(field)


def _rate(model: type[BaseModel]) -> KeyTable:
    fields = ", ".join(model.model_fields)
    return _table(f"train.learning_rate = {{ {fields} }}", "train.learning_rate.", model)


def _criterion(name: str, kind: type[CriterionTable]) -> KeyTable:
    return _table(f'recording.criteria = [{{ name = "{name}" }}]', "recording.criteria[].", kind)


def _table(title: str, prefix: str, model: type[BaseModel]) -> KeyTable:
    return KeyTable(title, _line(model.__doc__), tuple(_keys(model, prefix)))


def _tables_in(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """The fields of a model that are tables of their own, also where they may be unset."""
    for name, field in model.model_fields.items():
        is_union = get_origin(field.annotation) in (Union, UnionType)
        parts = get_args(field.annotation) if is_union else (field.annotation,)
        kinds = [part for part in parts if part is not NoneType]
        if len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], BaseModel):
            yield name, kinds[0]


def _keys(model: type[BaseModel], prefix: str) -> Iterator[Key]:
    tables = dict(_tables_in(model))
    for name, field in model.model_fields.items():
        if name not in tables and not (issubclass(model, CriterionTable) and name == "name"):
            is_tuned = model is Train and name in ALL_HYPERPARAMETERS
            takers = tuple(a for a in DEFAULTS if name in DEFAULTS[a]) if is_tuned else ()
            default = _default_by_algorithm(name, takers) if takers else _default(field)
            kind = type_of(field).removesuffix(" | none")
            yield Key(f"{prefix}{name}", kind, default, _line(_described(model, name)), takers)


def _described(model: type[BaseModel], name: str) -> str:
    """What is written below a field in the class that has the field, or said of it otherwise."""
    owners = (kind for kind in model.__mro__ if name in inspect.get_annotations(kind))
    owner = next(owners, model)
    return model.model_fields[name].description or _docstrings(owner).get(name, "")


@cache
def _docstrings(kind: type) -> dict[str, str]:
    """The strings below the fields of a class, by field. Looking for them takes longer than making the
    class, which every command does. A class whose source is not there has none."""
    try:
        source = textwrap.dedent(inspect.getsource(kind))
    except (OSError, TypeError):
        return {}
    (defined,) = ast.parse(source).body
    assert isinstance(defined, ast.ClassDef)
    found = {}
    for field, below in pairwise(defined.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            found[field.target.id] = inspect.cleandoc(below.value.value)
    return found


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return ""
    return _written(value)


def _default_by_algorithm(name: str, takers: Sequence[str]) -> str:
    """`64; sb3:TRPO 128`: the default of most algorithms, then of those that have another."""
    values = {taker: _written(DEFAULTS[taker][name]) for taker in takers}
    usual = next(iter(values.values()))
    others = [f"{taker} {value}" for taker, value in values.items() if value != usual]
    return "; ".join([usual, *others])


def _written(value: Any) -> str:
    if value is None:
        return "unset"
    return _number(value) if type(value) is int else json.dumps(value)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _type_name(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        limits = (_limits(one) for one in parts[1:] if isinstance(one, FieldInfo))
        return _type_name(parts[0]) + "".join(limits)
    if origin in (Union, UnionType):
        return " | ".join(_type_name(part) for part in parts)
    if origin is Literal:
        return " | ".join(json.dumps(value) for value in parts)
    if origin is tuple:
        return f"[{', '.join('...' if part is ... else _type_name(part) for part in parts)}]"
    if origin in (list, Sequence):
        return f"[{_type_name(parts[0])}, ...]"
    if origin is dict:
        return f"{{ {_type_name(parts[0])} = {_type_name(parts[1])} }}"
    return _plain_name(annotation)


def _plain_name(annotation: Any) -> str:
    if annotation is NoneType:
        return "none"
    if not isinstance(annotation, type):
        return "value"
    if issubclass(annotation, CriterionTable):
        return json.dumps(annotation.model_fields["name"].default)
    if issubclass(annotation, BaseModel):
        return f"{{ {', '.join(annotation.model_fields)} }}"
    return annotation.__name__


def _limits(field: FieldInfo) -> str:
    said = [
        f" {sign} {_number(getattr(limit, name))}"
        for limit in field.metadata
        for name, sign in _LIMITS.items()
        if getattr(limit, name, None) is not None
    ]
    return ",".join(said)


def _number(value: float) -> str:
    """A number as TOML writes it, with its digits in groups where they are many."""
    if isinstance(value, int):
        return f"{value:_}" if abs(value) >= 10_000 else str(value)
    return f"{value:g}"
