"""`arcade-rl states`: the start states that were saved, from which episodes can begin."""

from __future__ import annotations

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import JSON
from arcade_rl.errors import VerificationError


@click.group(epilog=examples("arcade-rl states list"))
def states() -> None:
    """List the saved moments of games that episodes can begin from."""


@states.command("list", epilog=examples("arcade-rl states list"))
@JSON
def list_states(as_json: bool) -> int:
    """List the start states in states/, which F5 saves in `arcade-rl play` and `watch`.

    `--set options.start=NAME` trains from one, where the game can. Exits with 4 if a file is
    damaged, after listing the others.
    """
    from arcade_rl.cli.output import emit_json, notice, table
    from arcade_rl.recording.states import FOLDER
    from arcade_rl.runs.states import stored_states

    found = list(stored_states())
    damaged = [one for one in found if isinstance(one, VerificationError)]
    stored = [one for one in found if not isinstance(one, VerificationError)]
    if as_json:
        emit_json(
            [
                {
                    "name": one.name, "game": one.state.game, "sha256": one.state.sha256,
                    "bytes": len(one.state.content), "origin": one.state.origin,
                }
                for one in stored
            ]
        )  # fmt: skip
    elif stored:
        table(
            ["name", "game", "sha256", "bytes", "saved in"],
            [
                [one.name, one.state.game, one.state.sha256[:16], str(len(one.state.content)), one.state.origin]
                for one in stored
            ],
        )  # fmt: skip
    elif not damaged:
        notice(f"{FOLDER} has no start states; F5 in `arcade-rl play` saves one")
    for error in damaged:
        notice(str(error))
    return VerificationError.exit_code if damaged else 0
