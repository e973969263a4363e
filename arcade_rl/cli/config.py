"""`arcade-rl config`: which configurations ship with the games, what a configuration resolves to,
what its keys mean, and whether files are valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import JSON, SET, TARGET
from arcade_rl.errors import ArcadeError, MissingError, UsageError

if TYPE_CHECKING:
    from arcade_rl.config import Resolved
    from arcade_rl.config.keys import Key, KeyTable

CONFIGS = Path("configs")
_SENTENCE_END = re.compile(r"(?<=\w{3})\.\s")
"""A full stop behind a word, and not behind an abbreviation such as "Dr"."""


@click.group(epilog=examples("arcade-rl config show breakout", "arcade-rl config keys train.gamma"))
def config() -> None:
    """List, show, explain and validate configurations."""


@config.command("list", epilog=examples("arcade-rl config list", "arcade-rl train breakout:quick"))
@click.argument("game", metavar="[GAME]", required=False)
@JSON
def list_shipped(game: str | None, as_json: bool) -> None:
    """List the configurations that ship with the installed games, or with one of them.

    Train one by its name, such as breakout:quick; copy its file to make one of your own.
    """
    from arcade_rl.cli.output import emit_json, table

    rows = list(_shipped(game))
    if as_json:
        keys = ("name", "summary", "path")
        emit_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        table(["name", "summary", "path"], rows)


@config.command(
    epilog=examples(
        "arcade-rl config show breakout:quick",
        "arcade-rl config show my.toml --set train.gamma=0.9",
    )
)
@TARGET
@SET
@JSON
def show(target: str, assignments: tuple[str, ...], as_json: bool) -> None:
    """Show every value of a configuration, and where it came from.

    A hyper-parameter that nobody has set is shown with the value that the algorithm gives it, and
    "default of" that algorithm as its origin. `arcade-rl config keys` explains the keys.
    """
    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.cli.output import emit_json, table

    resolved = resolve_target(target, assignments)
    rows = list(_rows(resolved))
    if as_json:
        origins = {key: origin for key, _, origin in rows}
        emit_json({"values": _values_in_force(resolved), "origins": origins})
    else:
        cells = [[key, _written(value), by] for key, value, by in rows]
        table(["key", "value", "origin"], cells)


@config.command(
    "keys", epilog=examples("arcade-rl config keys", "arcade-rl config keys train recording.queue")
)
@click.argument("names", metavar="[TABLE|KEY]...", nargs=-1)
@JSON
def explain(names: tuple[str, ...], as_json: bool) -> None:
    """Explain every key: what it takes, its default, its unit, and what to beware of.

    A TABLE such as train, or a KEY such as train.gamma, shows only that. The options of a game are
    shown by `arcade-rl plugins show GAME`.
    """
    from arcade_rl.cli.output import emit_json, paragraph
    from arcade_rl.config.keys import key_tables

    tables = [(table, keys) for table in key_tables() if (keys := _named(table, names))]
    _refuse_unknown(names)
    if as_json:
        emit_json([{"table": table.title, **asdict(key)} for table, keys in tables for key in keys])
        return
    for place, (table, keys) in enumerate(tables):
        click.echo("\n" if place else "", nl=False)
        paragraph(f"{table.title}  {table.summary}", indent=4)
        for key in keys:
            paragraph(_explanation(key), indent=4)


@config.command(epilog=examples("arcade-rl config validate", "arcade-rl config validate my.toml"))
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@JSON
@click.pass_context
def validate(context: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """Check configuration files; without a PATH, every *.toml below ./configs.

    A PATH may be a folder. Without a PATH, configurations of games that are not installed are
    skipped. Exits with 2 if a file is faulty.
    """
    from arcade_rl.cli.output import emit_json

    skipped = {} if paths else _not_playable(_files(paths))
    faults = {path: _fault(path) for path in _files(paths) if path not in skipped}
    if as_json:
        rows = [{"path": path, "ok": not fault, "fault": fault} for path, fault in faults.items()]
        rows += [{"path": path, "ok": None, "fault": reason} for path, reason in skipped.items()]
        emit_json(rows)
    else:
        for path, fault in faults.items():
            click.echo(f"{path}: fault: {fault}" if fault else f"{path}: ok")
        for path, reason in skipped.items():
            click.echo(f"{path}: skipped: {reason}")
    if any(faults.values()):
        context.exit(UsageError.exit_code)


def _shipped(game: str | None) -> Iterator[tuple[str, str, str]]:
    """Name, summary and path of every configuration that ships with `game`; None: with any game."""
    from arcade_rl.cli.output import notice
    from arcade_rl.registry import configurations, installed

    for found in installed():
        if found.fault and game is None:
            notice(found.fault)
    names = [it.name for it in installed() if not it.fault] if game is None else [game]
    for name in names:
        for stem, path in configurations(name).items():
            yield f"{name}:{stem}", _summary(path), str(path)


def _summary(path: Path) -> str:
    """The first sentence of the comment at the beginning of a file."""
    text = path.read_text(encoding="utf-8")
    lines = list(takewhile(lambda line: line.startswith("#"), text.splitlines()))
    comment = " ".join(line.removeprefix("#").strip() for line in lines)
    return _SENTENCE_END.split(comment, maxsplit=1)[0].rstrip(".")


def _named(table: KeyTable, names: Sequence[str]) -> list[Key]:
    """The keys of a table that one of the names means; all of them where there are no names."""
    from arcade_rl.config.faults import is_within

    return [
        key for key in table.keys if not names or any(is_within(key.name, name) for name in names)
    ]


def _refuse_unknown(names: Sequence[str]) -> None:
    from arcade_rl.config import unknown_key
    from arcade_rl.config.faults import is_within
    from arcade_rl.config.keys import key_tables

    known = [key.name for table in key_tables() for key in table.keys]
    tables = [key.rpartition(".")[0] for key in known if "." in key]
    for name in names:
        if not any(is_within(key, name) for key in known):
            raise UsageError(unknown_key(name, [*known, *tables]))


def _explanation(key: Key) -> str:
    default = f"default {key.default}" if key.default else "must be set"
    return f"{key.name}  {key.type}; {default}.  {key.meaning} {key.takers}".rstrip()


def _values(resolved: Resolved) -> dict[str, Any]:
    return resolved.config.model_dump(mode="json", exclude_none=True)


def _values_in_force(resolved: Resolved) -> dict[str, Any]:
    """All values, with those of the algorithm where nobody has set one."""
    from arcade_rl.config import held

    values = _values(resolved)
    for one in held(resolved.config.train):
        *tables, name = one.key.split(".")
        inner = values
        for table in tables:
            inner = inner.setdefault(table, {})
        inner[name] = one.value
    return values


def _rows(resolved: Resolved) -> Iterator[tuple[str, Any, str]]:
    """Key, value and origin of every value, those of the algorithm last."""
    from arcade_rl.config import flatten, held

    for key, value in flatten(_values(resolved)):
        is_of_game = key.startswith(("options.", "reward."))
        default = f"default of {resolved.game.name}" if is_of_game else "default"
        yield key, value, resolved.origins.get(key, default)
    for one in held(resolved.config.train):
        yield one.key, one.value, one.origin


def _written(value: Any) -> str:
    return "none" if value is None else json.dumps(value)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    from arcade_rl.targets import files_below

    files: list[Path] = []
    for path in paths or (CONFIGS,):
        found = files_below(path) if path.is_dir() else [path]
        if not found or (not paths and not path.exists()):
            raise MissingError(f"{path} holds no *.toml; name the files to check")
        files += found
    return files


def _not_playable(files: Sequence[Path]) -> dict[Path, str]:
    """The files whose game is not installed, each with the reason."""
    from arcade_rl.config import game_name, read_toml
    from arcade_rl.registry import installed, load_game

    names, found = {game.name for game in installed()}, {}
    for path in files:
        try:
            if (name := game_name([read_toml(path)])) not in names:
                load_game(name)
        except MissingError as error:
            found[path] = str(error)
        except ArcadeError:
            continue  # the file is faulty, which its check says
    return found


def _fault(path: Path) -> str:
    """What is wrong with a file by itself, whatever the environment sets; empty if nothing is."""
    from arcade_rl.cli.output import notice
    from arcade_rl.config import read_toml, resolve
    from arcade_rl.envs.fit import refuse_unfitting_choice
    from arcade_rl.registry import load_game

    try:
        resolved = resolve([read_toml(path)], load_game)
        try:
            refuse_unfitting_choice(resolved)
        except MissingError as error:  # a fault of this machine, not of the file
            notice(f"{path}: whether the learner fits the game cannot be asked: {error}")
    except ArcadeError as error:
        return str(error).removeprefix(f"{path}: ")
    return ""
