"""Finished films: drawn, joined, with a still picture and a sidecar that says where all is from."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from arcade_rl.errors import UsageError
from arcade_rl.recording.versions import versions
from arcade_rl.video import joined
from arcade_rl.video.clip import Clip, Rendered
from arcade_rl.video.look import Look
from arcade_rl.video.pool import Job, Progress, render_all
from arcade_rl.video.sidecar import write_sidecar
from arcade_rl.video.sources import game_of
from arcade_rl.video.thumbnail import thumbnail_of
from arcade_rl.video.writer import FilmFacts


def make_films(jobs: Sequence[Job], look: Look, force: bool, progress: Progress) -> None:
    """Every job as a film of its own. UsageError if one exists and may not be replaced."""
    for job in jobs:
        _prepare(job.path, force)
    for one in render_all(jobs, look, force, progress):
        _tell(one.path, one.facts, [one])


def make_film(
    target: Path, clips: Sequence[Clip], look: Look, force: bool, keep: bool, progress: Progress
) -> FilmFacts:
    """All clips as one film with a chapter for each. `keep`: the clips are films of their own too.

    Nothing is in place before everything is done. UsageError if a film exists and may not be replaced.
    """
    for path in [target, *(clip.path for clip in clips if keep)]:
        _prepare(path, force)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
        staged = [replace(clip, path=Path(folder) / clip.path.name) for clip in clips]
        rendered = render_all(staged, look, False, progress)
        if look.format.can_be_joined:
            parts = [joined.Clip(one.path, one.title) for one in rendered]
            facts = joined.join(target, parts, force)
        else:
            facts = _draw_all(target, clips, look, force)
        shutil.copyfile(thumbnail_of(rendered[-1].path), thumbnail_of(target))
        if keep:
            for clip, one in zip(clips, rendered, strict=True):
                os.replace(one.path, clip.path)
                os.replace(thumbnail_of(one.path), thumbnail_of(clip.path))
                _tell(clip.path, one.facts, [one])
    _tell(target, facts, rendered)
    return facts


def _prepare(path: Path, force: bool) -> None:
    """Make its folder. UsageError if the film exists and may not be replaced."""
    if path.exists() and not force:
        raise UsageError(f"{path} exists already; give another name with --out, or --force")
    path.parent.mkdir(parents=True, exist_ok=True)


def _draw_all(target: Path, clips: Sequence[Clip], look: Look, force: bool) -> FilmFacts:
    """One film of a format whose files cannot be joined."""
    with look.open(target, game_of(clips[0].source).frame_rate, None, force) as film:
        for clip in clips:
            clip.draw(film, look, lambda _: None)
    return film.facts


def _tell(path: Path, facts: FilmFacts, clips: Sequence[Rendered]) -> None:
    """Write the sidecar of a film."""
    seconds = 0.0
    shown = []
    for clip in clips:
        shown.append({"title": clip.title, "begins_s": seconds, "episodes": list(clip.shown)})
        seconds += float(clip.facts.seconds)
    provenance = {
        "command": sys.argv,
        "made": time.time(),
        "versions": versions(("av", "opencv-python")),
        "clips": shown,
    }
    write_sidecar(path, facts, provenance)
