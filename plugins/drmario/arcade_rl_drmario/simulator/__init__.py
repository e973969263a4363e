"""The game without a console: the same rules, many games at a time, compiled."""

from arcade_rl_drmario.simulator.games import Simulator, Snapshot
from arcade_rl_drmario.simulator.state import PLAYER, STATE, from_console

__all__ = ["PLAYER", "STATE", "Simulator", "Snapshot", "from_console"]
