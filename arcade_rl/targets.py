"""The configuration that people name: a TOML file, a game, or a configuration that ships with one."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from arcade_rl.config import Source, cut, read_toml
from arcade_rl.errors import ConfigError
from arcade_rl.registry import configurations
from arcade_rl.words import nearest


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
