"""Policies that need no training: random placements, and searches with weights that evolution found."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import Asked, Opponent
from arcade_rl.envs.seats import RandomOpponent
from arcade_rl.envs.seeds import uniforms
from arcade_rl_drmario import planes
from arcade_rl_drmario.names import PRESSES
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.planning.candidates import MOST
from arcade_rl_drmario.planning.features import BOARD_FEATURES
from arcade_rl_drmario.simulator.batch import PLACEMENTS

WEIGHTS_FILE = Path(__file__).parent / "data" / "weights.json"
"""Weights of the features of a board for every search, written by `scripts/tune_drmario.py`."""
DEPTHS = {"greedy": 1, "search2": 2, "search3": 3}
"""Pills that each search looks at."""


def make_baseline(name: str, options: DrMarioOptions) -> Opponent:
    """The baseline of this name, for a game with these options."""
    if name != "random" and options.decisions == "buttons":
        from arcade_rl_drmario.pressing import PressingSearch

        return PressingSearch(weights_of(name), DEPTHS[name])
    if name != "random":
        return PlacementSearch(name)
    if options.decisions == "buttons":
        return RandomOpponent(spaces.Discrete(len(PRESSES)))
    return RandomPlacements()


@functools.cache
def weights_of(name: str) -> npt.NDArray[np.float32]:
    """The weights of a search. (52,), float32."""
    table = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    weights = np.array(table[name]["weights"], np.float32)
    assert weights.shape == (BOARD_FEATURES,), f"{WEIGHTS_FILE} has {weights.shape} for {name}"
    return weights


class PlacementSearch(Opponent):
    """Takes the placement that leads to the best board, by a weighted sum of its features."""

    def __init__(self, name: str) -> None:
        self.depth = DEPTHS[name]
        self.weights = weights_of(name)

    def choose(self, asked: Asked) -> npt.NDArray[Any]:
        return self.look(*boards_of(asked))[0]

    def rate(self, asked: Asked) -> npt.NDArray[np.float32]:
        bottles, pills, placements = boards_of(asked)
        values = self.look(bottles, pills, placements)[1]
        found = np.full((len(bottles), PLACEMENTS), -np.inf, np.float32)
        rows, places = np.nonzero(placements >= 0)
        found[rows, placements[rows, places]] = values[rows, places]
        return found

    def look(
        self,
        bottles: npt.NDArray[np.uint8],
        pills: npt.NDArray[np.uint8],
        placements: npt.NDArray[np.int16],
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """(the placements taken (N,), what each candidate is worth (N, 128)), for observations of
        `DrMarioEnv`."""
        from arcade_rl_drmario.planning.search import choose

        values = np.zeros(placements.shape, np.float32)
        chosen = np.zeros(len(placements), np.int64)
        choose(bottles, pills, placements, self.weights[None], self.depth, values, chosen)
        return chosen, values


def boards_of(
    asked: Asked,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.int16]]:
    """(cells of each bottle (R, 128), pills (R, 5), placements (R, 128)), from either observation."""
    seen = asked.observations
    if isinstance(seen, dict):
        return seen["bottle"], seen["pills"], seen["placements"]
    cells = planes.read_cells(seen).reshape(len(seen), -1)
    return cells, planes.read_pills(seen), placements_of(asked)


def placements_of(asked: Asked) -> npt.NDArray[np.int16]:
    """Numbers of the possible placements, lowest rows first, -1 behind them. (R, 128), int16."""
    if isinstance(asked.observations, dict):
        found: npt.NDArray[np.int16] = asked.observations["placements"]
        return found
    masks = np.asarray(asked.masks)
    listed = np.full((len(masks), MOST), -1, np.int16)
    for row, mask in enumerate(masks):
        numbers = np.flatnonzero(mask)
        numbers = numbers[np.lexsort((numbers, -(numbers >> 3 & 15)))]
        listed[row, : len(numbers)] = numbers
    return listed


class RandomPlacements(Opponent):
    """Takes any placement, each with equal chances."""

    def choose(self, asked: Asked) -> npt.NDArray[Any]:
        placements = placements_of(asked)
        chances = uniforms(asked.seeds, asked.turns, placements.shape[1])
        best = np.where(placements >= 0, chances, -1.0).argmax(axis=1)
        chosen: npt.NDArray[np.int64] = placements[np.arange(len(best)), best].astype(np.int64)
        return chosen
