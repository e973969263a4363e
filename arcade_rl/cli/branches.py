"""`arcade-rl branches`: the games that people played, and which goes on from which."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import JSON
from arcade_rl.errors import VerificationError

if TYPE_CHECKING:
    from arcade_rl.runs.plays import StoredPlay


@click.group(epilog=examples("arcade-rl branches list"))
def branches() -> None:
    """List the games that people played, and what they go on from."""


@branches.command(
    "list",
    epilog=examples("arcade-rl branches list", "arcade-rl branches list --dir plays --json"),
)
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=Path("plays"), show_default=True,
    metavar="DIR", help="Folder with the recordings.",
)  # fmt: skip
@JSON
def list_branches(folder: Path, as_json: bool) -> int:
    """List what people played in a folder as a tree, each game below the one that it goes on from.

    Exits with 4 if a file is damaged, after listing the others.
    """
    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.runs.plays import in_tree, read_plays

    found = list(read_plays(folder))
    damaged = [one for one in found if isinstance(one, VerificationError)]
    plays = [one for one in found if not isinstance(one, VerificationError)]
    tree = in_tree(plays)
    if as_json:
        emit_json([{"depth": depth, **_values(play)} for depth, play in tree])
    else:
        for depth, play in tree:
            click.echo(f"{'  ' * depth}{_line(play, depth)}")
    for error in damaged:
        notice(str(error))
    if not plays and not damaged:
        notice(f"{folder} has no games that people played")
    return VerificationError.exit_code if damaged else 0


def _line(play: StoredPlay, depth: int) -> str:
    it, parent = play.metadata, play.parent
    drivers = " -> ".join(drive.driver for drive in play.play.drives)
    left = ", left before its end" if play.play.stopped else ""
    begins = ""
    if parent is not None:
        begins = f"from step {parent.step:,}" + ("" if depth else f" of {parent.name}") + ", "
    return (
        f"{play.path.name}  {begins}{it.length:,} steps, return {it.raw_return:g}, {drivers}{left}"
    )


def _values(play: StoredPlay) -> dict[str, Any]:
    from dataclasses import asdict

    it = play.metadata
    return {
        "path": str(play.path),
        "sha256": play.sha256,
        "game": it.game,
        "steps": it.length,
        "return": it.raw_return,
        **asdict(play.play),
    }
