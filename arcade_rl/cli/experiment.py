"""From what people write on a command line to one checked experiment."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel

from arcade_rl.config import (
    Resolved,
    Source,
    cut,
    from_assignments,
    from_environment,
    game_name,
    read_toml,
    resolve,
    resolve_options,
)
from arcade_rl.contracts import Game
from arcade_rl.errors import ConfigError
from arcade_rl.registry import configurations, load_game
from arcade_rl.runs.directory import RunDirectory


def resolve_target(target: str, assignments: Sequence[str]) -> Resolved:
    """Resolve CONFIG|GAME[:NAME] under `key=value` assignments and the `ARCADE_RL_*` variables."""
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
    """The values of a configuration: of a file, or of one that ships with a game, GAME:NAME. For the
    name of a game, just that name."""
    if is_path(target):
        return read_toml(Path(target))
    game, colon, name = target.partition(":")
    return read_shipped(game, name) if colon else Source("command line", {"game": game})


def read_shipped(game: str, name: str) -> Source:
    """The values of a configuration that ships with an installed game. ConfigError names those that
    there are."""
    paths = configurations(game)
    if name not in paths:
        raise ConfigError(_not_shipped(game, name, list(paths)))
    return replace(read_toml(paths[name]), origin=f"{game}:{name}")


def _not_shipped(game: str, name: str, known: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    there = f"; there are {', '.join(f'{game}:{other}' for other in known)}"
    if not known:
        there = f"; none ships with it: expected {game} alone, for its defaults, or a file"
    hint = f"; did you mean {game}:{nearest[0]}?" if nearest else ""
    return f"{game} has no configuration named {cut(name) or '(nothing)'}{hint or there}"


def is_path(target: str) -> bool:
    """Whether the target is a file; a directory that has a game's name hides no game."""
    separators = {os.sep, os.altsep} - {None}
    return (
        os.path.isfile(target)  # False too for what no file system could name
        or target.endswith(".toml")
        or any(separator in target for separator in separators if separator)
    )
