"""`arcade-rl export milestones` and `timelapse`: films of a whole training."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.evaluate import OPPONENT
from arcade_rl.cli.export.making import join, target_of
from arcade_rl.cli.export.options import ACTIONS, FROM, Percent, Ratio, film_options, refuse_choices

if TYPE_CHECKING:
    from arcade_rl.video.look import Look


@click.command()
@click.argument("reference", metavar="RUN")
@click.option(
    "--every",
    type=Percent(),
    help="Of the milestones of the run those at every 20%, say; else all.",
)
@click.option(
    "--when", multiple=True, metavar="CONDITION",
    help='Also when an episode first met it, such as "score>=100". Repeatable.',
)  # fmt: skip
@click.option(
    "--clip-seconds", type=Ratio(), help="Cut every clip off after so long; else it is whole."
)
@FROM
@ACTIONS
@OPPONENT
@film_options()
def milestones(
    reference: str, every: Fraction | None, when: tuple[str, ...], clip_seconds: Fraction | None,
    origin: Any, deterministic: bool | None, opponent: str | None, look: Look, out: Path | None, force: bool,
    runs_dir: str | None,
) -> None:  # fmt: skip
    """Make the film of a run's milestones, and a clip of each.

    The checkpoint of each milestone plays an episode, all with the same seed.
    """
    from arcade_rl.playback import milestones as shown
    from arcade_rl.playback.references import find_opponent
    from arcade_rl.runs.experiment import open_run
    from arcade_rl.video.milestones import clips_of

    refuse_choices(origin, deterministic, opponent)
    run, resolved = open_run(reference, runs_dir)
    points = shown.percentages(run, resolved, every, origin)
    points += [shown.passing(run, condition, origin) for condition in when]
    points.sort(key=lambda one: (one.chunk, one.episode is None, one.episode or 0))
    target = target_of(
        out, run.videos / f"milestones{look.encoding.format.suffix}", "milestones", look
    )
    chosen = resolved.config.evaluation.deterministic if deterministic is None else deterministic
    clips = clips_of(
        run, resolved, points, origin, target.with_suffix(""), look.encoding.format.suffix, look.appearance.needs_policy,
        chosen, clip_seconds, find_opponent(opponent, resolved, runs_dir),
    )  # fmt: skip
    join(target, clips, look, force, keep=True)


@click.command(short_help="Show the training from its recorded episodes.")
@click.argument("reference", metavar="RUN")
@click.option("--total-seconds", type=Ratio(), default="60", show_default=True)
@film_options(speed="4")
def timelapse(
    reference: str, total_seconds: Fraction, look: Look, out: Path | None, force: bool,
    runs_dir: str | None,
) -> None:  # fmt: skip
    """Show the training from start to end, from the episodes that it recorded.

    With the full overlay these are episodes whose checkpoint is kept.
    """
    from arcade_rl.cli.output import notice
    from arcade_rl.runs.experiment import open_run
    from arcade_rl.video.timelapse import clips_of

    run, resolved = open_run(reference, runs_dir)
    target = target_of(
        out, run.videos / f"timelapse{look.encoding.format.suffix}", "timelapse", look
    )
    clips = clips_of(run, resolved, total_seconds, look, target.with_suffix(""))
    seconds = join(target, clips, look, force, keep=False)
    if seconds < 0.99 * float(total_seconds):
        notice(
            f"{target} lasts {seconds:.0f} of {float(total_seconds):.0f} seconds: at speed "
            f"{float(look.speed):g} there are no more recordings to show"
        )
