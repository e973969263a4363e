"""`arcade-rl runs import`: a model that Stable-Baselines3 saved elsewhere becomes a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import RUNS_DIR, SET

if TYPE_CHECKING:
    from arcade_rl.config import Resolved
    from arcade_rl.policies.foreign import ForeignModel


@click.command(
    "import",
    epilog=examples(
        "arcade-rl runs import ppo.zip --game breakout --options observation=pixels",
        "arcade-rl resume @latest --steps 2000000",
    ),
)
@click.argument("path", metavar="MODEL.zip", type=click.Path(path_type=Path))
@click.option("--game", required=True, metavar="GAME", help="Game that the model plays.")
@click.option(
    "--options",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set an option of the game, such as observation=pixels. Repeatable.",
)
@SET
@click.option(
    "--normalization",
    metavar="FILE|none",
    help="JSON file with the statistics of VecNormalize, or none if observations were not normalised.",
)
@click.option("--run", "name", metavar="NAME", help="Name of the run's directory.")
@RUNS_DIR
def import_model(
    path: Path,
    game: str,
    options: tuple[str, ...],
    assignments: tuple[str, ...],
    normalization: str | None,
    name: str | None,
    runs_dir: str | None,
) -> None:
    """Make a run of a model that Stable-Baselines3 saved elsewhere.

    MODEL.zip is a model of PPO, A2C, TRPO, MaskablePPO or RecurrentPPO. Nothing in the file is
    executed. The run can be evaluated, filmed and trained further like any other. Prints the run's
    directory.
    """
    from arcade_rl.cli.output import notice
    from arcade_rl.config import Source, from_assignments, from_environment, resolve
    from arcade_rl.engines.adoption import adopt, source_of, statistics_of
    from arcade_rl.policies.foreign import read_foreign
    from arcade_rl.registry import load_game
    from arcade_rl.runs.directory import runs_directory

    chosen = Source("--game", {"game": game})
    load_game(game)  # a name that is none is told before a large file is read
    model = read_foreign(path)
    statistics = statistics_of(model, normalization)
    given = from_assignments([f"options.{option}" for option in options], "--options")
    sources = [chosen, from_assignments(assignments), given, *from_environment()]
    resolved = resolve([*sources, source_of(model, statistics)], load_game)
    run = adopt(model, statistics, resolved, runs_directory(runs_dir), name, sys.argv)
    click.echo(str(run.path))
    algorithm = resolved.config.train.algorithm
    notice(f"{algorithm} from {path.name}, trained elsewhere for {model.steps:,} steps")
    for line in _unread(model, resolved):
        notice(line)
    notice(f"measure it with: arcade-rl evaluate {run.reference}")
    notice(f"train it further with: arcade-rl resume {run.reference}")


def _unread(model: ForeignModel, resolved: Resolved) -> list[str]:
    """What the file does not tell, and the values that hold in its place."""
    from arcade_rl.config import DEFAULTS

    train = resolved.config.train.model_dump(mode="json")
    lines = []
    for name in model.unread:
        if resolved.origins.get(f"train.{name}") == "--set":
            continue
        value = train[name] or DEFAULTS[resolved.config.train.algorithm][name]
        lines.append(
            f"{name} is a function, which the file holds as a pickle and which was not read: training "
            f"goes on with {value}; `resume --set train.{name}=...` changes that"
        )
    return lines
