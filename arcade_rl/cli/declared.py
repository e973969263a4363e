"""What a game declares, as data and as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from arcade_rl.cli.output import paragraph, table
from arcade_rl.config import Resolved
from arcade_rl.config.keys import type_of
from arcade_rl.contracts import Button, Declaration

_LABEL = 13


def describe(resolved: Resolved) -> dict[str, Any]:
    """Everything that the game declares under its options, as plain data."""
    game, declaration = resolved.game, resolved.declaration
    size = declaration.frame_size
    return {
        "game": game.name,
        "title": declaration.title,
        "summary": game.summary,
        "protocol": declaration.protocol,
        "frame_rate": str(declaration.frame_rate),
        "frame_size": None if size is None else list(size),
        "pixel_aspect": str(declaration.pixel_aspect),
        "main_metric": declaration.main_metric,
        "headline": declaration.headline_metric.name,
        "options": _options(resolved.options),
        "actions": list(declaration.actions),
        "features": list(declaration.features),
        "feature_groups": [asdict(group) for group in declaration.feature_groups],
        "metrics": [asdict(metric) for metric in declaration.metrics],
        "terms": [
            {**asdict(term), "weight": weight}
            for term, weight in zip(declaration.terms, resolved.weights, strict=True)
        ],
        "stages": [asdict(stage) for stage in declaration.stages],
        "replay": declaration.replay,
        "reruns": declaration.reruns,
        "cameras": list(declaration.cameras),
        "tracks": list(declaration.tracks),
        "gauges": [asdict(gauge) for gauge in declaration.gauges],
        "seats": list(declaration.seats),
        "opponents": [asdict(opponent) for opponent in declaration.opponents],
        "timed": declaration.timed,
        "buttons": [asdict(button) for button in _buttons(declaration)],
        "start_states": declaration.start_states,
        "memory_bytes": declaration.memory_bytes,
    }


def _buttons(declaration: Declaration) -> Sequence[Button]:
    """What people press; nothing in a game that people cannot play."""
    return () if declaration.pressed is None else declaration.pressed.buttons


def write(described: Mapping[str, Any]) -> None:
    """Write the description to stdout as people read it."""
    paragraph(f"{described['game']}: {described['summary']}", len(described["game"]) + len(": "))
    _fact("protocol", described["protocol"])
    aspect = described["pixel_aspect"]
    aspect = "" if aspect == "1" else f" (each {aspect} as wide as high)"
    size = described["frame_size"]
    drawn = "as large as they are drawn" if size is None else f"{size[0]} x {size[1]} pixel"
    _fact("frames", f"{drawn}{aspect}, {described['frame_rate']} a second")
    _fact("main metric", described["main_metric"])
    _fact("actions", ", ".join(described["actions"]))
    if described["replay"] == "states":
        again = (
            "and are played again where they can be"
            if described["reruns"]
            else "and are never played again"
        )
        _fact("recordings", f"hold states {again}")
    if len(described["seats"]) > 1:
        first, *others = described["seats"]
        _fact("seats", f"{first}, the learner's; {', '.join(others)}")
    if described["timed"]:
        _fact("steps", "differ in length")
    pressed = [f"{it['name']} ({', '.join(it['keys'])})" for it in described["buttons"]]
    _fact("people press", ", ".join(pressed) or "nothing: only agents play")
    if described["cameras"]:
        _fact("cameras", ", ".join(described["cameras"]))
    if described["tracks"]:
        _fact("tracks", ", ".join(described["tracks"]))
    options = [{**option, **_written(option)} for option in described["options"]]
    _section("options", options, ("name", "type", "default", "value"))
    _section(
        "metrics",
        described["metrics"],
        ("name", "label", "unit", "better", "aggregation", "format"),
    )
    _section("terms", described["terms"], ("name", "weight", "measures"))
    _section("gauges", described["gauges"], ("name", "low", "high", "unit"))
    _section("opponents", described["opponents"], ("name", "summary"))
    _section("stages", [_readable(stage) for stage in described["stages"]], ("name", "summary", "promotion"))  # fmt: skip


def _options(options: BaseModel) -> list[dict[str, Any]]:
    model = type(options)
    defaults = {
        name: None if field.is_required() else _default(model, name, field)
        for name, field in model.model_fields.items()
    }
    return list(_settable(options, defaults))


def _settable(
    options: BaseModel, defaults: Mapping[str, Any] | None, prefix: str = ""
) -> Iterator[dict[str, Any]]:
    """Every option that can be set, under the name that `--set options.NAME` takes. For a table
    these are the options in it."""
    values = options.model_dump(mode="json")
    for name, field in type(options).model_fields.items():
        inner, default = getattr(options, name), defaults[name] if defaults else None
        if isinstance(inner, BaseModel):
            yield from _settable(inner, default, f"{prefix}{name}.")
        else:
            yield {
                "name": f"{prefix}{name}",
                "type": type_of(field),
                "default": default,
                "value": values[name],
            }


def _default(model: type[BaseModel], name: str, field: FieldInfo) -> Any:
    """The default of a field as a JSON value."""
    blank = model.model_construct(**{name: field.get_default(call_default_factory=True, validated_data={})})  # fmt: skip
    return blank.model_dump(mode="json", include={name}).get(name)


def _readable(stage: Mapping[str, Any]) -> dict[str, Any]:
    rule = stage["promotion"]
    promotion = (
        f"{rule['metric']} at least {rule['at_least']} over {rule['episodes']} episodes"
        if rule
        else "the last stage"
    )
    return {**stage, "promotion": promotion}


def _written(option: Mapping[str, Any]) -> dict[str, str]:
    """Default and value as a configuration writes them."""
    return {
        key: "none" if option[key] is None else json.dumps(option[key])
        for key in ("default", "value")
    }


def _fact(label: str, text: str) -> None:
    paragraph(f"{label:<{_LABEL}}{text}", indent=_LABEL)


def _section(title: str, items: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> None:
    if not items:
        return
    click.echo(f"\n{title}")
    rows = [[_cell(item[column]) for column in columns] for item in items]
    table(columns, rows)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
