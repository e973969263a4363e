"""From what people write on a command line to one checked experiment."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pydantic import BaseModel

from arcade_rl.config import (
    Resolved,
    Source,
    from_assignments,
    from_environment,
    game_name,
    resolve,
    resolve_options,
)
from arcade_rl.contracts import Game
from arcade_rl.errors import MissingError
from arcade_rl.registry import configurations, load_game
from arcade_rl.runs.directory import RunDirectory, all_runs, runs_directory
from arcade_rl.targets import read_target


def resolve_target(target: str, assignments: Sequence[str]) -> Resolved:
    """Resolve CONFIG|GAME[:NAME] under `key=value` assignments and the `ARCADE_RL_*` variables.
    MissingError, which says so where the target is a run, if no game has this name."""
    try:
        return resolve(_sources(target, assignments), load_game)
    except MissingError as error:
        run = next((run for run in all_runs(runs_directory(None)) if run.name == target), None)
        if run is None or "no installed plugin" not in str(error):
            raise
        raise MissingError(f"{target} is a run, and no game; its configuration is {run.config}") from error  # fmt: skip


def resolve_resumed(run: RunDirectory, saved: Resolved, assignments: Sequence[str]) -> Resolved:
    """The saved configuration of a run under new assignments and the `ARCADE_RL_*` variables, if
    any."""
    changes = [from_assignments(assignments)] if assignments else []
    changes += from_environment(os.environ)
    return resolve([*changes, run.saved()], load_game) if changes else saved


def game_with_options(target: str, assignments: Sequence[str]) -> tuple[Game, BaseModel]:
    """The game and its checked options alone, for games whose declaration may be broken."""
    sources = _sources(target, assignments)
    game = load_game(game_name(sources))
    return game, resolve_options(sources, game)


def checked_target(target: str, assignments: Sequence[str]) -> str:
    """The name of the game that is meant, which is installed. Imports no plugin."""
    name = game_name(_sources(target, assignments))
    configurations(name)
    return name


def _sources(target: str, assignments: Sequence[str]) -> list[Source]:
    return [from_assignments(assignments), *from_environment(os.environ), read_target(target)]
