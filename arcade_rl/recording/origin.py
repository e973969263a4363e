"""The origin of an episode: its game, options and configuration, and the installed versions."""

from __future__ import annotations

from typing import Any

from arcade_rl.config import Resolved, config_sha256
from arcade_rl.recording.versions import versions


def origin(resolved: Resolved) -> dict[str, Any]:
    """The fields of `Metadata` that every episode of an experiment shares."""
    config, declaration = resolved.config, resolved.declaration
    return {
        "game": config.game,
        "options": resolved.options.model_dump(mode="json"),
        "rom_sha256": declaration.rom_sha256,
        "versions": versions(declaration.packages),
        "config_sha256": config_sha256(config),
    }


def stage_name(resolved: Resolved, stage: int) -> str:
    """Name of a curriculum stage; "" for a game without stages."""
    stages = resolved.declaration.stages
    return stages[stage].name if stages else ""


def named(declared: Any, values: Any) -> dict[str, float]:
    """The values of metrics or terms, by the names that the game declares for them."""
    return {one.name: float(value) for one, value in zip(declared, values, strict=True)}
