"""`arcade-rl export picture`: a moment of an episode as PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arcade_rl.cli.episodes import expect_place, expect_png
from arcade_rl.cli.export.making import is_folder
from arcade_rl.cli.export.options import VIDEOS_OR_HERE, PositionType, example, film_options

if TYPE_CHECKING:
    from arcade_rl.playback.moments import Position
    from arcade_rl.playback.sources import Source
    from arcade_rl.video.look import Look


@click.command(
    short_help="Draw one moment of an episode as PNG.",
    epilog=example("picture first:123 --at 50", "picture first@best --at 12s --overlay minimal"),
)
@click.argument("reference", metavar="RUN:EPISODE|RUN@CKPT|FILE")
@click.option(
    "--at",
    type=PositionType(),
    help="After so many steps (50) or seconds (12s) (default: the end).",
)
@film_options(moves=False, place=VIDEOS_OR_HERE)
def picture(
    reference: str, at: Position | None, look: Look, out: Path | None, force: bool, runs_dir: str | None
) -> None:  # fmt: skip
    """Draw one moment of an episode as a PNG file, as a film of it looks there.

    A checkpoint plays the first episode of its run's [evaluation].
    """
    from arcade_rl.playback.references import find_source
    from arcade_rl.playback.thumbnail import write_png
    from arcade_rl.video.still import draw_still

    if out is not None and not is_folder(out):
        expect_png(out)
        expect_place(out, force)
    source = find_source(reference, runs_dir)
    frame, step = draw_still(source, at, look)
    folder, name = _usual_place(source)
    target = out or folder
    if out is None or is_folder(out):
        target /= f"{name}_step_{step}{look.mark}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        expect_place(target, force)
    write_png(target, frame)
    click.echo(target)


def _usual_place(source: Source) -> tuple[Path, str]:
    """Folder of a picture, and the beginning of its name."""
    from arcade_rl.playback.sources import (
        BuiltInSource,
        FiledSource,
        LiveSource,
        PlayedSource,
        RecordedSource,
    )
    from arcade_rl.runs.directory import RunDirectory

    match source:
        case FiledSource():
            return Path(), source.path.name.partition(".")[0]
        case BuiltInSource():
            return Path(), f"{source.game}_{source.policy}"
        case RecordedSource():
            name = f"episode_{source.number:06d}"
        case PlayedSource():
            name = f"checkpoint_{source.chunk}"
        case LiveSource():
            name = f"environment_{source.performance.environment}"
    return RunDirectory(source.run).videos, name
