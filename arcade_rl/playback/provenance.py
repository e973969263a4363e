"""Where a shown episode comes from, in the form that sidecar files and pages give."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from arcade_rl.recording.recording import Recording
from arcade_rl.runs.checkpoints import MANIFEST
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.files import sha256_of
from arcade_rl.runs.origins import Fork, Imported


def provenance_of(recording: Recording, chosen: str, checkpoint: Path | None) -> dict[str, Any]:
    """Where an episode comes from. `chosen`: how its actions were chosen; `checkpoint`: folder of
    the checkpoint that played it, where that is known."""
    metadata = recording.metadata
    manifest = None if checkpoint is None else checkpoint / MANIFEST
    origin = None if checkpoint is None else RunDirectory(checkpoint.parent.parent).origin
    played = {} if recording.play is None else {"played": asdict(recording.play)}
    return {
        "run": metadata.run,
        "game": metadata.game,
        "purpose": metadata.purpose,
        "episode": metadata.number if metadata.purpose == "training" else None,
        "seed": recording.start.seed,
        "actions": chosen,
        "opponent": metadata.opponent or None,
        "checkpoint": metadata.checkpoint,
        "checkpoint_sha256": sha256_of(manifest) if manifest and manifest.is_file() else None,
        "imported": asdict(origin) if isinstance(origin, Imported) else None,
        "forked": asdict(origin) if isinstance(origin, Fork) else None,
        "steps": metadata.length,
        "return": metadata.raw_return,
        "metrics": metadata.metrics,
        "rom_sha256": metadata.rom_sha256,
        "versions": metadata.versions,
        **played,
    }
