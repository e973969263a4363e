"""From what people write on a command line to one checked experiment."""

from __future__ import annotations

import glob
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
from arcade_rl.errors import ConfigError, MissingError
from arcade_rl.registry import configurations, load_game
from arcade_rl.runs.directory import RunDirectory, all_runs, runs_directory
from arcade_rl.words import nearest


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


def _sources(target: str, assignments: Sequence[str]) -> list[Source]:
    return [from_assignments(assignments), *from_environment(os.environ), read_target(target)]


def read_target(target: str) -> Source:
    """The values of a configuration: of a file, or of one that ships with a game, GAME:NAME. For the
    name of a game, just that name."""
    if is_path(target):
        _expect_file(Path(target))
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
    near = nearest(name, known)
    there = f"; there are {', '.join(f'{game}:{other}' for other in known)}"
    if not known:
        there = f"; none ships with it: expected {game} alone, for its defaults, or a file"
    hint = f"; did you mean {game}:{near}?" if near else ""
    return f"{game} has no configuration named {cut(name) or '(nothing)'}{hint or there}"


def _expect_file(path: Path) -> None:
    """ConfigError, which names the files that are there, for a directory and for a file that does
    not exist."""
    if path.is_dir():
        files = ", ".join(map(str, files_below(path))) or "no *.toml"
        raise ConfigError(f"{path} is a directory; expected one configuration, and it has {files}")
    if not os.path.lexists(path):
        hint = f"; {meant}" if (meant := _neighbours(path)) else ""
        raise ConfigError(f"{path} does not exist; expected a TOML configuration{hint}")


def files_below(folder: Path) -> list[Path]:
    """Every *.toml in a folder and in the folders, links too, below it."""
    names = glob.glob("**/*.toml", root_dir=folder, recursive=True, include_hidden=True)
    return [folder / name for name in sorted(names)]


def _neighbours(path: Path) -> str:
    """The file that may have been meant by a path that does not exist, or all that lie in its
    directory; "" where nothing can be said."""
    beside = path.parent if path.parent.is_dir() else Path()
    known = {file.stem: str(file) for file in sorted(beside.glob("*.toml"))}
    if near := nearest(path.stem, known):
        return f"did you mean {known[near]}?"
    return f"{beside} has {', '.join(known.values())}" if known and beside != Path() else ""


def is_path(target: str) -> bool:
    """Whether the target is a file; a directory that has a game's name hides no game."""
    separators = {os.sep, os.altsep} - {None}
    return (
        os.path.isfile(target)  # False too for what no file system could name
        or target.endswith(".toml")
        or any(separator in target for separator in separators if separator)
    )
