"""`arcade-rl plugins`: which games are installed, what they declare, and whether they keep the
contract."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arcade_rl import checkout
from arcade_rl.cli.examples import examples
from arcade_rl.cli.ram import ram
from arcade_rl.cli.train import JSON, SET_DECLARED, SET_OPTIONS
from arcade_rl.errors import ArcadeError, MissingError, PluginError, UsageError
from arcade_rl.scaffold import KINDS

if TYPE_CHECKING:
    from arcade_rl.envs.conformance import Check
    from arcade_rl.registry import Installed

FAULTY = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One installed game as the list shows it."""

    name: str
    distribution: str
    status: str
    """"OK", "ERROR", "MISSING" or "not loaded"."""
    reason: str
    """Why the game is an ERROR, or what is MISSING to play it."""
    summary: str


@click.group(epilog=examples("arcade-rl plugins list", "arcade-rl plugins show breakout"))
def plugins() -> None:
    """List, show and check the installed games."""


plugins.add_command(ram)


@plugins.command("list", epilog=examples("arcade-rl plugins list"))
@click.option("--no-load", is_flag=True, help="Read metadata only; import no plugin.")
@JSON
def list_games(no_load: bool, as_json: bool) -> None:
    """List the installed games. A broken one hides no other."""
    from arcade_rl.cli.output import emit_json, notice, table
    from arcade_rl.registry import installed

    rows = [_metadata_row(game) if no_load else _loaded_row(game) for game in installed()]
    for row in rows:
        if row.reason:
            notice(f"{row.name}: {row.reason}")
    if as_json:
        emit_json([asdict(row) for row in rows])
    elif rows:
        columns = ["game", "distribution", "status", "summary"]
        table(columns, [[r.name, r.distribution, _status(r), r.summary] for r in rows])
    else:
        notice(f"no games are installed; {checkout.how_to_get_games()}")


@plugins.command(
    epilog=examples(
        "arcade-rl plugins show breakout",
        "arcade-rl plugins show breakout --set options.observation=pixels",
    )
)
@click.argument("game")
@SET_DECLARED
@JSON
def show(game: str, assignments: tuple[str, ...], as_json: bool) -> None:
    """Show everything that a game declares under some options."""
    from arcade_rl.cli.declared import describe, write
    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.cli.output import emit_json

    with plugin_output_to_stderr():
        resolved = resolve_target(game, assignments)
        described = describe(resolved)
    if as_json:
        emit_json(described)
    else:
        write(described)


@plugins.command(
    epilog=examples(
        "arcade-rl plugins docs breakout",
        "arcade-rl plugins docs breakout --set options.observation=pixels --output pixels.md",
        "arcade-rl plugins docs pong --measured curves.md --output pong.md",
    )
)
@click.argument("game")
@SET_DECLARED
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="File to write; the default is stdout.",
)  # fmt: skip
@click.option(
    "--measured", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.md",
    help="Markdown that the page ends with, such as learning curves and pictures of films.",
)  # fmt: skip
def docs(
    game: str, assignments: tuple[str, ...], output: Path | None, measured: Path | None
) -> None:
    """Write the page of a game, in Markdown, from what it declares under some options.

    A file that is there already is replaced. What nothing declares, such as what was learned, comes from
    the file of --measured, whose links are those of the page.
    """
    from arcade_rl.cli.declared_page import page_of
    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.cli.output import notice

    with plugin_output_to_stderr():
        page = page_of(resolve_target(game, assignments), assignments, _text_of(measured))
    if output is None:
        click.echo(page, nl=False)
        return
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error
    notice(f"wrote {output}")


def _text_of(measured: Path | None) -> str:
    """The text of a file; "" for none. MissingError or UsageError without a readable one."""
    if measured is None:
        return ""
    try:
        return measured.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MissingError(f"--measured {measured} is not there; expected Markdown") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.reason
        raise UsageError(f"--measured {measured} cannot be read as text: {reason}") from error


@plugins.command(epilog=examples("arcade-rl plugins check breakout --steps 200"))
@click.argument("game")
@SET_OPTIONS
@click.option(
    "--steps", type=click.IntRange(1, 10**7), default=1000, show_default=True,
    help="Random steps to play.",
)  # fmt: skip
@JSON
@click.pass_context
def check(
    context: click.Context, game: str, assignments: tuple[str, ...], steps: int, as_json: bool
) -> None:
    """Check that a game keeps the contract, and report every fault with the line to change.

    Plays STEPS random steps in training and in evaluation, plays episodes again in other ways and
    in another process, and watches some. Every check has a process of its own, so a game that ends its
    process fails one check. Exits with 1 if there are faults.
    """
    from arcade_rl.cli.experiment import checked_target, game_with_options
    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.envs.conformance.elsewhere import check_elsewhere, refuse_what_ends_its_process
    from arcade_rl.words import spoken_duration

    refuse_what_ends_its_process(checked_target(game, assignments))
    with plugin_output_to_stderr():
        loaded, options = game_with_options(game, assignments)
    announced = f"{loaded.name}: the check takes up to about "
    report = check_elsewhere(
        loaded.name,
        options,
        steps,
        (lambda _: None) if as_json else _write_check,
        lambda s: None if as_json else notice(announced + spoken_duration(s)),
    )
    if as_json:
        emit_json(
            {
                "game": report.game,
                "faults": [asdict(fault) for fault in report.faults],
                "checks": [
                    {
                        "name": check.name,
                        "ok": check.ok,
                        "seconds": round(check.seconds, 3),
                        "note": check.note,
                    }
                    for check in report.checks
                ],
            }
        )
    else:
        count = len(report.faults)
        click.echo(f"{report.game}: {count or 'no'} fault{'' if count == 1 else 's'}")
    if report.faults:
        context.exit(FAULTY)


@plugins.command(
    epilog=examples(
        "arcade-rl plugins new space_race --from blank",
        "arcade-rl plugins new boxing --from ale --id boxing --output ../boxing",
    )
)
@click.argument("name")
@click.option(
    "--from", "kind", type=click.Choice(list(KINDS)), required=True,
    help="What to begin from: " + " ".join(f"{name}: {kind.summary}" for name, kind in KINDS.items()),
)  # fmt: skip
@click.option("--id", "identity", default="", metavar="ID", help="Name of the game in its library.")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FOLDER",
    help="Folder to write to; the default is NAME, in this folder.",
)  # fmt: skip
def new(name: str, kind: str, identity: str, output: Path | None) -> None:
    """Write the distribution of a new game, with its configuration and tests.

    It is trained, watched and filmed as it is written. Prints its folder.
    """
    from arcade_rl import scaffold
    from arcade_rl.cli.output import notice
    from arcade_rl.registry import installed

    if name in {game.name for game in installed()}:
        raise UsageError(f"{name} is installed already; expected a new name")
    folder = Path(name) if output is None else output
    scaffold.write(name, kind, identity, folder)
    click.echo(folder)
    notice(
        f"now: pip install -e {folder}; arcade-rl plugins check {name}; arcade-rl train {name}:quick"
    )


@contextlib.contextmanager
def plugin_output_to_stderr() -> Iterator[None]:
    """What a plugin or its simulator prints is narration; stdout is for data."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def _metadata_row(game: Installed) -> Row:
    status = "ERROR" if game.fault else "not loaded"
    return Row(game.name, game.distribution, status, game.fault, "")


def _loaded_row(game: Installed) -> Row:
    from arcade_rl.registry import load_game

    try:
        with plugin_output_to_stderr():
            summary = load_game(game.name).summary
    except ArcadeError as error:
        reason = " ".join(str(error).split())
        return Row(game.name, game.distribution, "ERROR", reason, "")
    status, reason = _state_of(game.name)
    return Row(game.name, game.distribution, status, reason, str(summary))


def _state_of(game: str) -> tuple[str, str]:
    """(status, reason) of a game that could be imported. The reason is what is missing to play the
    game, or why it could not be asked what it offers. `check` finds any other fault."""
    from arcade_rl.cli.experiment import resolve_target

    try:
        with plugin_output_to_stderr():
            resolve_target(game, ())
    except MissingError as error:
        return "MISSING", " ".join(str(error).split())
    except PluginError as error:
        return "ERROR", " ".join(str(error).split())
    except ArcadeError:
        return "OK", ""
    return "OK", ""


def _status(row: Row) -> str:
    return f"{row.status}: {row.reason}" if row.reason else row.status


def _write_check(check: Check) -> None:
    word = "ok" if check.ok else "FAULT"
    click.echo(f"{check.name:<12} {word:<5} {check.seconds:7.2f} s")
    for fault in check.faults:
        click.echo(f"    {fault.message}")
        if fault.place:
            click.echo(f"      {fault.place}")
    for advice in dict.fromkeys(fault.advice for fault in check.faults if fault.advice):
        click.echo(f"    to do: {advice}")
    if check.note:
        click.echo(f"    {check.note}")
