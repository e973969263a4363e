"""What the game declares, and the running metrics of the episodes of N environments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Metric, RewardTerm
from arcade_rl_breakout.memory import ROWS, WALL

# Colours of the rows from below, whose bricks are worth 1, 1, 4, 4, 7 and 7 points.
_COLOURS = ("blue", "green", "yellow", "ochre", "orange", "red")

LEADING_METRICS = (
    Metric("score", "Score", "points", "up", "last", ".0f", least=0, most=864),
    Metric("lives_lost", "Lives lost", "", "down", "last", ".0f", least=0, most=5, is_event=True),
    Metric("longest_rally", "Longest rally", "steps", "up", "max", ".0f", least=0),
    Metric(
        "walls_cleared", "Walls cleared", "", "up", "last", ".0f", least=0, most=2, is_event=True
    ),
)
MEMORY_METRICS = (
    Metric("paddle_hits", "Paddle hits", "", "up", "last", ".0f", least=0),
    Metric("tunnel_opened", "Tunnel opened", "", "up", "max", ".0f", least=0, most=1),
)
"""Metrics that pixels do not show."""
BRICK_METRICS = tuple(
    Metric(
        f"bricks_row_{row + 1}",
        f"{_COLOURS[row].capitalize()} bricks",
        *("", "up", "last", ".0f"),
        least=0,
    )
    for row in range(ROWS)
)
PIXEL_METRICS = LEADING_METRICS + BRICK_METRICS
FEATURE_METRICS = LEADING_METRICS + MEMORY_METRICS + BRICK_METRICS

COMMON_TERMS = (
    RewardTerm("score_sign", 1.0, "1 when points were scored"),
    RewardTerm("score_value", 0.0, "points scored"),
    RewardTerm("brick", 0.0, "bricks broken"),
    RewardTerm("life_lost", 0.0, "lives lost"),
    RewardTerm("alive", 0.0, "1 at every step"),
)
MEMORY_TERMS = (RewardTerm("paddle_hit", 0.0, "1 when the paddle hit the ball"),)

SCORE, LIVES_LOST, LONGEST_RALLY, WALLS_CLEARED = range(len(LEADING_METRICS))
PADDLE_HITS, TUNNEL_OPENED = (len(LEADING_METRICS) + k for k in range(len(MEMORY_METRICS)))
BRICKS = slice(-ROWS, None)

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
