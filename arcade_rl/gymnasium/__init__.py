"""Every installed game as a plain environment of Gymnasium or Stable-Baselines3.

    import arcade_rl.gymnasium as games

    env = games.make("breakout", observation="features")  # gymnasium.Env
    envs = games.make_vec("breakout:quick", 8)  # gymnasium.vector.VectorEnv
    env = games.make_sb3("drmario", 8, purpose="training")  # VecEnv of Stable-Baselines3

Importing this module registers the games with Gymnasium, without importing a plugin, so that
`gymnasium.make("arcade_rl/breakout-v0")` works too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium

from arcade_rl.gymnasium.single import GameEnv
from arcade_rl.gymnasium.vector import GameVectorEnv
from arcade_rl.registry import installed

if TYPE_CHECKING:
    from arcade_rl.gymnasium.stable import GameVecEnv

__all__ = ["NAMESPACE", "make", "make_sb3", "make_vec", "register_games"]

NAMESPACE = "arcade_rl"
"""What the games' names in Gymnasium begin with."""


def make(game: str, **arguments: Any) -> GameEnv:
    """One environment of a game: the arguments are those of `GameEnv`."""
    return GameEnv(game, **arguments)


def make_vec(game: str, num_envs: int = 1, **arguments: Any) -> GameVectorEnv:
    """`num_envs` environments of a game that step together: the arguments are those of `GameEnv`."""
    return GameVectorEnv(game, num_envs, **arguments)


def make_sb3(game: str, num_envs: int = 1, **arguments: Any) -> GameVecEnv:
    """`num_envs` environments of a game for Stable-Baselines3: the arguments are those of
    `GameEnv`."""
    from arcade_rl.gymnasium.stable import GameVecEnv  # imports torch, which the others do without

    return GameVecEnv(game, num_envs, **arguments)


def register_games() -> None:
    """Make the installed games known to Gymnasium, as `arcade_rl/NAME-v0`. Imports no plugin."""
    for game in installed():
        if not game.fault:
            gymnasium.register(
                f"{NAMESPACE}/{game.name}-v0",
                entry_point=f"{GameEnv.__module__}:{GameEnv.__name__}",
                vector_entry_point=f"{GameVectorEnv.__module__}:{GameVectorEnv.__name__}",
                kwargs={"game": game.name},
            )


register_games()
