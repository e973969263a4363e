"""Find, check and name plugins. Listing reads metadata only; a game's module is imported when it is asked for."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

import pluggy

from arcade_rl import hookspecs
from arcade_rl.contracts import Game
from arcade_rl.errors import MissingError, PluginError

ALLOW_LIST = "ARCADE_RL_LOAD_PLUGINS"
GAME_MEMBERS = (
    *("name", "summary", "options"),
    *("declare", "defaults", "make_env", "make_screen"),
)
"""What `contracts.Game` asks of a game."""


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
    """Every game with an entry point, by name. Imports no plugin."""
    by_name: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=hookspecs.ENTRY_POINT_GROUP):
        by_name.setdefault(point.name, []).append(point)
    allowed = _allow_list()
    games = []
    for name, points in sorted(by_name.items()):
        if allowed is not None and name not in allowed:
            continue
        distributions = sorted({_distribution(point) for point in points})
        modules = sorted({point.value for point in points})
        fault = ""
        if len(modules) > 1 or len(distributions) > 1:
            fault = f"{name} is offered by {' and by '.join(distributions)}; uninstall one of them"
        games.append(Installed(name, ", ".join(distributions), ", ".join(modules), fault))
    return games


def load_game(name: str) -> Game:
    """Import the plugin of one game and return the game.

    MissingError if no installed distribution offers it, PluginError if its plugin is broken.
    """
    games = {game.name: game for game in installed()}
    if name not in games:
        raise MissingError(_not_installed(name, list(games)))
    if games[name].fault:
        raise PluginError(games[name].fault)
    module = _import(games[name])
    for game in _games_of(module, games[name]):
        if game.name == name:
            return game
    raise PluginError(
        f"{games[name].distribution}: {module.__name__} offers no game named {name}, "
        "but its entry point does"
    )


def _allow_list() -> set[str] | None:
    text = os.environ.get(ALLOW_LIST)
    return None if text is None else {name.strip() for name in text.split(",") if name.strip()}


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _not_installed(name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = (
        f"; did you mean {nearest[0]}?" if nearest else f"; installed: {', '.join(known) or 'none'}"
    )
    if (allowed := _allow_list()) is not None and name not in allowed:
        hint += f" ({ALLOW_LIST} allows {', '.join(sorted(allowed)) or 'none'})"
    return f"no installed plugin offers a game named {name}{hint}"


def _import(game: Installed) -> ModuleType:
    (point,) = set(entry_points(group=hookspecs.ENTRY_POINT_GROUP, name=game.name))
    try:
        module = point.load()
    except (
        Exception,
        SystemExit,
    ) as error:  # a plugin may raise anything; it is reported, not hidden
        raise PluginError(
            f"{game.distribution}: importing {game.module} raised {_said(error)}"
        ) from error
    if not isinstance(module, ModuleType):
        raise PluginError(f"{game.distribution}: entry point {game.module} is not a module")
    return module


def _games_of(module: ModuleType, installed_game: Installed) -> list[Game]:
    """Call the module's hook. One plugin manager a module, so that none can disturb another."""
    plugins = pluggy.PluginManager(hookspecs.PROJECT)
    plugins.add_hookspecs(hookspecs)
    try:
        plugins.register(module, name=module.__name__)
        plugins.check_pending()
    except pluggy.PluginValidationError as error:
        said = " ".join(str(error).split())
        raise PluginError(f"{installed_game.distribution}: {said}") from error
    if not plugins.hook.arcade_rl_games.get_hookimpls():
        raise PluginError(
            f"{installed_game.distribution}: {module.__name__} implements no hook arcade_rl_games; "
            "expected a function of that name under @hookimpl"
        )
    try:
        results: list[Iterable[Game]] = plugins.hook.arcade_rl_games()
        games = [game for games in results for game in games]
    except (Exception, SystemExit) as error:  # as above
        raise PluginError(
            f"{installed_game.distribution}: arcade_rl_games of {module.__name__} raised {_said(error)}"
        ) from error
    for game in games:
        if missing := [name for name in GAME_MEMBERS if not hasattr(game, name)]:
            raise PluginError(
                f"{installed_game.distribution}: {module.__name__} offers {game!r:.60}, "
                f"which has no {' and no '.join(missing)}; expected an arcade_rl.contracts.Game"
            )
    return games


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
