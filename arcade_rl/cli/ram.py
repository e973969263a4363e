"""`arcade-rl plugins ram`: search a game's numbers in the memory of its machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import JSON, RUNS_DIR, SEED, SET_OPTIONS
from arcade_rl.errors import ArcadeError

if TYPE_CHECKING:
    from arcade_rl.playback.explorer import Answer

FAILED = 1
"""Exit code where the system refuses, such as to write a file."""


@click.command(
    epilog=examples(
        "arcade-rl plugins ram breakout                  # type commands; `help` lists them",
        "arcade-rl plugins ram breakout -c 'play 2000' -c 'find score'",
        "arcade-rl plugins ram breakout -c 'episodes first 3' -c 'find lives_lost' --json",
    )
)
@click.argument("game")
@SET_OPTIONS
@click.option(
    "--command", "-c", "lines", multiple=True, metavar="LINE",
    help="Do this and end, instead of reading commands from stdin; may be repeated.",
)  # fmt: skip
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of the first episode.")
@RUNS_DIR
@JSON
@click.pass_context
def ram(
    context: click.Context,
    game: str,
    assignments: tuple[str, ...],
    lines: tuple[str, ...],
    seed: int,
    runs_dir: str | None,
    as_json: bool,
) -> None:
    """Search a game's numbers, such as its score, in the memory of its machine.

    Play, and keep the addresses that changed as you saw the number change; or let recorded episodes
    name the places whose values go along with a metric, the return, or your notes. A number that is
    found can be watched, written, frozen, and proved by playing an episode again with another value.
    A command that cannot be done is told in one line; with --command or from a file the search
    then ends, with the exit code of the error.
    """
    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.cli.output import notice
    from arcade_rl.cli.plugins import plugin_output_to_stderr

    with plugin_output_to_stderr():
        from arcade_rl.playback.explorer import Explorer

        explorer = Explorer(resolve_target(game, assignments), runs_dir, seed)
    is_typed = not lines and sys.stdin.isatty()
    if is_typed:
        notice("`help` lists the commands, `quit` ends")
    with closing(explorer):
        for line in lines or _typed(is_typed):
            try:
                with plugin_output_to_stderr():
                    answer = explorer.do(line)
            except (ArcadeError, OSError) as error:
                notice(f"{line.strip()}: {error}")
                if not is_typed:
                    context.exit(error.exit_code if isinstance(error, ArcadeError) else FAILED)
                continue
            _write(line, answer, as_json)
            if explorer.is_over:
                break


def _typed(is_typed: bool) -> Iterator[str]:
    """Lines of stdin, each after a prompt where somebody types."""
    while True:
        if is_typed:
            click.echo("ram> ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            return
        yield line


def _write(line: str, answer: Answer, as_json: bool) -> None:
    from arcade_rl.cli.output import emit_json_line, table

    if as_json:
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        emit_json_line({"command": line.strip(), "text": answer.text, "rows": rows})
        return
    if answer.text:
        click.echo(answer.text)
    if answer.rows:
        table(list(answer.columns), _as_lists(answer.rows))


def _as_lists(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [list(row) for row in rows]
