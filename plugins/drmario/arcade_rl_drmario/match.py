"""The rounds of N matches, of which an episode is one: a single round, or the best of three."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Purpose
from arcade_rl_drmario.options import DrMarioOptions

Rows = npt.NDArray[np.intp]
Integers = npt.NDArray[np.int64]
Facts = npt.NDArray[np.bool_]


class Match:
    """Who has won how many rounds in N matches. Only evaluations of versus play more than one round."""

    def __init__(self, options: DrMarioOptions, purpose: Purpose, num_envs: int) -> None:
        is_long = options.mode == "versus" and purpose == "evaluation"
        self._best_of = options.best_of if is_long else 1
        self.rounds = np.zeros(num_envs, np.int64)
        """Rounds that are over. (N,)"""
        self.won = np.zeros(num_envs, np.int64)
        """Rounds that the learner has won. (N,)"""
        self.lost = np.zeros(num_envs, np.int64)
        """Rounds that the opponent has won. (N,)"""

    def begin(self, rows: Rows) -> None:
        """Begin matches."""
        for array in self.kept().values():
            array[rows] = 0

    def count(self, over: Facts, won: Facts, lost: Facts) -> Facts:
        """Count the rounds that are over, and say which matches are. (N,) each."""
        self.rounds += over
        self.won += over & won
        self.lost += over & lost
        decided = np.maximum(self.won, self.lost) > self._best_of // 2
        ended: Facts = over & (decided | (self.rounds == self._best_of))
        return ended

    def crowns(self, rows: Rows, learners: Integers) -> Integers:
        """Rounds that each player has won. `learners`: the players that learners are now, (R,).
        (R, 2), int64."""
        crowns = np.zeros((len(rows), 2), np.int64)
        one = np.arange(len(rows))
        crowns[one, learners], crowns[one, 1 - learners] = self.won[rows], self.lost[rows]
        return crowns

    def kept(self) -> dict[str, Integers]:
        """The arrays themselves, by their names in a saved state."""
        return {"rounds": self.rounds, "rounds_won": self.won, "rounds_lost": self.lost}
