"""`arcade-rl runs report`: what screen 2 of the cockpit shows of a run, as text or as JSON."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import JSON, RUN, RUNS_DIR

if TYPE_CHECKING:
    from arcade_rl.tui.history import History
    from arcade_rl.tui.report import RunReport

MOMENT_S = 0.5
"""Time over which the processor of a run that is supervised is measured, seconds."""


@click.command(
    epilog=examples(
        "arcade-rl runs report first",
        "arcade-rl runs report first --json | jq .health",
        "arcade-rl runs report first --measure return --measure train/approx_kl --json",
    )
)
@RUN
@click.option(
    "--measure", "measures", metavar="NAME", multiple=True,
    help="Show every value of this measure instead. Can be given several times.",
)  # fmt: skip
@RUNS_DIR
@JSON
def report(reference: str, measures: tuple[str, ...], runs_dir: str | None, as_json: bool) -> None:
    """Show what screen 2 of the cockpit shows of a run: its measures, chunks, what may be wrong
    with the training, reward terms, milestones, notices, the newest log, and the machine."""
    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.runs.directory import find_run, runs_directory
    from arcade_rl.tui.board import glance
    from arcade_rl.tui.report import RunReport

    run = find_run(reference, runs_directory(runs_dir))
    row, found = glance(run), RunReport(run)
    found.look(row)
    if row.is_live and not measures:
        time.sleep(MOMENT_S)
        found.look(row)
    for fault in dict.fromkeys(part for part in (row.fault, found.reading.fault) if part):
        notice(f"{run.name}: {fault}")
    for name in measures:
        _refuse_unknown(name, found.history)
    if measures and as_json:
        values = {name: _course(found.history, name) for name in measures}
        emit_json({"run": run.name, "measures": values})
    elif measures:
        _write_courses(found.history, measures)
    elif as_json:
        emit_json({"run": run.name, **_values(found)})
    else:
        _write(found)


def _refuse_unknown(name: str, history: History) -> None:
    """Refuse a measure that the run does not have. UsageError."""
    from arcade_rl.errors import UsageError
    from arcade_rl.words import meant_or

    known = history.measure_names
    if name not in known:
        several = f"it has {', '.join(known)}" if known else "nothing was measured yet"
        raise UsageError(f"this run has no measure {name!r}; {meant_or(name, known, several)}")


def _course(history: History, name: str) -> dict[str, Any]:
    """Every value of a measure, and where each was measured, as plain values."""
    course = history.measured(name)
    return {
        "steps": course.steps.tolist(),
        "seconds": course.times.tolist(),
        "episodes": course.episodes.tolist(),
        "values": course.values.tolist(),
    }


def _values(found: RunReport) -> dict[str, Any]:
    """Everything that is listed of a run as plain values."""
    reading, history = found.reading, found.history
    return {
        "measures": [_measure_values(history, name) for name in history.measure_names],
        "chunks": [asdict(line) for line in reading.chunks],
        "health": [asdict(finding) for finding in reading.findings],
        "notices": [asdict(one) for one in reading.notices],
        "log": reading.log,
        "machine": {line.name: {"text": line.value, **line.numbers} for line in reading.machine},
    }


def _measure_values(history: History, name: str) -> dict[str, Any]:
    """A measure, what the name means, and the newest value, as plain values."""
    from arcade_rl.tui.measures import measure_of

    measure, course = measure_of(name), history.measured(name).values
    newest = float(course[-1]) if len(course) else None
    return {
        "name": name, "meaning": measure.meaning, "healthy": measure.healthy, "newest": newest,
        "count": len(course),
    }  # fmt: skip


def _write(found: RunReport) -> None:
    """Write the measures, and then every list of the cockpit."""
    from arcade_rl.cli.output import table
    from arcade_rl.tui.panels import PANELS

    measures = _values(found)["measures"]
    click.echo("Measures")
    rows = [
        [one["name"], _number(one["newest"]), one["healthy"], one["meaning"]] for one in measures
    ]
    table(["measure", "newest", "healthy", "meaning"], rows, ["newest"])
    for panel in PANELS:
        click.echo(f"\n{panel.name}")
        columns, lines = panel.columns(found.reading), panel.rows(found.reading)
        titles = [column.title for column in columns]
        right = [column.title for column in columns if column.right]
        if lines:
            table(titles, [[shown.text for shown in line.cells] for line in lines], right)
        else:
            click.echo(panel.empty)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _write_courses(history: History, names: Sequence[str]) -> None:
    """Write every value of these measures, each in a table of its own."""
    from arcade_rl.cli.output import table

    columns = ("steps", "seconds", "episode", "value")
    for number, name in enumerate(names):
        click.echo(f"\n{name}" if number else name)
        course = history.measured(name)
        parts = (course.steps, course.times, course.episodes, course.values)
        rows = [[f"{value:.6g}" for value in point] for point in zip(*parts, strict=True)]
        table(columns, rows, columns)
