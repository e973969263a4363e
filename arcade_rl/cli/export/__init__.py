"""`arcade-rl export`: films of episodes, milestones and whole trainings, and pictures."""

from __future__ import annotations

import click

from arcade_rl.cli.export.beside import compare, progression
from arcade_rl.cli.export.episodes import batch, episode
from arcade_rl.cli.export.options import example
from arcade_rl.cli.export.picture import picture
from arcade_rl.cli.export.training import milestones, timelapse


@click.group(epilog=example("milestones @latest", "episode first:123 --preset gif-480"))
def export() -> None:
    """Make films of episodes, milestones and whole trainings, and pictures."""


for command in (episode, batch, milestones, timelapse, progression, compare, picture):
    export.add_command(command)
