"""Finished films: drawn, joined, with a still picture and a sidecar that tells their provenance."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from arcade_rl.playback.sources import check_cameras, declaration_of
from arcade_rl.playback.thumbnail import write_png
from arcade_rl.recording.versions import versions
from arcade_rl.video import joined
from arcade_rl.video.clip import Clip, Rendered
from arcade_rl.video.look import Look
from arcade_rl.video.pool import Job, Progress, render_all, tell_part
from arcade_rl.video.sidecar import thumbnail_of, write_sidecar
from arcade_rl.video.workshop import publish, refuse_taken, remove_others, workshop
from arcade_rl.video.writer import FilmFacts


def make_films(jobs: Sequence[Job], look: Look, force: bool, progress: Progress) -> None:
    """Make every job a film of its own, which is in place as soon as the film is finished.
    UsageError if a film exists and may not be replaced, or if a game does not have the camera."""
    refuse_taken([job.path for job in jobs], force)
    _refuse_camera(look, jobs)

    def put_in_place(number: int, one: Rendered) -> None:
        _tell(one.path, one.facts, [one])
        publish(one.path, jobs[number].path)

    with workshop(jobs[0].path) as folder:
        render_all([job.moved(folder) for job in jobs], look, progress, put_in_place)


def make_film(
    target: Path, clips: Sequence[Clip], look: Look, force: bool, keep: bool, progress: Progress
) -> FilmFacts:
    """Make one film of all clips, with a chapter for each. With `keep` the clips are films of their
    own too.

    Nothing is in place before everything is done. UsageError if a film exists and may not be
    replaced, or if a game does not have the camera.
    """
    refuse_taken([target, *(clip.path for clip in clips if keep)], force)
    _refuse_camera(look, clips)
    with workshop(target) as folder:
        film, rendered = folder / target.name, list[Rendered]()
        if keep or look.encoding.format.can_be_joined:
            rendered = render_all([clip.moved(folder) for clip in clips], look, progress)
        if look.encoding.format.can_be_joined:
            pieces = [joined.Piece(one.path, one.title) for one in rendered]
            facts = joined.join(film, pieces)
            shutil.copyfile(thumbnail_of(rendered[-1].path), thumbnail_of(film))
            _tell(film, facts, rendered)
        else:
            facts, shown = _draw_all(film, clips, look, progress)
            _tell(film, facts, shown)
        if keep:
            if force:
                remove_others(target.with_suffix(""), {clip.path for clip in clips})
            for one in rendered:
                _tell(one.path, one.facts, [one])
            for clip, one in zip(clips, rendered, strict=True):
                publish(one.path, clip.path)
        publish(film, target)
    return facts


def _refuse_camera(look: Look, jobs: Sequence[Job]) -> None:
    if look.appearance.camera is not None:
        check_cameras(look.appearance.camera, [source for job in jobs for source in job.sources])


def _draw_all(
    film: Path, clips: Sequence[Clip], look: Look, progress: Progress
) -> tuple[FilmFacts, list[Rendered]]:
    """Draw all clips into one film, of a format whose files cannot be joined."""
    rendered = []
    with look.open(film, declaration_of(clips[0].source).frame_rate, None) as writer:
        for k, clip in enumerate(clips):
            before = writer.frames
            still, provenance = clip.draw(writer, look, partial(tell_part, progress, k, len(clips)))
            frames = writer.frames - before
            facts = replace(writer.facts, frames=frames, seconds=frames / writer.rate)
            rendered.append(Rendered(film, clip.title, facts, (provenance,)))
    write_png(thumbnail_of(film), still)
    return writer.facts, rendered


def _tell(film: Path, facts: FilmFacts, clips: Sequence[Rendered]) -> None:
    """Write the sidecar of a film."""
    seconds = 0.0
    shown = []
    for clip in clips:
        shown.append(
            {
                "title": clip.title,
                "begins_s": seconds,
                "lasts_s": float(clip.facts.seconds),
                "episodes": list(clip.shown),
            }
        )
        seconds += float(clip.facts.seconds)
    provenance = {
        "command": sys.argv,
        "made": time.time(),
        "versions": versions(("av", "opencv-python")),
        "clips": shown,
    }
    write_sidecar(film, facts, provenance)
