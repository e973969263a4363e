"""What the game declares, and the running metrics of the episodes of N environments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Metric, RewardTerm
from arcade_rl_breakout.memory import ROWS, WALL

# Of the rows, from below: 1, 1, 4, 4, 7 and 7 points a brick.
_COLOURS = ("blue", "green", "yellow", "ochre", "orange", "red")

COMMON_METRICS = (
    Metric("score", "Score", "points", "up", "last", ".0f"),
    *(
        Metric(
            f"bricks_row_{row + 1}",
            f"{_COLOURS[row].capitalize()} bricks",
            *("", "up", "last", ".0f"),
        )
        for row in range(ROWS)
    ),
    Metric("lives_lost", "Lives lost", "", "down", "last", ".0f", is_event=True),
    Metric("walls_cleared", "Walls cleared", "", "up", "last", ".0f", is_event=True),
    Metric("longest_rally", "Longest rally", "steps", "up", "max", ".0f"),
)
MEMORY_METRICS = (
    Metric("paddle_hits", "Paddle hits", "", "up", "last", ".0f"),
    Metric("tunnel_opened", "Tunnel opened", "", "up", "max", ".0f"),
)
"""Metrics that pictures do not show."""

COMMON_TERMS = (
    RewardTerm("score_sign", 1.0, "1 when points were scored"),
    RewardTerm("score_value", 0.0, "points scored"),
    RewardTerm("brick", 0.0, "bricks broken"),
    RewardTerm("life_lost", 0.0, "lives lost"),
    RewardTerm("alive", 0.0, "1 at every step"),
)
MEMORY_TERMS = (RewardTerm("paddle_hit", 0.0, "1 when the paddle hit the ball"),)

SCORE = 0
BRICKS = slice(1, 1 + ROWS)
LIVES_LOST = 1 + ROWS
WALLS_CLEARED = 2 + ROWS
LONGEST_RALLY = 3 + ROWS
PADDLE_HITS = 4 + ROWS
TUNNEL_OPENED = 5 + ROWS

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


class Tally:
    """Metrics of N episodes. The writer of `values` fills in what it alone can see."""

    def __init__(self, num_envs: int, num_metrics: int) -> None:
        self.values = np.zeros((num_envs, num_metrics), np.float32)
        """Every metric now. (N, M), float32."""
        self.fell = np.zeros(num_envs, np.bool_)
        """Whether the last step lost a life, so that the next one begins a rally. (N,)"""

    def begin(self, rows: npt.NDArray[np.intp] | slice) -> None:
        """New episodes in these environments."""
        self.values[rows] = 0.0
        self.fell[rows] = False

    def count(self, points: Floats, bricks: Floats, lives_lost: Floats) -> None:
        """One step; `bricks` is the number of each row since the episode began. (N, 6), float32."""
        values = self.values
        values[:, SCORE] += points
        values[:, BRICKS] = bricks
        values[:, LIVES_LOST] += lives_lost
        values[:, WALLS_CLEARED] = bricks.sum(axis=1) // WALL
        values[self.fell, LONGEST_RALLY] = 0.0
        values[:, LONGEST_RALLY] += 1.0
        self.fell = lives_lost > 0.0


def common_terms(points: Floats, bricks_broken: Floats, lives_lost: Floats) -> list[Floats]:
    """The columns of `COMMON_TERMS` at one step. (N,), float32 each."""
    return [np.sign(points), points, bricks_broken, lives_lost, np.ones_like(points)]
