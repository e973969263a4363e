"""Atari Breakout for arcade_rl."""

from collections.abc import Iterable

from arcade_rl.contracts import Game
from arcade_rl.hookspecs import hookimpl
from arcade_rl_breakout.game import Breakout

__all__ = ["Breakout", "arcade_rl_games"]


@hookimpl
def arcade_rl_games() -> Iterable[Game]:
    """Breakout, the only game here."""
    return [Breakout()]
