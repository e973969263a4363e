"""`arcade-rl export milestones` and `timelapse`: films of a whole training."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.evaluate import OPPONENT
from arcade_rl.cli.export.making import join, refuse_film, target_of
from arcade_rl.cli.export.options import (
    ACTIONS,
    CLIP_SECONDS,
    FROM,
    Percent,
    Ratio,
    example,
    film_options,
    refuse_choices,
)

if TYPE_CHECKING:
    from arcade_rl.video.look import Look


@click.command(
    epilog=example(
        "milestones @latest --every 20% --clip-seconds 8",
        'milestones first --when "score>=100" --pick best',
    )
)
@click.argument("reference", metavar="RUN")
@click.option(
    "--every", type=Percent(), help="Only every N percent, e.g. 20% (default: all milestones)."
)
@click.option(
    "--when", multiple=True, metavar="CONDITION",
    help='Also the first time an episode met a condition, e.g. "score>=100". Repeatable.',
)  # fmt: skip
@click.option(
    "--pick", type=click.Choice(("median", "best", "first")), default="median", show_default=True,
    help="Which episode stands for a milestone: the one with the median score, the best, or the first.",
)  # fmt: skip
@click.option(
    "--episodes", type=click.IntRange(1, 1000), default=5, show_default=True,
    help="Number of episodes to pick from.",
)  # fmt: skip
@CLIP_SECONDS
@FROM
@ACTIONS
@OPPONENT
@film_options()
def milestones(
    reference: str, every: Fraction | None, when: tuple[str, ...], pick: Any, episodes: int,
    clip_seconds: Fraction | None, origin: Any, deterministic: bool | None, opponent: str | None, look: Look,
    out: Path | None, force: bool, runs_dir: str | None,
) -> None:  # fmt: skip
    """Make a film of a run's milestones, and a clip of each.

    The checkpoint of each milestone plays several episodes, with the same seeds for all
    checkpoints. The film shows a typical one: the one with the median score.
    """
    from arcade_rl.cli.counter import counted
    from arcade_rl.playback import milestones as shown
    from arcade_rl.playback.picking import Wish, pick_all
    from arcade_rl.playback.references import find_opponent
    from arcade_rl.runs.experiment import open_run
    from arcade_rl.video.milestones import clips_of

    refuse_choices(origin, deterministic, opponent)
    run, resolved = open_run(reference, runs_dir)
    target = target_of(out, run.videos, "milestones", look)
    refuse_film(target, force)
    points = shown.percentages(run, resolved, every, origin)
    points += [shown.passing(run, condition, origin) for condition in when]
    points.sort(key=lambda one: (one.chunk, one.episode is None, one.episode or 0))
    chosen = resolved.config.evaluation.deterministic if deterministic is None else deterministic
    sits = find_opponent(opponent, resolved, runs_dir)
    wish = Wish(origin, pick, episodes, chosen, look.appearance.needs_policy, sits)
    with counted("episodes") as progress:
        picked = pick_all(run, resolved, points, wish, progress)
    main = resolved.declaration.metric(resolved.declaration.main_metric)
    folder, suffix = target.with_suffix(""), look.encoding.format.suffix
    clips = clips_of(run, points, picked, main, folder, suffix, clip_seconds)
    join(target, clips, look, force, keep=True)


@click.command(
    short_help="Show the whole training in a minute.",
    epilog=example("timelapse @latest --total-seconds 30"),
)
@click.argument("reference", metavar="RUN")
@click.option(
    "--total-seconds", type=Ratio(), default="60", show_default=True, help="Length of the film."
)
@film_options(speed="8")
def timelapse(
    reference: str, total_seconds: Fraction, look: Look, out: Path | None, force: bool,
    runs_dir: str | None,
) -> None:  # fmt: skip
    """Show the training from start to end, in moments from the ends of recorded episodes.

    With the full overlay only episodes are shown whose checkpoint is kept.
    """
    from arcade_rl.cli.output import notice
    from arcade_rl.runs.experiment import open_run
    from arcade_rl.video.timelapse import clips_of

    run, resolved = open_run(reference, runs_dir)
    target = target_of(out, run.videos, "timelapse", look)
    clips = clips_of(run, resolved, total_seconds, look, target.with_suffix(""))
    seconds = join(target, clips, look, force, keep=False)
    if seconds < 0.99 * float(total_seconds):
        notice(
            f"{target} lasts {seconds:.0f} of {float(total_seconds):.0f} seconds: at speed "
            f"{float(look.speed):g} there are no more recordings to show"
        )
