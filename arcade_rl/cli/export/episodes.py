"""`arcade-rl export episode` and `batch`: films of recorded episodes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.episodes import filters
from arcade_rl.cli.export.making import folder_of, make, target_of
from arcade_rl.cli.export.options import (
    CLIP_SECONDS,
    VIDEOS_OR_HERE,
    PositionType,
    example,
    film_options,
)
from arcade_rl.cli.train import SEED, SET_OPTIONS
from arcade_rl.errors import MissingError, UsageError

if TYPE_CHECKING:
    from arcade_rl.playback.moments import Position
    from arcade_rl.video.look import Look


@click.command(
    epilog=example("episode first:123", "episode first:123 --start 20s --end 30s --preset gif-480")
)
@click.argument("reference", metavar="RUN:EPISODE|FILE|GAME:POLICY")
@SET_OPTIONS
@click.option("--seed", type=SEED, help="Seed of the game that GAME:POLICY plays.")
@click.option(
    "--start", type=PositionType(), help="Begin after so many steps (120) or seconds (12s)."
)
@click.option("--end", type=PositionType(), help="End after so many steps or seconds.")
@CLIP_SECONDS
@film_options(place=VIDEOS_OR_HERE)
def episode(
    reference: str, assignments: tuple[str, ...], seed: int | None, start: Position | None, end: Position | None, clip_seconds: Fraction | None, look: Look,
    out: Path | None, force: bool, runs_dir: str | None,
) -> None:  # fmt: skip
    """Make a film of a recorded episode, of one that a game's own policy plays, or of a part."""
    from arcade_rl.playback.moments import Excerpt
    from arcade_rl.playback.references import (
        find_recorded,
        find_source,
        names_built_in,
        open_episode,
    )
    from arcade_rl.video.clip import Clip

    if names_built_in(reference):
        played = find_source(reference, runs_dir, seed, assignments=assignments)
        target = target_of(out, Path(), reference.replace(":", "_"), look)
        excerpt = Excerpt(start, end, clip_seconds)
        make([Clip(target, played, reference, excerpt=excerpt)], look, force)
        return
    if assignments or seed is not None:
        raise UsageError(f"--set and --seed are for GAME:POLICY; {reference} was recorded")
    number = open_episode(reference, runs_dir).number
    source, videos = find_recorded(reference, runs_dir)
    target = target_of(out, videos or Path(), f"episode_{number:06d}", look)
    excerpt = Excerpt(start, end, clip_seconds)
    make([Clip(target, source, f"episode {number}", excerpt=excerpt)], look, force)


@click.command(
    short_help="Make a film of every recorded episode that filters choose.",
    epilog=example('batch first --metric "score>=20" --sort -score --limit 10'),
)
@click.argument("reference", metavar="RUN")
@filters
@CLIP_SECONDS
@film_options()
def batch(
    reference: str, where: tuple[str, ...], clip_seconds: Fraction | None, look: Look, out: Path | None,
    force: bool, runs_dir: str | None, **wanted: Any,
) -> None:  # fmt: skip
    """Make a film of every recorded episode that the filters of `episodes list` choose."""
    from arcade_rl.playback.library import Run, select
    from arcade_rl.playback.moments import Excerpt
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
                path=folder / look.file_name(f"episode_{row.number:06d}"),
                source=RecordedSource(run.path, row.number),
                title=f"episode {row.number}",
                episode=k,
                episodes=len(rows),
                excerpt=Excerpt(limit=clip_seconds),
            )
            for k, row in enumerate(rows, 1)
        ],
        look,
        force,
    )
