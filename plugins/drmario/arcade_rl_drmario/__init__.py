"""Dr. Mario on a real emulated console: the free cartridge pillbox, and its exact simulator."""

from collections.abc import Iterable

from arcade_rl.contracts import Game
from arcade_rl.hookspecs import hookimpl
from arcade_rl_drmario.game import DrMario

__all__ = ["DrMario", "arcade_rl_games"]


@hookimpl
def arcade_rl_games() -> Iterable[Game]:
    """Dr. Mario, the only game here."""
    return [DrMario()]
