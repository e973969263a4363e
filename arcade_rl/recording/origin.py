"""The origin of an episode: its game, options and configuration, and the installed versions."""

from __future__ import annotations

import time
from typing import Any

from arcade_rl.config import Resolved, config_sha256
from arcade_rl.recording.recording import Metadata
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


def unplayed(resolved: Resolved, run: str, stage: int) -> Metadata:
    """What is known of an episode of evaluations before its first step, where no checkpoint plays."""
    now, declaration = time.time(), resolved.declaration
    return Metadata(
        **origin(resolved),
        run=run,
        number=1,
        chunk=-1,
        environment=0,
        step_start=0,
        step_end=0,
        progress=0.0,
        purpose="evaluation",
        checkpoint=-1,
        stage=stage,
        stage_name=stage_name(resolved, stage),
        reasons=[],
        started=now,
        ended=now,
        length=0,
        raw_return=0.0,
        shaped_return=0.0,
        truncated=False,
        opponent="",
        metrics=dict.fromkeys((it.name for it in declaration.metrics), 0.0),
        terms=dict.fromkeys((it.name for it in declaration.terms), 0.0),
    )


def stage_name(resolved: Resolved, stage: int) -> str:
    """Name of a curriculum stage; "" for a game without stages."""
    stages = resolved.declaration.stages
    return stages[stage].name if stages else ""


def named(declared: Any, values: Any) -> dict[str, float]:
    """The values of metrics or terms, by the names that the game declares for them."""
    return {one.name: float(value) for one, value in zip(declared, values, strict=True)}
