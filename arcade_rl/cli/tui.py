"""`arcade-rl tui`: the cockpit, a program in the terminal that starts, watches and steers runs."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import RUNS_DIR

if TYPE_CHECKING:
    from arcade_rl.tui.app import CockpitOptions


@click.command(
    epilog=examples(
        "arcade-rl tui",
        "arcade-rl tui --demo    # made-up runs to look around in",
    )
)
@click.option("--read-only", is_flag=True, help="Leave out everything that changes a run.")
@click.option("--demo", is_flag=True, help="Look around in made-up runs.")
@click.option("--ascii", "is_ascii", is_flag=True, help="Draw with ASCII signs only.")
@RUNS_DIR
def tui(read_only: bool, demo: bool, is_ascii: bool, runs_dir: str | None) -> None:
    """Start, watch and steer runs on a screen of the terminal.

    `arcade-rl` alone opens the same. Leaving the screen, or losing the terminal, touches no run.
    Press ? for the keys.
    """
    open_cockpit(runs_dir, read_only, demo, is_ascii)


def is_terminal() -> bool:
    """Whether there is a terminal to draw on and to read keys from."""
    from arcade_rl.cli.output import is_live

    return sys.stdin.isatty() and is_live(sys.stdout) and sys.stderr.isatty()


def open_cockpit(
    runs_dir: str | None = None, read_only: bool = False, demo: bool = False, is_ascii: bool = False
) -> None:
    """Show the cockpit until the user leaves. MissingError without a terminal, UsageError where a
    demo is asked for in a folder."""
    from arcade_rl.errors import MissingError, UsageError
    from arcade_rl.runs.directory import RUNS_DIR_VARIABLE, runs_directory

    if demo and runs_dir:
        raise UsageError("--demo makes its runs in a folder of its own; give it without --runs-dir")
    if not is_terminal():
        raise MissingError(
            "there is no terminal to draw on; `arcade-rl runs list` shows the runs without one"
        )
    gc.disable()  # what modules make stays anyway: looking through it takes a tenth of the start
    try:
        from arcade_rl.tui.app import CockpitOptions
    finally:
        gc.freeze()
        gc.enable()
    if not demo:
        named = Path(runs_dir) if runs_dir else None
        _show(CockpitOptions(runs_directory(runs_dir), named, read_only, False, is_ascii))
        return
    from arcade_rl.tui.demo import make_demo

    with tempfile.TemporaryDirectory(prefix="arcade-rl-demo-") as folder:
        make_demo(Path(folder))
        os.environ[RUNS_DIR_VARIABLE] = folder  # the commands that the cockpit shows find the runs
        _show(CockpitOptions(Path(folder), None, True, True, is_ascii))


def _show(options: CockpitOptions) -> None:
    """Show the cockpit, and say afterwards what it could not remember."""
    from arcade_rl.cli.output import notice
    from arcade_rl.tui.app import Cockpit

    cockpit = Cockpit(options)
    cockpit.run()
    if cockpit.unsaved:
        notice(cockpit.unsaved)
