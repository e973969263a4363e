"""`arcade-rl doctor`: what this machine has, what is missing, and what to do."""

from __future__ import annotations

from dataclasses import asdict

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.roms import ROMS_DIR
from arcade_rl.cli.train import JSON, RUNS_DIR
from arcade_rl.errors import MissingError

WIDTHS = {"ok": "ok  ", "warn": "warn", "fail": "fail"}


@click.command(epilog=examples("arcade-rl doctor"))
@RUNS_DIR
@ROMS_DIR
@JSON
@click.pass_context
def doctor(
    context: click.Context, runs_dir: str | None, roms_dir: str | None, as_json: bool
) -> None:
    """Check this machine, and say what to do. Exits with 3 if something required is missing."""
    from arcade_rl.cli.health import examine
    from arcade_rl.cli.output import emit_json
    from arcade_rl.roms.directory import roms_directory
    from arcade_rl.runs.directory import runs_directory

    findings = examine(runs_directory(runs_dir), roms_directory(roms_dir))
    if as_json:
        emit_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            advice = f"; {finding.advice}" if finding.advice else ""
            click.echo(f"{WIDTHS[finding.level]}  {finding.subject}: {finding.message}{advice}")
    if any(finding.level == "fail" for finding in findings):
        context.exit(MissingError.exit_code)
