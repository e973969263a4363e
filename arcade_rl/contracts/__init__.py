"""What the core and the plugins agree on: declarations, the step batch, shapes, dtypes and units.

N is the number of environments, K the number of reward terms, M the number of metrics. An `Array`
is a numpy array or a torch tensor; all arrays of one batch live on one device.
"""

from arcade_rl.contracts.arrays import Array, Frame, Observations
from arcade_rl.contracts.capabilities import gives
from arcade_rl.contracts.controls import Axis, Button, Controls, usual_controls
from arcade_rl.contracts.declaration import (
    Aggregation,
    Better,
    BuiltIn,
    Declaration,
    FeatureGroup,
    GameBoard,
    Gauge,
    Metric,
    PolicyKind,
    Promotion,
    ReplayKind,
    RewardTerm,
    SavedState,
    Stage,
)
from arcade_rl.contracts.environment import (
    NumberedSeeds,
    Purpose,
    SeedSource,
    StepBatch,
    VectorEnv,
)
from arcade_rl.contracts.game import Game
from arcade_rl.contracts.opponents import Asked, Opponent, Opponents, Replies
from arcade_rl.contracts.rom import Rom
from arcade_rl.contracts.screen import Instruments, Screen, ScreenStep

CONTRACT = 1
"""Version of the contract between core and plugins. It rises when a plugin that was written for an earlier
one may be played wrongly; docs/plugins.md says what changed."""
OLDEST_CONTRACT = 1
"""The earliest version whose plugins are still played as they were meant."""

__all__ = [
    "CONTRACT",
    "OLDEST_CONTRACT",
    "Aggregation",
    "Array",
    "Asked",
    "Axis",
    "Better",
    "BuiltIn",
    "Button",
    "Controls",
    "Declaration",
    "FeatureGroup",
    "Frame",
    "Game",
    "GameBoard",
    "Gauge",
    "Instruments",
    "Metric",
    "NumberedSeeds",
    "Observations",
    "Opponent",
    "Opponents",
    "PolicyKind",
    "Promotion",
    "Purpose",
    "ReplayKind",
    "Replies",
    "RewardTerm",
    "Rom",
    "SavedState",
    "Screen",
    "ScreenStep",
    "SeedSource",
    "Stage",
    "StepBatch",
    "VectorEnv",
    "gives",
    "usual_controls",
]
