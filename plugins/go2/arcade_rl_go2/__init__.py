"""The Go2 robot in the Genesis simulator for arcade_rl."""

from collections.abc import Iterable

from arcade_rl.contracts import Game
from arcade_rl.hookspecs import hookimpl
from arcade_rl_go2.game import Go2

__all__ = ["Go2", "arcade_rl_games"]


@hookimpl
def arcade_rl_games() -> Iterable[Game]:
    """Go2, the only game here."""
    return [Go2()]
