"""Counts what happens to the learners of N games: metrics, reward terms, and how rounds end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl_drmario.match import Match
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.simulator.batch import LINES, PASSES, RECEIVED, SENT
from arcade_rl_drmario.simulator.state import DRAWN, EMPTIED, FIRST_WON, PLAYING, STATE
from arcade_rl_drmario.tally import FRAME_RATE, metrics_of, terms_of

NEAR_TOP = 12
POINTS = 10 ** np.arange(1, 7)
"""Points that each digit of the score stands for, lowest first."""

Bytes = npt.NDArray[np.uint8]
"""Games as the simulator has them. (N, 512), uint8."""
Integers = npt.NDArray[np.int64]
Facts = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of N games was. (N,) but for `terms`, (N, K)."""

    over: Facts
    """The round is over."""
    won: Facts
    lost: Facts
    rewards: Floats
    """Points alone, and 1 or -1 for a round of versus."""
    terms: Floats


class Account:
    """What has happened to the learners of N games."""

    def __init__(self, options: DrMarioOptions, num_envs: int) -> None:
        self._options, self._is_solo = options, options.mode == "solo"
        self._names = [metric.name for metric in metrics_of(options)]
        self._terms = [term.name for term in terms_of(options)]
        self._row = np.arange(num_envs)
        self._found = {name: np.zeros(num_envs, np.float32) for name in self._names}
        self._viruses = np.ones(num_envs, np.int64)
        """Viruses that each level began with."""
        self._pills = np.zeros(num_envs, np.int64)
        """Pills of each round."""

    def begin_episodes(self, rows: Rows) -> None:
        """Forget the episodes before."""
        for array in self._found.values():
            array[rows] = 0

    def begin_rounds(self, rows: Rows, games: Bytes, learners: Integers, levels: Integers) -> None:
        """Note how these rounds begin. `levels`: (R,)."""
        self._viruses[rows] = _left(self._own(games, learners)[rows])
        self._pills[rows] = 0
        self._found["level"][rows] = levels

    def begin_step(self, games: Bytes, learners: Integers) -> None:
        """Look at the games before a step. `learners`: the players that learners are, (N,)."""
        self._left_before = _left(self._own(games, learners))
        self._counter_before = _counter(self._own(games, learners))
        self._points_before = _points(games)

    def count(self, games: Bytes, learners: Integers, frames: Integers, counts: Integers) -> Step:
        """Count a step that lasted so many frames, (N,), in which `counts` happened, (N, players, 4)."""
        own, outcomes = self._own(games, learners), games.view(STATE)["outcome"][:, 0]
        left = _left(own)
        cleared = (left == 0) & (outcomes != PLAYING)
        full = (own["level_fail"] == 1) & (outcomes != PLAYING)
        rests = (_counter(own) != self._counter_before) | cleared
        self._pills += rests
        is_long = self._pills >= self._options.most_pills
        stalled = is_long & (outcomes == PLAYING)
        over = (outcomes != PLAYING) | stalled
        won = over & (outcomes == FIRST_WON + learners)
        lost = over & ~won & (outcomes != DRAWN)
        killed, mine = self._left_before - left, counts[self._row, learners]
        cells = games.view(STATE)["field"][self._row, 0][self._row, learners]  # (N, 16, 8)
        found = self._found
        found["cleared"][:], found["topped_out"][:], found["stalled"][:] = cleared, full, stalled
        found["viruses_left"][:] = left
        found["viruses_cleared"] += killed
        found["pills"] += rests
        found["frames"] += frames
        found["longest_chain"][:], found["most_lines"][:] = mine[:, PASSES], mine[:, LINES]
        taken: Facts = np.any(cells < EMPTIED, axis=2)
        found["highest_row"][:] = np.where(taken.any(axis=1), 16 - taken.argmax(axis=1), 0)
        if not self._is_solo:
            found["sent"] += mine[:, SENT]
            found["received"] += mine[:, RECEIVED]
            both = [_left(games.view(STATE)["players"][:, 0, player]) for player in range(2)]
            found["by_clearing"][:] = over & (np.minimum(*both) == 0)
        terms = {
            "virus": killed / np.sqrt(self._viruses),
            "clear": cleared,
            "loss": lost,
            "pill": rests,
            "frame": frames / float(FRAME_RATE),
            "chain": np.maximum(mine[:, PASSES] - 1, 0),
            "height": found["highest_row"] / 16,
            "near_top": np.any(cells[:, : 16 - NEAR_TOP + 1, 3:5] < EMPTIED, axis=(1, 2)),
            "win": won,
            "garbage_sent": mine[:, SENT],
            "garbage_received": mine[:, RECEIVED],
        }
        points = won * 1.0 - lost if not self._is_solo else _points(games) - self._points_before
        return Step(
            over,
            won,
            lost,
            points.astype(np.float32),
            np.stack([terms[name] for name in self._terms], axis=1).astype(np.float32),
        )

    def metrics(self, match: Match, ended: Facts, learners: Integers) -> Floats:
        """The metrics after a step, (N, M)."""
        if not self._is_solo:
            found = self._found
            found["rounds_won"][:], found["rounds_lost"][:] = match.won, match.lost
            found["won"][:] = ended & (match.won > match.lost)
            found["lost"][:] = ended & (match.won < match.lost)
            found["drawn"][:] = ended & (match.won == match.lost)
            found["player"][:] = learners + 1
        return np.stack([self._found[name] for name in self._names], axis=1)

    def kept(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays themselves, by their names in a saved state."""
        counted = {f"metric_{name}": array for name, array in self._found.items()}
        return {**counted, "viruses": self._viruses, "pills": self._pills}

    def _own(self, games: Bytes, learners: Integers) -> npt.NDArray[Any]:
        """The learners' structs. (N,)"""
        found: npt.NDArray[Any] = games.view(STATE)["players"][self._row, 0][self._row, learners]
        return found


def _left(players: npt.NDArray[Any]) -> Integers:
    """Viruses that are left, which the game counts in decimal digits. (R,)"""
    digits = players["viruses_left"].astype(np.int64)
    left: Integers = (digits >> 4) * 10 + (digits & 15)
    return left


def _counter(players: npt.NDArray[Any]) -> Integers:
    """A number that changes with every pill. (R,)"""
    number: Integers = (
        players["pill_counter_high"].astype(np.int64) * 256 + players["pill_counter_low"]
    )
    return number


def _points(games: Bytes) -> Integers:
    points: Integers = games.view(STATE)["score_digits"][:, 0].astype(np.int64) @ POINTS
    return points
