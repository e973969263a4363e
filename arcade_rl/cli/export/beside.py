"""`arcade-rl export progression` and `compare`: two to four games side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.evaluate import OPPONENT
from arcade_rl.cli.export.making import make, target_of
from arcade_rl.cli.export.options import ACTIONS, FROM, example, film_options, refuse_choices
from arcade_rl.cli.train import SEED
from arcade_rl.errors import UsageError

if TYPE_CHECKING:
    from arcade_rl.video.look import Look


PACE = click.option(
    "--pace", type=click.Choice(("step", "own")), default="own", show_default=True,
    help="step: all games show the same decision; own: each runs at the rate of its game.",
)  # fmt: skip


AFTER = click.option(
    "--after", type=click.Choice(("next", "hold")), default="next", show_default=True,
    help="What a pane shows once its game is over: next: the next game of its checkpoint or run; "
    "hold: its last picture.",
)  # fmt: skip


@click.command(
    short_help="Show milestones of a run side by side.",
    epilog=example("progression @latest --panes 3 --preset shorts-1080x1920"),
)
@click.argument("reference", metavar="RUN")
@click.option(
    "--panes", type=click.IntRange(2, 4), default=4, show_default=True,
    help="Number of milestones that are shown.",
)  # fmt: skip
@FROM
@ACTIONS
@OPPONENT
@PACE
@AFTER
@film_options(detail="minimal")
def progression(
    reference: str, panes: int, origin: Any, deterministic: bool | None, opponent: str | None, pace: Any,
    after: Any, look: Look, out: Path | None, force: bool, runs_dir: str | None,
) -> None:  # fmt: skip
    """Show milestones of a run side by side, from the untrained agent to the newest one."""
    from arcade_rl.playback import milestones as shown
    from arcade_rl.playback.references import find_opponent
    from arcade_rl.runs.experiment import open_run
    from arcade_rl.video.pane import Pane
    from arcade_rl.video.panes import SideBySide

    refuse_choices(origin, deterministic, opponent)
    run, resolved = open_run(reference, runs_dir)
    points = shown.spread(shown.percentages(run, resolved, None, origin), panes)
    chosen = resolved.config.evaluation.deterministic if deterministic is None else deterministic
    sources = shown.sources(
        run, resolved, points, origin, look.appearance.needs_policy, chosen,
        find_opponent(opponent, resolved, runs_dir),
    )  # fmt: skip
    target = target_of(out, run.videos, "progression", look)
    beside = [Pane(source, one.words) for one, source in zip(points, sources, strict=True)]
    make([SideBySide(target, tuple(beside), "progression", pace, after)], look, force)


@click.command(epilog=example("compare seed1@best seed2@best", "compare first@30% first:123"))
@click.argument("references", metavar="A B [C [D]]", nargs=-1)
@click.option("--seed", type=SEED, help="Seed of the episodes that checkpoints play.")
@ACTIONS
@OPPONENT
@PACE
@AFTER
@film_options(detail="minimal", place="the current directory")
def compare(
    references: tuple[str, ...], seed: int | None, deterministic: bool | None, opponent: str | None, pace: Any,
    after: Any, look: Look, out: Path | None, force: bool, runs_dir: str | None,
) -> None:  # fmt: skip
    """Show two to four runs, checkpoints or episodes side by side.

    Each of them is given as RUN, RUN@CKPT, RUN:EPISODE or the file of an episode.
    """
    from arcade_rl.playback.references import find_source
    from arcade_rl.playback.sources import PlayedSource
    from arcade_rl.video.pane import Pane
    from arcade_rl.video.panes import SideBySide, check_count

    check_count(len(references))
    panes = [
        Pane(find_source(reference, runs_dir, seed, deterministic, opponent), Path(reference).name)
        for reference in references
    ]
    target = target_of(out, Path(), "compare", look)
    is_chosen = any(choice is not None for choice in (seed, deterministic, opponent))
    if is_chosen and not any(isinstance(pane.source, PlayedSource) for pane in panes):
        raise UsageError(
            "--seed, --deterministic, --sampled and --opponent are for checkpoints; none plays here"
        )
    make([SideBySide(target, tuple(panes), "comparison", pace, after, seed)], look, force)
