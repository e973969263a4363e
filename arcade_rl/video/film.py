"""From rendered clips to finished films: joined or one by one, each with what proves where it is from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from arcade_rl.video.look import Look
from arcade_rl.video.pool import Job, Progress, render_all


def make_films(jobs: Sequence[Job], look: Look, force: bool, progress: Progress) -> list[Path]:
    """Every job as a film of its own. UsageError if one exists and may not be replaced."""
    refuse_existing([job.path for job in jobs], force)
    rendered = render_all(jobs, look, force, progress)
    for one in rendered:
        _finish(one.path, [one], look)
    return [one.path for one in rendered]
