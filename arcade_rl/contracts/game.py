"""What a plugin offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts.arrays import Observations
from arcade_rl.contracts.declaration import Declaration
from arcade_rl.contracts.environment import Purpose, VectorEnv
from arcade_rl.contracts.opponents import Opponent
from arcade_rl.contracts.screen import Screen
from arcade_rl.errors import ContractError

if TYPE_CHECKING:
    from pydantic import BaseModel


class Game(Protocol):
    """What a plugin offers. Objects of this type are cheap: everything heavy waits for a `make_`."""

    name: str
    """The game's name: the entry point's name and the first line of a configuration."""
    summary: str
    """One line for lists."""
    options: type[BaseModel]
    """Typed options of the `[options]` table."""

    def declare(self, options: Any) -> Declaration:
        """What the game offers under `options`, which is an instance of `self.options`."""
        ...

    def defaults(self, options: Any) -> Mapping[str, object]:
        """Configuration tables, such as `train`, for people who name no configuration file."""
        ...

    def make_env(self, options: Any, num_envs: int, purpose: Purpose) -> VectorEnv:
        """Build the vectorised environment. Everything random waits for `reset`."""
        ...

    def make_screen(self, options: Any, purpose: Purpose, sound: bool) -> Screen:
        """Build the screen that shows an episode of `make_env(options, ..., purpose)` again, with
        sound if the game has sound and `sound` is true."""
        ...

    def make_opponent(self, options: Any, name: str) -> Opponent:
        """Build the opponent of this name from `Declaration.opponents`. The call is cheap: every
        process that plays the game makes it. Only games with opponents implement this method."""
        raise ContractError(f"{self.name} has no make_opponent, and {name!r} is asked for")

    def paint_board(self, options: Any, observation: Observations) -> npt.NDArray[np.uint8]:
        """Colours of the cells of `Declaration.board` in one environment's observation. (rows, columns,
        3), uint8, RGB. Only games with a board implement this method."""
        raise ContractError(f"{self.name} has no paint_board, and its board is to be drawn")

    def policy_class(self, name: str) -> type:
        """The class of the networks of this name from `Declaration.policies`: one that inherits from
        Stable-Baselines3's `ActorCriticPolicy`, or where the game has masks from sb3_contrib's
        `MaskableActorCriticPolicy`. Only games with such networks implement this method."""
        raise ContractError(f"{self.name} has no policy_class, and {name!r} is asked for")
