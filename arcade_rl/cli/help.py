"""`arcade-rl help` and `arcade-rl version`, for those who write words where others write
options."""

from __future__ import annotations

import click

from arcade_rl import __version__
from arcade_rl.cli.examples import examples


@click.command("help", epilog=examples("arcade-rl help train", "arcade-rl help runs watch"))
@click.argument("names", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def show_help(context: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command, or of the whole program."""
    found = context.find_root()
    for name in names:
        if not isinstance(found.command, click.Group):
            raise click.UsageError(f"{found.command_path} has no commands of its own.", found)
        _, command, _ = found.command.resolve_command(found, [name])
        assert command is not None
        found = click.Context(command, parent=found, info_name=name)
    click.echo(found.get_help())


@click.command(epilog=examples("arcade-rl version"))
def version() -> None:
    """Show the version, as `arcade-rl --version` does."""
    click.echo(f"arcade-rl {__version__}")
