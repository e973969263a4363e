"""The hooks that plugins implement, and their documentation."""

from collections.abc import Iterable

import pluggy

from arcade_rl.contracts import Game

PROJECT = "arcade_rl"
ENTRY_POINT_GROUP = "arcade_rl.games"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def arcade_rl_games() -> Iterable[Game]:
    """The games that this plugin offers.

    Called once, when one of the plugin's games is asked for by name. The module must be named by an
    entry point in the group `arcade_rl.games` for each game, under the game's name:

        [project.entry-points."arcade_rl.games"]
        pong = "arcade_rl_pong"

    and in `arcade_rl_pong/__init__.py`:

        from arcade_rl.hookspecs import hookimpl

        @hookimpl
        def arcade_rl_games():
            return [Pong()]

    Import emulators and simulators inside `Game.make_env`, never at the top of the module.
    """
    raise NotImplementedError
