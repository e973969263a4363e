"""Four in a row, against an opponent on the other seat."""

from fractions import Fraction
from typing import Any

import numpy as np
from gymnasium import spaces

from arcade_rl.adapters import Episode, EpisodeGame, Step, Use
from arcade_rl.contracts import BuiltIn, Declaration, Metric, RewardTerm
from arcade_rl.envs.seats import RandomOpponent
from arcade_rl.hookspecs import hookimpl

ROWS, COLUMNS, SIDE = 6, 7, 8
# Colours of a free cell, the learner's disc, the board, and the opponent's disc, which is -1.
COLOURS = np.array([(12, 18, 48), (230, 200, 60), (40, 60, 140), (210, 60, 60)], np.uint8)
DISC = ((np.indices((SIDE, SIDE)) - (SIDE - 1) / 2) ** 2).sum(0) < 11


class FourEpisode(Episode):
    observation_space = spaces.Box(0, 1, (2 * ROWS * COLUMNS,), np.float32)
    action_space = spaces.Discrete(COLUMNS)

    def begin(self, seed: int) -> Any:
        self.board = np.zeros((ROWS, COLUMNS), int)  # 1: the learner's discs, -1: the opponent's
        if seed % 2:  # in every other episode the opponent has begun
            self.drop(seed // 2 % COLUMNS, -1)
        return self.seen(1)

    def play(self, action: int) -> Step:
        won, lost = self.drop(action, 1), False
        if not won and self.masks().any():
            lost = self.drop(int(self.ask(self.seen(-1), self.masks())), -1)
        over = won or lost or not self.masks().any()
        told = {"won": float(won), "lost": float(lost)}
        return Step(self.seen(1), float(won) - float(lost), told, told, terminated=over)

    def frames(self) -> Any:
        discs = COLOURS[self.board].repeat(SIDE, 0).repeat(SIDE, 1)
        return [np.where(np.tile(DISC, (ROWS, COLUMNS))[..., None], discs, COLOURS[2])]

    def masks(self) -> Any:
        return self.board[0] == 0

    def seen(self, seat: int) -> Any:
        return np.concatenate([self.board == seat, self.board == -seat]).ravel()

    def drop(self, column: int, seat: int) -> bool:
        """Drop a disc; returns whether it makes four in a row."""
        row = int(np.flatnonzero(self.board[:, column] == 0)[-1])
        self.board[row, column] = seat
        lines = (self.board[row], self.board[:, column], self.board.diagonal(column - row),
                 self.board[:, ::-1].diagonal(COLUMNS - 1 - column - row))  # fmt: skip
        return any("1111" in "".join("01"[int(cell == seat)] for cell in line) for line in lines)


class Four(EpisodeGame):
    name = "four"
    summary = "Four in a row, against an opponent on the other seat."

    def declare(self, options: Any) -> Declaration:
        return Declaration(
            metrics=(Metric("won", "Won", better="up", format=".0%", least=0, most=1),
                     Metric("lost", "Lost", better="down", format=".0%", least=0, most=1)),
            terms=(RewardTerm("won", 1.0, "1 for four in a row"),
                   RewardTerm("lost", -1.0, "1 when the opponent has four in a row")),
            actions=tuple(f"column {column + 1}" for column in range(COLUMNS)),
            main_metric="won", protocol="one game", masks=True, seats=("yellow", "red"),
            frame_size=(COLUMNS * SIDE, ROWS * SIDE), frame_rate=Fraction(2),
            opponents=(BuiltIn("random", "Drops its disc into any column that has room."),),
        )  # fmt: skip

    def open(self, options: Any, use: Use) -> Episode:
        return FourEpisode()

    def make_opponent(self, options: Any, name: str) -> Any:
        return RandomOpponent(FourEpisode.action_space)


@hookimpl
def arcade_rl_games() -> list[Four]:
    return [Four()]
