"""`arcade-rl runs compare`: what the comparison of the cockpit shows, as text or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import JSON, RUNS_DIR

if TYPE_CHECKING:
    from arcade_rl.tui.board import BoardRow
    from arcade_rl.tui.comparison import ComparedRuns

PARTS = 20
"""Lines of the table of a measure."""


@click.command(
    epilog=examples(
        "arcade-rl runs compare first second",
        "arcade-rl runs compare first second third --measure train/approx_kl",
        "arcade-rl runs compare first second --json | jq .differing",
    )
)
@click.argument("references", metavar="RUN RUN...", nargs=-1, required=True)
@click.option(
    "--measure", metavar="NAME",
    help="Compare this measure, which `runs report` lists. Without this option, the return.",
)  # fmt: skip
@RUNS_DIR
@JSON
def compare(
    references: tuple[str, ...], measure: str | None, runs_dir: str | None, as_json: bool
) -> None:
    """Show where the configurations of two runs or more differ, and a measure of them over the steps.
    The steps of a fork go on where its parent was. `runs diff` has the versions and results of two
    runs, too."""
    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.tui.comparison import ComparedRuns

    compared = ComparedRuns(_rows(references, runs_dir))
    compared.read()
    name = _measure_of(compared, measure)
    for row in compared.rows:
        if row.fault:
            notice(f"{row.name}: {row.fault}")
    for fault in compared.faults:
        notice(fault)
    for place, row in enumerate(compared.rows):
        if measure and compared.course(place, measure) is None:
            notice(f"{row.name} has no measure {measure!r}")
    if as_json:
        emit_json(_values(compared, name))
    else:
        _write(compared, name)


def _rows(references: tuple[str, ...], runs_dir: str | None) -> list[BoardRow]:
    """The runs, each once. UsageError for fewer than two."""
    from arcade_rl.errors import UsageError
    from arcade_rl.runs.directory import find_run, runs_directory
    from arcade_rl.tui.board import glance

    root = runs_directory(runs_dir)
    named = [find_run(name, root) for name in references]
    runs = list({run.path.resolve(): run for run in named}.values())
    if len(runs) < 2:
        raise UsageError(f"{runs[0].name} is one run; name two or more to compare them")
    return [glance(run) for run in runs]


def _measure_of(compared: ComparedRuns, wanted: str | None) -> str | None:
    """The measure that is compared; None where nothing was measured. UsageError for a name that no
    run has."""
    from arcade_rl.errors import UsageError
    from arcade_rl.words import meant_or

    listed = [one.key for one in compared.measures]
    if wanted is None:
        return listed[0] if listed else None
    places = range(len(compared.rows))
    if all(compared.course(place, wanted) is None for place in places):
        several = f"they have {', '.join(listed)}" if listed else "nothing was measured yet"
        raise UsageError(f"these runs have no measure {wanted!r}; {meant_or(wanted, listed, several)}")  # fmt: skip
    return wanted


def _values(compared: ComparedRuns, measure: str | None) -> dict[str, Any]:
    """Everything as plain values. Lists of values are in the order of `runs`."""
    curves = []
    for place, row in enumerate(compared.rows):
        course = compared.course(place, measure) if measure else None
        if course is not None:
            curves.append(
                {
                    "run": row.name,
                    "steps": course.steps.tolist(),
                    "seconds": course.times.tolist(),
                    "episodes": course.episodes.tolist(),
                    "values": course.values.tolist(),
                }
            )
    return {
        "runs": [row.name for row in compared.rows],
        "differing": [{"key": key, "values": values} for key, values in compared.differences],
        "measure": measure,
        "curves": curves,
    }


def _write(compared: ComparedRuns, measure: str | None) -> None:
    """Write the keys that differ, and the means of the measure over equal parts of the steps."""
    from arcade_rl.cli.output import table
    from arcade_rl.words import cell, short_count

    names = [row.name for row in compared.rows]
    click.echo("Configuration: what differs")
    rows = [
        [key, *("-" if value is None else str(value) for value in values)]
        for key, values in compared.differences
    ]
    if rows:
        table(["", *names], rows)
    else:
        click.echo("nothing")
    click.echo(f"\n{measure or 'Measures'}")
    if measure is None:
        click.echo("nothing was measured yet")
        return
    lines = [[short_count(until), *map(cell, means)] for until, means in _parts(compared, measure)]
    table(["until step", *names], lines, ["until step", *names])


def _parts(compared: ComparedRuns, measure: str) -> list[tuple[int, list[float | None]]]:
    """(last step, mean of each run) of equal parts of the steps; None where a run has no value."""
    import numpy as np

    courses = [compared.course(place, measure) for place in range(len(compared.rows))]
    last = max((float(one.steps[-1]) for one in courses if one is not None and len(one)), default=0)
    found = []
    for part in range(PARTS):
        low, high = last * part / PARTS, last * (part + 1) / PARTS
        means: list[float | None] = []
        for one in courses:
            inside = np.empty(0)
            if one is not None:
                is_inside = (one.steps > low) & (one.steps <= high) & np.isfinite(one.values)
                inside = one.values[is_inside]
            means.append(float(inside.mean()) if len(inside) else None)
        found.append((round(high), means))
    return found
