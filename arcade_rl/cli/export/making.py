"""Where films go, and how they are made with their progress shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arcade_rl.errors import UsageError

if TYPE_CHECKING:
    from arcade_rl.video.clip import Clip
    from arcade_rl.video.look import Look
    from arcade_rl.video.pool import Job


def is_folder(out: Path) -> bool:
    """Whether `--out` means a directory."""
    return out.is_dir() or not out.suffix


def target_of(out: Path | None, folder: Path, name: str, look: Look) -> Path:
    """The file that `--out` means: without it one in `folder`, and in a directory one that is named
    after `name` and the preset."""
    if out is None or is_folder(out):
        return (out or folder) / look.file_name(name)
    return out


def folder_of(out: Path | None, default: Path) -> Path:
    if out is not None and not is_folder(out):
        raise UsageError(f"--out {out} is a file; expected a directory for several films")
    return out or default


def refuse_film(target: Path, force: bool) -> None:
    """Refuse a film that exists, before anything is played for it. UsageError."""
    from arcade_rl.video.workshop import refuse_taken

    refuse_taken([target], force)


def make(jobs: Sequence[Job], look: Look, force: bool) -> None:
    """Make every job a film of its own."""
    from arcade_rl.cli.counter import counted
    from arcade_rl.video.production import make_films

    with counted("clips") as progress:
        make_films(jobs, look, force, progress)
    for job in jobs:
        click.echo(job.path)


def join(target: Path, clips: Sequence[Clip], look: Look, force: bool, keep: bool) -> float:
    """Make one film, and return its duration in seconds. With `keep` the clips stay, in a directory
    beside the film."""
    from arcade_rl.cli.counter import counted
    from arcade_rl.video.production import make_film

    with counted("clips") as progress:
        facts = make_film(target, clips, look, force, keep, progress)
    click.echo(target)
    return float(facts.seconds)
