"""`arcade-rl export episode` and `batch`: films of recorded episodes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.episodes import EPISODE, filters
from arcade_rl.cli.export.making import folder_of, make, target_of
from arcade_rl.cli.export.options import film_options
from arcade_rl.errors import MissingError

if TYPE_CHECKING:
    from arcade_rl.video.look import Look


@click.command()
@EPISODE
@film_options()
def episode(
    reference: str, look: Look, out: Path | None, force: bool, runs_dir: str | None
) -> None:
    """Make a film of a recorded episode."""
    from arcade_rl.playback.references import find_recorded, open_episode
    from arcade_rl.video.clip import Clip

    number = open_episode(reference, runs_dir).number
    source, videos = find_recorded(reference, runs_dir)
    name = f"episode_{number:06d}"
    target = target_of(out, (videos or Path()) / f"{name}{look.encoding.format.suffix}", name, look)
    make([Clip(target, source, f"episode {number}")], look, force)


@click.command(short_help="Make a film of every recorded episode that filters choose.")
@click.argument("reference", metavar="RUN")
@filters
@film_options()
def batch(
    reference: str, where: tuple[str, ...], look: Look, out: Path | None, force: bool,
    runs_dir: str | None, **wanted: Any,
) -> None:  # fmt: skip
    """Make a film of every recorded episode that the filters of `episodes list` choose."""
    from arcade_rl.playback.library import Run, select
    from arcade_rl.playback.sources import RecordedSource
    from arcade_rl.runs.episodes import find_episodes
    from arcade_rl.video.clip import Clip

    run = Run(reference, runs_dir).directory
    rows = list(find_episodes(run, select(*where, **wanted)))
    if not rows:
        raise MissingError(
            f"{run.name} has no recorded episode that meets all that; see `arcade-rl episodes list`"
        )
    folder = folder_of(out, run.videos)
    make(
        [
            Clip(
                path=folder / f"episode_{row.number:06d}{look.encoding.format.suffix}",
                source=RecordedSource(run.path, row.number),
                title=f"episode {row.number}",
                episode=k,
                episodes=len(rows),
            )
            for k, row in enumerate(rows, 1)
        ],
        look,
        force,
    )
