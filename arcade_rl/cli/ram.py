"""`arcade-rl plugins ram`: search a game's numbers in the memory of its machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arcade_rl.cli.appearance import SIGNS, THEME
from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import JSON, RUNS_DIR, SEED, SET_OPTIONS
from arcade_rl.cli.watch import FRAMES, HEADLESS, MUTE, SCREENSHOT, SIZE, WAY_OUT, check_headless
from arcade_rl.errors import ArcadeError, UsageError

if TYPE_CHECKING:
    from arcade_rl.config import Resolved
    from arcade_rl.playback.explorer import Answer, Explorer

FAILED = 1
"""Exit code where the system refuses, such as to write a file."""


@click.command(
    epilog=examples(
        "arcade-rl plugins ram breakout                  # type commands; `help` lists them",
        "arcade-rl plugins ram breakout -c 'play 2000' -c 'find score'",
        "arcade-rl plugins ram breakout -c 'episodes first 3' -c 'find lives_lost' --json",
        "arcade-rl plugins ram breakout --window         # play, and press ? for the keys",
    )
)
@click.argument("game")
@SET_OPTIONS
@click.option(
    "--command", "-c", "lines", multiple=True, metavar="LINE",
    help="Do this and end, instead of reading commands from stdin; may be repeated.",
)  # fmt: skip
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of the first episode.")
@click.option(
    "--window", is_flag=True,
    help="Play the game yourself in a window, and search with keys; --command comes before.",
)  # fmt: skip
@HEADLESS
@FRAMES
@SCREENSHOT
@THEME
@SIGNS
@MUTE
@RUNS_DIR
@JSON
@click.pass_context
def ram(
    context: click.Context, game: str, assignments: tuple[str, ...], lines: tuple[str, ...],
    seed: int, window: bool, headless: bool, frames: int | None, screenshot: Path | None,
    theme: str, signs: str, mute: bool, runs_dir: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Search a game's numbers, such as its score, in the memory of its machine.

    Play, and keep the addresses that changed as you saw the number change; or let recorded episodes
    name the places whose values go along with a metric, the return, or your notes. A number that is
    found can be watched, written, frozen, and proved by playing an episode again with another value.
    With --window you play in a window, and keys do what commands do.
    A command that cannot be done is told in one line; with --command or from a file the search
    then ends, with the exit code of the error.
    """
    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.cli.output import notice
    from arcade_rl.cli.plugins import plugin_output_to_stderr

    check_headless(headless, frames, screenshot)
    if headless and not window:
        raise UsageError("--headless draws the window; give --window too")
    if window and as_json:
        raise UsageError("--json is for typed commands; leave --window out")
    with plugin_output_to_stderr():
        from arcade_rl.playback.explorer import Explorer

        resolved = resolve_target(game, assignments)
        explorer = Explorer(resolved, runs_dir, seed, sound=window and not (mute or headless))
    is_typed = not (lines or window) and sys.stdin.isatty()
    if is_typed:
        notice("`help` lists the commands, `quit` ends")
    with closing(explorer):
        for line in lines if lines or window else _typed(is_typed):
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
                return
        if window:
            _show(resolved, explorer, (theme, signs), frames, screenshot)


def _show(
    resolved: Resolved, explorer: Explorer, colours: tuple[str, str], frames: int | None,
    screenshot: Path | None,
) -> None:  # fmt: skip
    """Open the window, and let a person play; or let `frames` pass with no button pressed, and write a
    screenshot."""
    from arcade_rl.cli.output import notice
    from arcade_rl.overlay.theme import theme
    from arcade_rl.playback.thumbnail import write_png
    from arcade_rl.viewer.memory import remembered_size
    from arcade_rl.viewer.ram_window import RamWindow
    from arcade_rl.viewer.window import ViewerWindow

    headless = screenshot is not None
    size = SIZE if headless else remembered_size(notice)
    opened = ViewerWindow(size, f"memory of {resolved.game.name} - arcade_rl", headless, WAY_OUT)
    with (
        closing(opened),
        closing(RamWindow(resolved, explorer, opened, theme(*colours))) as shown,
    ):
        if screenshot is None:
            shown.run()
            return
        shown.play_frames(frames or 0)
        write_png(screenshot, shown.draw())
    click.echo(screenshot)


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
