"""Find, check and name plugins.

Listing games and the configurations that ship with them reads metadata and file names only; the
module of a game is imported when that game is asked for. ROMs are declared by modules of their own,
which import no game, so all of them are imported to list ROMs.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from arcade_rl import checkout, hookspecs
from arcade_rl.config.faults import cut
from arcade_rl.contracts import CONTRACT, OLDEST_CONTRACT, Game, Rom
from arcade_rl.errors import MissingError, PluginError
from arcade_rl.words import nearest

ALLOW_LIST = "ARCADE_RL_LOAD_PLUGINS"
GAME_MEMBERS = (
    *("name", "summary", "options"),
    *("declare", "defaults", "make_env", "make_screen"),
)
"""Attributes that `contracts.Game` asks of a game."""
LARGEST_ROM_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Installed:
    """What the metadata of the installed distributions says of one game."""

    name: str
    distribution: str
    """Name and version of the distribution, or several parted by a comma where they clash."""
    module: str
    fault: str = ""
    """Why the game cannot be loaded, as far as metadata can tell."""


def installed() -> list[Installed]:
    """Every game with an entry point, sorted by name. Imports no plugin."""
    games, unreadable = _games_on(_state_of_path())
    allowed = _allow_list()
    return [game for game in games if allowed is None or game.name in allowed] + unreadable


@lru_cache(maxsize=4)
def _games_on(state: _PathState) -> tuple[list[Installed], list[Installed]]:
    """The games on a path, sorted by name, and the distributions whose entry points cannot be read."""
    by_name: dict[str, list[EntryPoint]] = {}
    points, unreadable = _entry_points_on(state, hookspecs.ENTRY_POINT_GROUP)
    for point in points:
        by_name.setdefault(point.name, []).append(point)
    games = []
    for name, points in sorted(by_name.items()):
        distributions = sorted({_distribution(point) for point in points})
        modules = sorted({point.value for point in points})
        fault = ""
        if len(modules) > 1 or len(distributions) > 1:
            fault = f"{name} is offered by {' and by '.join(distributions)}; uninstall one of them"
        else:
            fault = next(filter(None, map(_contract_fault, points)), "")
        games.append(Installed(name, ", ".join(distributions), ", ".join(modules), fault))
    return games, unreadable


def _contract_fault(point: EntryPoint) -> str:
    """Why the games of an entry point's distribution cannot be played with this version of the contract;
    "" where they can."""
    group = hookspecs.CONTRACT_ENTRY_POINT_GROUP
    others = () if point.dist is None else point.dist.entry_points
    written_for = {other.name for other in others if other.group == group}
    for version in sorted(written_for):
        who = f"{_distribution(point)} is written for version {cut(version)} of the plugin contract"
        if not version.isdecimal() or int(version) > CONTRACT:
            return f"{who}; this arcade_rl has version {CONTRACT}: install a newer arcade_rl, or an older release of the plugin"  # fmt: skip
        if int(version) < OLDEST_CONTRACT:
            return f"{who}; this arcade_rl has version {CONTRACT} and plays {OLDEST_CONTRACT} and later ones: install a newer release of the plugin"  # fmt: skip
    return ""


_UNREADABLE = (UnicodeError, ValueError, TypeError, KeyError, OSError)
"""What importlib.metadata raises where a distribution's files are no text, or are empty."""


def refuse_unreadable() -> None:
    """PluginError if the entry points of any installed distribution cannot be read: torch, and what
    Stable-Baselines3 imports, read all of them, and fail without naming it."""
    for distribution in _entry_points(hookspecs.ENTRY_POINT_GROUP)[1]:
        raise PluginError(distribution.fault)


def _entry_points(group: str) -> tuple[list[EntryPoint], list[Installed]]:
    """The entry points of a group, and the distributions whose entry points cannot be read."""
    return _entry_points_on(_state_of_path(), group)


_PathState = tuple[tuple[str, int | None], ...]
"""The folders on the path with the times of their last changes, ns; None for those that are not
there."""


def _state_of_path() -> _PathState:
    """The state of the path, which differs once a distribution was installed or removed. Looking at it
    takes far less time than reading the metadata of all distributions."""
    return tuple((folder, _changed_ns(folder or os.curdir)) for folder in sys.path)


def _changed_ns(folder: str) -> int | None:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return None


@lru_cache(maxsize=8)
def _entry_points_on(state: _PathState, group: str) -> tuple[list[EntryPoint], list[Installed]]:
    """The entry points of a group on a path, and the distributions whose entry points cannot be
    read."""
    try:
        return list(entry_points(group=group)), []
    except _UNREADABLE:
        return _entry_points_one_by_one(group)


def _entry_points_one_by_one(group: str) -> tuple[list[EntryPoint], list[Installed]]:
    points: dict[str, list[EntryPoint]] = {}
    unreadable = {}
    for distribution in distributions():
        name = _name_of(distribution)
        key = name.partition(" ")[0].lower().replace("_", "-")
        if key in points or key in unreadable:
            continue  # Python imports the first distribution of this name on the path
        try:
            points[key] = list(distribution.entry_points.select(group=group))
        except _UNREADABLE as error:
            fault = f"the entry points of {name} cannot be read: {_said(error)}"
            advice = "install it again or uninstall it"
            unreadable[key] = Installed(name, name, "", f"{fault}; {advice}")
    return [point for found in points.values() for point in found], list(unreadable.values())


def _name_of(distribution: Distribution) -> str:
    """Name and version of a distribution; where its metadata cannot be read, the name of its
    folder."""
    try:
        return f"{distribution.name} {distribution.version}"
    except _UNREADABLE:
        return Path(str(getattr(distribution, "_path", "a distribution"))).name


def load_game(name: str) -> Game:
    """Import the plugin of one game and return the game.

    MissingError if no installed distribution offers it, PluginError if its plugin is broken.
    """
    distribution = _installed_game(name).distribution
    points, _ = _entry_points(hookspecs.ENTRY_POINT_GROUP)
    (point,) = {point for point in points if point.name == name}
    module = _import(point, distribution)
    for game in _games_of(module, distribution):
        if game.name == name:
            return game
    raise PluginError(
        f"{distribution}: {module.__name__} offers no game named {name}, but its entry point does"
    )


def configurations(name: str) -> dict[str, Path]:
    """The configurations that ship with an installed game, by name: the files `configs/GAME/*.toml`
    of the package that its entry point names. Imports no plugin. Raises as `load_game` does."""
    spec = find_spec(_installed_game(name).module.partition(".")[0])
    folders = (spec.submodule_search_locations if spec else None) or []
    files = [path for folder in folders for path in Path(folder, "configs", name).glob("*.toml")]
    return {path.stem: path for path in sorted(files)}


def _installed_game(name: str) -> Installed:
    games = {game.name: game for game in installed()}
    if name not in games:
        raise MissingError(_not_installed(name, list(games)))
    if games[name].fault:
        raise PluginError(games[name].fault)
    return games[name]


@dataclass(frozen=True, slots=True)
class RomSource:
    """What one module declares of ROMs."""

    distribution: str
    """Name and version of the distribution that the module belongs to."""
    module: str
    roms: tuple[Rom, ...]
    fault: str = ""
    """Why the module declares no ROMs; empty where all is well."""


def rom_sources() -> list[RomSource]:
    """The ROMs that plugins declare, module by module. A broken module says why, and hides no
    other."""
    allowed = _allow_list()
    found, unreadable = _entry_points(hookspecs.ROM_ENTRY_POINT_GROUP)
    points = {
        (point.value, _distribution(point)): point
        for point in found
        if allowed is None or allowed & {point.name, *_games_beside(point)}
    }
    sources = [_rom_source(point) for _, point in sorted(points.items())]
    return sources + [RomSource(it.distribution, "", (), it.fault) for it in unreadable]


def _games_beside(point: EntryPoint) -> set[str]:
    """Names of the games that the entry point's distribution offers."""
    if point.dist is None:
        return set()
    group = hookspecs.ENTRY_POINT_GROUP
    return {other.name for other in point.dist.entry_points if other.group == group}


def _rom_source(point: EntryPoint) -> RomSource:
    distribution = _distribution(point)
    try:
        module = _import(point, distribution)
        roms = _hook_results(module, distribution, "arcade_rl_roms")
        for rom in roms:
            if fault := rom_fault(rom):
                raise PluginError(f"{distribution}: {module.__name__} declares {fault}")
    except PluginError as error:
        return RomSource(distribution, point.value, (), " ".join(str(error).split()))
    return RomSource(distribution, point.value, tuple(roms))


def rom_fault(rom: object) -> str:
    """What is wrong with a declared ROM; empty where all is well."""
    if not isinstance(rom, Rom):
        return f"{rom!r:.60}; expected an arcade_rl.contracts.Rom"
    for field in fields(Rom):
        default = () if field.name == "games" else field.default
        kind = str if default is MISSING else Path if default is None else type(default)
        value = getattr(rom, field.name)
        if not isinstance(value, kind) and value is not default:
            return f"{rom.name!r:.60} with {field.name} {value!r:.60}; expected {kind.__name__}"
    return next(_faults_of(rom), "")


def _faults_of(rom: Rom) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rom.name):
        yield f"the name {rom.name!r:.60}; expected lower case, digits and hyphens"
    if not rom.title.isprintable() or not rom.title:
        yield f"{rom.name} with the title {rom.title!r:.60}; expected one line"
    if not rom.games or not all(isinstance(game, str) for game in rom.games):
        yield f"{rom.name} for the games {rom.games!r:.60}; expected their names"
    if not re.fullmatch(r"[0-9a-f]{40}", rom.sha1):
        yield f"{rom.name} with the SHA-1 {rom.sha1!r:.60}; expected 40 hexadecimal digits, in lower case"
    if not 0 < rom.content_bytes <= LARGEST_ROM_BYTES - len(rom.header):
        yield f"{rom.name} with {rom.content_bytes} bytes; expected 1 to {LARGEST_ROM_BYTES}"
    if rom.shipped is not None:
        if rom.header or rom.file_name or rom.refusal:
            yield f"{rom.name}, which ships, with header, file_name or refusal"
        return
    if rom.refusal and not rom.advice:
        yield f"{rom.name}, which is refused, without advice"
    if not rom.refusal and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", rom.file_name):
        yield f"{rom.name} to be stored as {rom.file_name!r:.60}; expected a plain file name"


def _allow_list() -> set[str] | None:
    text = os.environ.get(ALLOW_LIST)
    return None if text is None else {name.strip() for name in text.split(",") if name.strip()}


def _distribution(point: EntryPoint) -> str:
    return _name_of(point.dist) if point.dist else point.value


def _not_installed(name: str, known: list[str]) -> str:
    """The sentence about a game that no installed plugin offers, with what to do."""
    if (allowed := _allow_list()) is not None and name not in allowed:
        names = ", ".join(sorted(allowed)) or "none"
        return f"{_no_game(name, known)} ({ALLOW_LIST} allows {names})"
    if distribution := _distribution_of_roms(name):
        return f"{name} cannot be trained yet: {distribution} has its ROMs and offers no game; see `arcade-rl roms list`"  # fmt: skip
    for group in (hookspecs.ENTRY_POINT_GROUP, hookspecs.ROM_ENTRY_POINT_GROUP):
        if folder := checkout.folder_of(name, group):
            later = "" if group == hookspecs.ENTRY_POINT_GROUP else " and cannot be trained yet"
            advice = checkout.how_to_install(folder)
            return f"{name} is in this checkout but not installed{later}: {advice}"
    return _no_game(name, known)


def _no_game(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    hint = f"did you mean {near}?" if near else f"installed: {', '.join(known) or 'none'}"
    advice = "" if known else f"; {checkout.how_to_get_games()}"
    return f"no installed plugin offers a game named {cut(name)}; {hint}{advice}"


def _distribution_of_roms(name: str) -> str:
    """The installed distribution that declares ROMs under this name, or a ROM or a game of this
    name; "" if there is none."""
    points, _ = _entry_points(hookspecs.ROM_ENTRY_POINT_GROUP)
    for point in points:
        if point.name == name:
            return _distribution(point)
    for source in rom_sources():
        if any(name == rom.name or name in rom.games for rom in source.roms):
            return source.distribution
    return ""


def _import(point: EntryPoint, distribution: str) -> ModuleType:
    try:
        module = point.load()
    except (Exception, SystemExit) as error:  # a plugin may raise anything, and that is reported
        raise PluginError(
            f"{distribution}: importing {point.value} raised {_said(error)}"
        ) from error
    if not isinstance(module, ModuleType):
        raise PluginError(f"{distribution}: entry point {point.value} is not a module")
    return module


def _hook_results(module: ModuleType, distribution: str, hook: str) -> list[Any]:
    """The results of the module's hook. Each module has a plugin manager of its own, so that none
    can disturb another."""
    plugins = pluggy.PluginManager(hookspecs.PROJECT)
    plugins.add_hookspecs(hookspecs)
    try:
        plugins.register(module, name=module.__name__)
        plugins.check_pending()
    except pluggy.PluginValidationError as error:
        said = " ".join(str(error).split())
        raise PluginError(f"{distribution}: {said}") from error
    caller = getattr(plugins.hook, hook)
    if not caller.get_hookimpls():
        raise PluginError(
            f"{distribution}: {module.__name__} implements no hook {hook}; "
            "expected a function of that name under @hookimpl"
        )
    try:
        return [item for items in caller() for item in items]
    except (Exception, SystemExit) as error:  # a hook may raise anything, too
        raise PluginError(
            f"{distribution}: {hook} of {module.__name__} raised {_said(error)}"
        ) from error


def _games_of(module: ModuleType, distribution: str) -> list[Game]:
    games: list[Game] = _hook_results(module, distribution, "arcade_rl_games")
    for game in games:
        if missing := [name for name in GAME_MEMBERS if not hasattr(game, name)]:
            raise PluginError(
                f"{distribution}: {module.__name__} offers {game!r:.60}, "
                f"which has no {' and no '.join(missing)}; expected an arcade_rl.contracts.Game"
            )
        if not hasattr(game.options, "model_fields") or not isinstance(game.options, type):
            raise PluginError(
                f"{distribution}: {game.name!s:.60} has options {game.options!r:.60}; "
                "expected a subclass of arcade_rl.config.Options"
            )
    return games


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
