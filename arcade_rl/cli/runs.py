"""`arcade-rl runs`: list, show, compare and delete runs, and make their index again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.imports import import_model
from arcade_rl.cli.run_compare import compare
from arcade_rl.cli.run_report import report
from arcade_rl.cli.run_watch import watch
from arcade_rl.cli.train import JSON, RUN, RUNS_DIR
from arcade_rl.errors import ArcadeError, UsageError

if TYPE_CHECKING:
    from arcade_rl.contracts import Better
    from arcade_rl.runs.directory import RunDirectory


@click.group(epilog=examples("arcade-rl runs list", "arcade-rl runs watch @latest"))
def runs() -> None:
    """List, show, follow, compare and delete runs."""


runs.add_command(watch)
runs.add_command(report)
runs.add_command(compare)
runs.add_command(import_model)


@runs.command("list", epilog=examples("arcade-rl runs list"))
@RUNS_DIR
@JSON
def list_runs(runs_dir: str | None, as_json: bool) -> None:
    """List the runs, oldest first. A damaged one hides no other."""
    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.cli.run_tables import summary_values, write_list
    from arcade_rl.runs.directory import runs_directory
    from arcade_rl.runs.summary import summaries

    root = runs_directory(runs_dir)
    found = summaries(root)
    for summary in found:
        for fault in summary.faults:
            notice(f"{summary.name}: {fault}")
    if as_json:
        emit_json([summary_values(summary) for summary in found])
    elif found:
        write_list(found)
    else:
        notice(f"{root} holds no runs; start one with `arcade-rl train`")


@runs.command(epilog=examples("arcade-rl runs show first", "arcade-rl runs show @latest --json"))
@RUN
@RUNS_DIR
@JSON
def show(reference: str, runs_dir: str | None, as_json: bool) -> None:
    """Show everything about a run, and verify its checkpoints and recorded episodes."""
    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.cli.run_tables import detail_values, write_detail
    from arcade_rl.runs.directory import find_run, runs_directory
    from arcade_rl.runs.summary import describe

    detail = describe(find_run(reference, runs_directory(runs_dir)), verify=True)
    for fault in detail.summary.faults:
        notice(f"{detail.summary.name}: {fault}")
    if as_json:
        emit_json(detail_values(detail))
    else:
        write_detail(detail)


@runs.command(epilog=examples("arcade-rl runs diff first second"))
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@RUNS_DIR
@JSON
def diff(first: str, second: str, runs_dir: str | None, as_json: bool) -> None:
    """Show where the configurations and versions of two runs differ, and what each reached."""
    from dataclasses import asdict

    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.cli.run_tables import write_comparison
    from arcade_rl.runs.comparison import compare
    from arcade_rl.runs.directory import find_run, runs_directory

    root = runs_directory(runs_dir)
    one, two = find_run(first, root), find_run(second, root)
    comparison = compare(one, two)
    for fault in comparison.faults:
        notice(fault)
    if as_json:
        emit_json({"first": one.name, "second": two.name, **asdict(comparison)})
    else:
        write_comparison(comparison, one.name, two.name)


@runs.command(epilog=examples("arcade-rl runs rm first"))
@click.argument("references", metavar="RUN...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@RUNS_DIR
def rm(references: tuple[str, ...], yes: bool, runs_dir: str | None) -> None:
    """Delete runs with everything in them. RUN is a whole name or a path. A run that is supervised
    is refused, and so is a directory without the run.json of a run."""
    from arcade_rl.runs.directory import find_run, runs_directory
    from arcade_rl.runs.removal import refuse_unremovable, remove

    root = runs_directory(runs_dir)
    named = [find_run(name, root, whole=True) for name in references]
    found = {run.path.absolute(): run for run in named}
    chosen = list(found.values())
    for run in chosen:
        refuse_unremovable(run)
    if not yes:
        names = ", ".join(str(run.path.resolve()) for run in chosen)
        if not sys.stdin.isatty():
            raise UsageError(f"deleting {names} needs --yes where nobody can be asked")
        click.confirm(f"Delete {names} for good?", abort=True, err=True)
    for run in chosen:
        remove(run)
        click.echo(f"deleted {run.path}", err=True)


@runs.command(epilog=examples("arcade-rl runs reindex first"))
@RUN
@RUNS_DIR
@JSON
def reindex(reference: str, runs_dir: str | None, as_json: bool) -> None:
    """Rebuild a run's database from its event logs, checkpoints and recorded episodes."""
    from dataclasses import asdict

    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.runs.directory import find_run, runs_directory
    from arcade_rl.runs.index import rebuild

    run = find_run(reference, runs_directory(runs_dir), whole=True)
    rebuilt = rebuild(run, _best(run))
    for fault in rebuilt.faults:
        notice(f"{run.name}: {fault}")
    if as_json:
        emit_json({"run": run.name, **asdict(rebuilt)})
    else:
        click.echo(
            f"{run.name}: chunks {rebuilt.chunks}, updates {rebuilt.updates}, "
            f"episodes {rebuilt.episodes}, recorded {rebuilt.recordings}, "
            f"checkpoints on disk {rebuilt.checkpoints}, notices {rebuilt.notices}"
        )


def _best(run: RunDirectory) -> tuple[str, Better] | None:
    """The metric that names the best checkpoint; None where the game cannot be asked."""
    from arcade_rl.cli.output import notice
    from arcade_rl.runs.experiment import experiment_of

    try:
        resolved = experiment_of(run)
    except ArcadeError as error:
        notice(f"{run.name}: which checkpoint is the best is not known: {error}")
        return None
    return resolved.best_metric, resolved.declaration.metric(resolved.best_metric).better
