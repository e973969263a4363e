"""The files beside a film: a still picture, and a sidecar in JSON with the film's facts and
provenance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from arcade_rl.runs.files import canonical_json, sha256_of, write_atomically
from arcade_rl.video.writer import FilmFacts


def thumbnail_of(film: Path) -> Path:
    """Where the still picture of a film lies."""
    return film.with_name(f"{film.name}.png")


def sidecar_of(film: Path) -> Path:
    """Where the sidecar of a film lies."""
    return film.with_name(f"{film.name}.json")


def write_sidecar(film: Path, facts: FilmFacts, provenance: Mapping[str, object]) -> Path:
    """Write the sidecar of a finished film, over an older sidecar, and return its path."""
    content = {
        "film": {
            "name": film.name,
            "sha256": sha256_of(film),
            "bytes": film.stat().st_size,
            "width": facts.width,
            "height": facts.height,
            "rate": str(facts.rate),
            "frames": facts.frames,
            "seconds": float(facts.seconds),
            "has_sound": facts.has_sound,
        },
        "provenance": provenance,
    }
    path = sidecar_of(film)
    write_atomically(path, canonical_json(content))
    return path
