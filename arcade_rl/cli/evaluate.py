"""`arcade-rl evaluate`: play episodes with a checkpoint and measure them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import RUNS_DIR, SEED, SET_OPTIONS

if TYPE_CHECKING:
    from arcade_rl.config import Resolved
    from arcade_rl.contracts import Metric
    from arcade_rl.runs.directory import RunDirectory
    from arcade_rl.runs.evaluations import Evaluation, Summary


OPPONENT = click.option(
    "--opponent",
    metavar="NAME|RUN@CKPT",
    help="Opponent of the checkpoint: one of the game's own, or another checkpoint.",
)


@click.command(
    epilog=examples(
        "arcade-rl evaluate first",
        "arcade-rl evaluate first@50% --episodes 100 --deterministic",
        "arcade-rl evaluate drmario:search2 --set options.level=10 --episodes 200",
    )
)
@click.argument("reference", metavar="RUN[@CKPT]|GAME:POLICY")
@SET_OPTIONS
@click.option("--episodes", type=click.IntRange(1, 10**6), help="Episodes to play.")
@click.option("--envs", type=click.IntRange(1, 65_536), help="Environments that play at once.")
@click.option("--seed", type=SEED, help="Seed of episodes and sampled actions.")
@click.option(
    "--deterministic/--sampled",
    default=None,
    help="Take the likeliest action, or sample from the policy.",
)
@OPPONENT
@click.option("--device", default="auto", show_default=True, help="Where the policy runs.")
@RUNS_DIR
@click.option("--json", "as_json", is_flag=True, help="Write JSON, every episode included.")
def evaluate(
    reference: str,
    assignments: tuple[str, ...],
    episodes: int | None,
    envs: int | None,
    seed: int | None,
    deterministic: bool | None,
    opponent: str | None,
    device: str,
    runs_dir: str | None,
    as_json: bool,
) -> None:
    """Play episodes with a checkpoint and measure them, under the game's own rules.

    CKPT is a chunk, "latest" (the default), "best", or a milestone such as "30%". Defaults come
    from the run's [evaluation] table. The result is stored in the run's directory, unless --set
    changes the game's options. GAME:POLICY measures one of the policies that a game brings along.
    """
    from arcade_rl.cli.counter import counted
    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.playback.references import find_rival
    from arcade_rl.runs import evaluations
    from arcade_rl.runs.episodes import named

    play, resolved, run = _player(reference, assignments, deterministic, device, runs_dir)
    defaults = resolved.config.evaluation
    with counted("episodes") as progress:
        evaluation = play(
            episodes=episodes or defaults.episodes,
            n_envs=envs or defaults.n_envs,
            seed=defaults.seed if seed is None else seed,
            progress=progress,
            opponent=find_rival(opponent, runs_dir),
        )
    if run is None or assignments:
        _tell(evaluation, resolved, assignments, as_json)
        if run is not None:
            notice("not stored in the run, whose options are others")
        return
    path = evaluations.path_of(run, evaluation)
    if as_json:
        values = named(asdict(evaluation))
        emit_json({"file": path, **values, "episodes": named(values["episodes"])})
    else:
        _write(evaluation, resolved)
    evaluations.store(run, evaluation)  # stored last: a disk that refuses takes no result away
    notice(f"stored in {path}")


def _player(
    reference: str,
    assignments: tuple[str, ...],
    deterministic: bool | None,
    device: str,
    runs_dir: str | None,
) -> tuple[Callable[..., Evaluation], Resolved, RunDirectory | None]:
    """What plays the episodes of an evaluation, the experiment that it belongs to, and the run; no run
    for one of the policies that a game brings along."""
    from arcade_rl.errors import UsageError
    from arcade_rl.playback.references import find_built_in, names_built_in, open_checkpoint

    if names_built_in(reference):
        if deterministic is not None:
            raise UsageError(
                f"--deterministic and --sampled are for checkpoints; {reference} has its own way"
            )
        resolved, name = find_built_in(reference, assignments)

        from arcade_rl.playback.evaluation import evaluate_built_in

        return partial(evaluate_built_in, resolved, name), resolved, None
    run, resolved, checkpoint = open_checkpoint(reference, runs_dir, assignments)

    from arcade_rl.playback import evaluation

    if deterministic is None:
        deterministic = resolved.config.evaluation.deterministic
    play = partial(
        evaluation.evaluate, resolved, checkpoint, deterministic=deterministic, device=device
    )
    return play, resolved, run


def _tell(
    evaluation: Evaluation, resolved: Resolved, assignments: tuple[str, ...], as_json: bool
) -> None:
    """Write an evaluation that is not stored, and what was changed for it."""
    from arcade_rl.cli.output import emit_json
    from arcade_rl.runs.episodes import named

    if as_json:
        values = named(asdict(evaluation))
        changed = {"changed": list(assignments)}
        emit_json({**changed, **values, "episodes": named(values["episodes"])})
        return
    if assignments:
        click.echo(f"changed: {', '.join(assignments)}")
    _write(evaluation, resolved)


def _write(evaluation: Evaluation, resolved: Resolved) -> None:
    from arcade_rl.cli.few import WARNING, is_few, marked
    from arcade_rl.cli.output import notice, table
    from arcade_rl.contracts import Metric

    for line in _header(evaluation, resolved):
        click.echo(line)
    rows = [
        _row(Metric("return", "Return", format=".1f"), evaluation.raw_return),
        _row(Metric("length", "Length", "steps", format=".0f"), evaluation.length),
        *(_row(metric, evaluation.metrics[metric.name]) for metric in resolved.declaration.metrics),
    ]
    columns = ["metric", "mean", "95 % interval", "median", "min", "max", "unit"]
    count = len(evaluation.episodes)
    shown = [[name, marked(mean, count), *others] for name, mean, *others in rows]
    table(columns, shown, right=columns[1:-1])
    if is_few(count):
        notice(WARNING)


def _header(evaluation: Evaluation, resolved: Resolved) -> list[str]:
    """Lines above the numbers that say what was played."""
    from arcade_rl.recording.origin import stage_name

    count, cut = len(evaluation.episodes), sum(evaluation.episodes.truncated)
    stage = stage_name(resolved, evaluation.stage)
    played = f", checkpoint {evaluation.chunk}, weights {evaluation.weights_sha256[:12]}"
    lines = [
        f"{evaluation.run}{played if evaluation.weights_sha256 else ''}",
        f"{evaluation.game}, protocol {evaluation.protocol}, "
        f"{f'stage {stage}, ' if stage and evaluation.weights_sha256 else ''}"
        f"{f'against {evaluation.opponent}, ' if evaluation.opponent else ''}actions {evaluation.mode}, "
        f"episodes {count}, environments {evaluation.n_envs}, seed {evaluation.seed}",
    ]
    if cut:
        lines.append(f"{cut} of {count} were cut by a limit")
    return lines


def _row(metric: Metric, summary: Summary) -> list[str]:
    def render(value: float) -> str:
        return metric.render_mean(value) if value % 1 else f"{value:{metric.format}}"

    interval = " to ".join(metric.render_mean(limit) for limit in summary.interval or ())
    values = (summary.median, summary.minimum, summary.maximum)
    return [
        metric.name,
        metric.render_mean(summary.mean),
        interval or "-",
        *map(render, values),
        metric.unit,
    ]
