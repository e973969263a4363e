"""The hooks that plugins implement, and their documentation."""

from collections.abc import Iterable

import pluggy

from arcade_rl.contracts import Game, Rom

PROJECT = "arcade_rl"
ENTRY_POINT_GROUP = "arcade_rl.games"
ROM_ENTRY_POINT_GROUP = "arcade_rl.roms"
CONTRACT_ENTRY_POINT_GROUP = "arcade_rl.contract"
"""Group of the entry point whose name is the version of the contract that a distribution's games are written
for. A distribution without one is of version 1."""

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


@hookspec
def arcade_rl_roms() -> Iterable[Rom]:
    """The ROMs that this plugin knows: those that its games play, and those that people may take for them.

    Called whenever a ROM is checked, imported, listed or looked up. The module must be named by an
    entry point in the group `arcade_rl.roms`, under the name of one of the games:

        [project.entry-points."arcade_rl.roms"]
        pong = "arcade_rl_pong.roms"

    and in `arcade_rl_pong/roms.py`:

        from arcade_rl.contracts import Rom
        from arcade_rl.hookspecs import hookimpl

        @hookimpl
        def arcade_rl_roms():
            return [
                Rom(
                    name="pong",
                    title="Pong (World)",
                    region="World",
                    games=("pong",),
                    sha1="5ba93f6db0cff93f52b521d7420e43f6eda2784f",
                    content_bytes=2048,
                    file_name="pong.bin",
                )
            ]

    Name a module that imports no emulator, so that listing ROMs stays quick. A dump that people may
    have, but that the games do not play, has a `refusal` and an `advice`.
    """
    raise NotImplementedError
