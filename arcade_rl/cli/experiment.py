"""From what people write on a command line to one checked experiment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from arcade_rl.config import (
    Resolved,
    Source,
    from_assignments,
    from_environment,
    game_name,
    read_toml,
    resolve,
    resolve_options,
)
from arcade_rl.contracts import Game
from arcade_rl.registry import load_game
from arcade_rl.runs.directory import RunDirectory


def resolve_target(target: str, assignments: Sequence[str]) -> Resolved:
    """Resolve CONFIG|GAME under `key=value` assignments and the `ARCADE_RL_*` variables."""
    return resolve(_sources(target, assignments), load_game)


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


def _sources(target: str, assignments: Sequence[str]) -> list[Source]:
    return [from_assignments(assignments), *from_environment(os.environ), read_target(target)]


def read_target(target: str) -> Source:
    """The values of a configuration file; for the name of a game, just that name."""
    if is_path(target):
        return read_toml(Path(target))
    return Source("command line", {"game": target})


def is_path(target: str) -> bool:
    """Whether the target is a file; a directory that has a game's name hides no game."""
    separators = {os.sep, os.altsep} - {None}
    return (
        os.path.isfile(target)  # False too for what no file system could name
        or target.endswith(".toml")
        or any(separator in target for separator in separators if separator)
    )
