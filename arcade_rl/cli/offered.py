"""Names that a shell completes: runs, checkpoints, episodes, games, configurations, metrics.

Somebody waits at a prompt for them, so no plugin is imported, and run.db is opened only for episodes
and metrics. What cannot be read has no names.
"""

from __future__ import annotations

import functools
import glob
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from arcade_rl.errors import ArcadeError

MOST_EPISODES = 50
"""Number of the newest recorded episodes that are offered."""
IS_RUN = ("run.json", "config.toml")

Names = Callable[[click.Context, str], Iterable[str]]
"""Takes the context and the incomplete word, and gives names, which need not begin with the word."""


def offer_names(command: click.Command) -> None:
    """Let the parameters of a command, and of the commands in it, offer names to a shell."""
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        offer_names(inner)
    for parameter in command.params:
        if names := _names_of(parameter):
            setattr(parameter, "shell_complete", functools.partial(_complete, names))  # noqa: B010


def _names_of(parameter: click.Parameter) -> Names | None:
    if isinstance(parameter, click.Argument):
        return ARGUMENTS.get(parameter.metavar or (parameter.name or "").upper())
    return next((OPTIONS[name] for name in parameter.opts if name in OPTIONS), None)


def _complete(names: Names, context: click.Context, incomplete: str) -> list[CompletionItem]:
    """The names that go on from the incomplete word, or the files that do."""
    try:
        found = [name for name in names(context, incomplete) if name.startswith(incomplete)]
    except (ArcadeError, OSError, ValueError, KeyError, IndexError, TypeError):
        found = []  # there is no place for a message, and Tab must not break a line
    if not found and os.sep in incomplete:
        return [CompletionItem(incomplete, type="file")]
    return [CompletionItem(name) for name in found]


def runs(context: click.Context, incomplete: str) -> list[str]:
    """Names of the runs, and the newest one's short name."""
    with os.scandir(_root(context)) as entries:
        found = sorted(
            entry.name
            for entry in entries
            if not entry.name.startswith(".")
            and any(os.path.isfile(os.path.join(entry.path, name)) for name in IS_RUN)
        )
    return [*found, *(["@latest"] if found else [])]


def checkpoints(context: click.Context, incomplete: str) -> list[str]:
    """Runs, and behind an "@" the checkpoints of one."""
    name, sign, _ = incomplete.rpartition("@")
    if not sign or not name:
        return runs(context, incomplete)
    found = {"latest": None, "best": None}
    for folder in sorted((_root(context) / name / "checkpoints").iterdir()):
        state = json.loads((folder / "state.json").read_bytes())
        found |= dict.fromkeys([f"{state['chunk']}", *state["milestones"]])
    return [f"{name}@{checkpoint}" for checkpoint in found]


def episodes(context: click.Context, incomplete: str) -> list[str]:
    """Runs, and behind a ":" the numbers of the newest recorded episodes of one."""
    name, sign, digits = incomplete.rpartition(":")
    if not sign:
        return runs(context, incomplete)
    from arcade_rl.runs.database import Database

    query = "select number from recordings where number like ? order by number desc limit ?"
    with Database.reading(_root(context) / name / "run.db") as database:
        rows = database.rows(query, [f"{digits}%", MOST_EPISODES])
        return [f"{name}:{row[0]}" for row in rows]


def anything_shown(context: click.Context, incomplete: str) -> list[str]:
    """Runs, checkpoints and episodes."""
    return (episodes if ":" in incomplete else checkpoints)(context, incomplete)


def games(context: click.Context, incomplete: str) -> list[str]:
    """Names of the installed games, by metadata alone."""
    from importlib.metadata import entry_points

    return sorted({point.name for point in entry_points(group="arcade_rl.games")})


def configurations(context: click.Context, incomplete: str) -> list[str]:
    """The configurations below ./configs, where folders may be links."""
    return sorted(glob.glob("configs/**/*.toml", recursive=True))


def targets(context: click.Context, incomplete: str) -> list[str]:
    """Games and configurations, and behind a ":" those that ship with a game."""
    game, colon, _ = incomplete.partition(":")
    if not colon:
        return [*games(context, incomplete), *configurations(context, incomplete)]
    from arcade_rl import registry

    return [f"{game}:{name}" for name in registry.configurations(game)]


def metrics(context: click.Context, incomplete: str) -> list[str]:
    """What the episodes of the run on the command line can be sorted and filtered by."""
    from arcade_rl.runs.database import Database
    from arcade_rl.runs.directory import find_run
    from arcade_rl.runs.episodes import FIELDS

    reference = context.params.get("reference") or context.args[0]
    run = find_run(str(reference), _root(context))
    with Database.reading(run.database) as database:
        return [*FIELDS, *database.metric_names()]


def criteria(context: click.Context, incomplete: str) -> list[str]:
    """Criteria of recording."""
    from arcade_rl.config.recording import CRITERIA

    return list(CRITERIA)


def keys(context: click.Context, incomplete: str) -> list[str]:
    """Tables and keys of a configuration."""
    from arcade_rl.config import Config
    from arcade_rl.config.resolve import known_keys

    return known_keys(Config)


def assignments(context: click.Context, incomplete: str) -> list[str]:
    """Keys of a configuration, each with the sign that a value follows."""
    return [f"{key}=" for key in keys(context, incomplete) if "." in key or key == "seed"]


def commands(context: click.Context, incomplete: str) -> list[str]:
    """Names of the commands."""
    from arcade_rl.cli import COMMANDS

    return list(COMMANDS)


def _root(context: click.Context) -> Path:
    """Where runs live, as `runs.directory.runs_directory` says, which takes long to import."""
    option = context.params.get("runs_dir")
    return Path(option or os.environ.get("ARCADE_RL_RUNS_DIR") or "runs")


ARGUMENTS: dict[str, Names] = {
    **dict.fromkeys(("RUN", "RUN...", "RUN RUN...", "A", "B"), runs),
    **dict.fromkeys(("RUN[@CKPT]", "RUN[@CKPT]|GAME:POLICY"), checkpoints),
    **dict.fromkeys(
        ("RUN:EPISODE|FILE", "RUN|RUN:EPISODE|FILE", "RUN:EPISODE|FILE|GAME:POLICY"), episodes
    ),
    **dict.fromkeys(
        (
            "A B [C [D]]",
            "RUN:EPISODE|RUN@CKPT|FILE",
            "RUN[@CKPT]|RUN:EPISODE|FILE",
            "RUN[@CKPT]|RUN:EPISODE|FILE|GAME:POLICY|ssh://HOST/PATH",
        ),
        anything_shown,
    ),
    **dict.fromkeys(("CONFIG|GAME[:NAME]", "[CONFIG|GAME[:NAME]]"), targets),
    **dict.fromkeys(("GAME", "[GAME]"), games),
    "[PATH]...": configurations,
    "[TABLE|KEY]...": keys,
    "[COMMAND]...": commands,
}
"""Names that arguments take, by what the help calls the argument."""
OPTIONS: dict[str, Names] = {
    "--sort": metrics,
    "--metric": metrics,
    "--reason": criteria,
    "--game": games,
    "--set": assignments,
    **dict.fromkeys(("--opponent", "--from"), checkpoints),
}
"""Names that options take."""
