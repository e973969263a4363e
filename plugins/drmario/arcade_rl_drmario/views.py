"""What a player sees of N games at its decisions: features of candidates, planes of cells, or pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import Observations
from arcade_rl_drmario import planes
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.planning.candidates import MOST, fill_candidates, list_all, measure_all
from arcade_rl_drmario.planning.features import FEATURES
from arcade_rl_drmario.simulator.batch import PLACEMENTS
from arcade_rl_drmario.simulator.falling import ROW_FRAMES, SPEED_START
from arcade_rl_drmario.simulator.reach import REACHED_SHAPE
from arcade_rl_drmario.simulator.state import EMPTIED, EMPTY, FIELD_SIZE, STATE, Games

Rows = npt.NDArray[np.intp]
Players = npt.NDArray[np.int64]
"""The player whose view it is, 0 or 1. (R,) for R games."""
PILL = ("first_colour", "second_colour", "next_first_colour", "next_second_colour")
PICTURE = (112, 120, 3)
"""A picture of the cartridge at half its size."""


class View(ABC):
    """What one player of each of N games sees, and which placements are possible."""

    space: spaces.Space[Any]

    @abstractmethod
    def look(self, games: Games, rows: Rows, players: Players) -> None:
        """See these games, in which a pill of these players falls. `games`: (N, 512)."""

    @abstractmethod
    def look_at_ends(self, games: Games, rows: Rows, players: Players) -> None:
        """See these games, which are over."""

    @abstractmethod
    def of(self, rows: Rows) -> Observations:
        """What is seen of these games. (R, ...), a copy."""

    @property
    @abstractmethod
    def all(self) -> Observations:
        """What is seen of all games, the arrays that `look` writes. (N, ...)."""

    def masks(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Which placements are possible in these games. (R, 512), bool."""
        masks = np.zeros((len(rows), PLACEMENTS), np.bool_)
        listed = self.placements[rows]
        which, places = np.nonzero(listed >= 0)
        masks[which, listed[which, places]] = True
        return masks

    placements: npt.NDArray[np.int16]
    """Numbers of the placements that can be reached, -1 behind them. (N, 128), int16."""


class _Reacher:
    """What finding placements needs, and what it fills."""

    def __init__(self, num_games: int) -> None:
        self.placements = np.full((num_games, MOST), -1, np.int16)
        self.pills = np.zeros((num_games, 5), np.uint8)
        """Colours of the pill that falls and of the next one, frames that it takes to fall by a row."""
        self.buffers = (
            np.zeros(17, np.int64),
            np.zeros(REACHED_SHAPE, np.int64),
            np.zeros((16, 2), np.int64),
            np.zeros(16, np.int64),
        )


class CandidatesView(View):
    """Features of the board after every placement.

    | key | meaning | shape | min | max |
    |---|---|---|---|---|
    | `candidates` | the board after each placement that can be reached (`planning.features`) | (128, 60) | | |
    | `placements` | the number of each, lowest rows first; -1: none | (128,) | -1 | 511 |
    | `state` | the same features of the board as it is | (60,) | | |
    | `bottle` | its cells, as the game's memory has them | (128,) | 0 | 255 |
    | `pills` | colours of the pill that falls and of the next one, and frames that it takes to fall by a row | (5,) | 0 | 40 |
    """

    def __init__(self, num_games: int) -> None:
        limit = np.float32(1e4)
        self.space = spaces.Dict(
            {
                "candidates": spaces.Box(-limit, limit, (MOST, FEATURES), np.float32),
                "placements": spaces.Box(-1, PLACEMENTS - 1, (MOST,), np.int16),
                "state": spaces.Box(-limit, limit, (FEATURES,), np.float32),
                "bottle": spaces.Box(0, 255, (FIELD_SIZE,), np.uint8),
                "pills": spaces.Box(0, 40, (5,), np.uint8),
            }
        )
        self._reacher = reacher = _Reacher(num_games)
        self.placements = reacher.placements
        self._seen: dict[str, npt.NDArray[Any]] = {
            "candidates": np.zeros((num_games, MOST, FEATURES), np.float32),
            "placements": reacher.placements,
            "state": np.zeros((num_games, FEATURES), np.float32),
            "bottle": np.zeros((num_games, FIELD_SIZE), np.uint8),
            "pills": reacher.pills,
        }

    def look(self, games: Games, rows: Rows, players: Players) -> None:
        seen = self._seen
        self._look_around(games, rows, players)
        for player in np.unique(players).tolist():
            fill_candidates(
                games, rows[players == player], player, seen["placements"], seen["candidates"],
                seen["state"], self._reacher.buffers,
            )  # fmt: skip

    def look_at_ends(self, games: Games, rows: Rows, players: Players) -> None:
        seen = self._seen
        self._look_around(games, rows, players)
        seen["placements"][rows], seen["candidates"][rows] = -1, 0
        measured = np.zeros((len(rows), FEATURES), np.float32)
        measure_all(seen["bottle"][rows], seen["pills"][rows, 4].astype(np.int64), measured)
        seen["state"][rows] = measured

    def _look_around(self, games: Games, rows: Rows, players: Players) -> None:
        state = games[rows].view(STATE)[:, 0]
        one = np.arange(len(rows))
        cells = state["field"][one, players].reshape(-1, FIELD_SIZE)
        self._seen["bottle"][rows] = np.where(cells >= EMPTIED, EMPTY, cells)
        player = state["players"][one, players]
        for place, name in enumerate(PILL):
            self._seen["pills"][rows, place] = player[name]
        self._seen["pills"][rows, 4] = row_frames_of(player)

    def of(self, rows: Rows) -> Observations:
        return {key: array[rows] for key, array in self._seen.items()}

    @property
    def all(self) -> Observations:
        return self._seen


class BoardView(View):
    """Planes of 16 x 8 cells, row 0 on top; `planes` says what each is."""

    def __init__(self, num_games: int, players: int, is_placing: bool) -> None:
        """`is_placing`: whether placements are listed, which costs time."""
        count = planes.COUNTS[players]
        self.space = spaces.Box(0.0, 1.0, (count, 16, 8), np.float32)
        self._seen = np.zeros((num_games, count, 16, 8), np.float32)
        self._reacher, self._is_placing = _Reacher(num_games), is_placing
        self.placements = self._reacher.placements

    def look(self, games: Games, rows: Rows, players: Players) -> None:
        self._draw(games, rows, players)
        for player in np.unique(players).tolist() if self._is_placing else ():
            own = rows[players == player]
            list_all(
                games, own, player, self.placements, self._reacher.pills, self._reacher.buffers
            )

    def look_at_ends(self, games: Games, rows: Rows, players: Players) -> None:
        self._draw(games, rows, players)
        self.placements[rows] = -1

    def _draw(self, games: Games, rows: Rows, players: Players) -> None:
        state = games[rows].view(STATE)[:, 0]
        self._seen[rows] = planes.draw(state, players, row_frames_of, self._seen.shape[1])

    def of(self, rows: Rows) -> Observations:
        found: npt.NDArray[np.float32] = self._seen[rows]
        return found

    @property
    def all(self) -> Observations:
        return self._seen


class PixelsView(View):
    """The picture of the cartridge at half its size: every pixel is the mean of four. (112, 120, 3),
    uint8, RGB."""

    def __init__(self, num_games: int, is_placing: bool) -> None:
        self.space = spaces.Box(0, 255, PICTURE, np.uint8)
        self.pictures = np.zeros((num_games, *PICTURE), np.uint8)
        self._reacher, self._is_placing = _Reacher(num_games), is_placing
        self.placements = self._reacher.placements

    def show(self, row: int, picture: npt.NDArray[np.uint8]) -> None:
        """Keep the picture that a game has now. (224, 240, 3)"""
        parts = picture.reshape(112, 2, 120, 2, 3).astype(np.uint16)
        self.pictures[row] = parts.sum(axis=(1, 3)) // 4

    def look(self, games: Games, rows: Rows, players: Players) -> None:
        if self._is_placing:
            list_all(games, rows, 0, self.placements, self._reacher.pills, self._reacher.buffers)

    def look_at_ends(self, games: Games, rows: Rows, players: Players) -> None:
        self.placements[rows] = -1

    def of(self, rows: Rows) -> Observations:
        found: npt.NDArray[np.uint8] = self.pictures[rows]
        return found

    @property
    def all(self) -> Observations:
        return self.pictures


def row_frames_of(players: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Frames that pills take to fall by a row, by the players' structs. (R,)"""
    places = SPEED_START[players["speed"]].astype(np.intp) + players["speedups"]
    found: npt.NDArray[np.int64] = ROW_FRAMES[places].astype(np.int64)
    return found


def make_view(options: DrMarioOptions, num_games: int) -> View:
    """The view that the options name."""
    is_placing = options.decisions == "placement"
    if options.observation == "board":
        return BoardView(num_games, options.players, is_placing)
    if options.observation == "pixels":
        return PixelsView(num_games, is_placing)
    return CandidatesView(num_games)
