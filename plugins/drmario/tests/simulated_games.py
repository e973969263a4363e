"""Hand-made boards in the simulator, and a search over buttons that knows only its frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

import cartridge_player
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, A, B
from arcade_rl_drmario.simulator import Simulator
from cartridge_player import EMPTY, MED, RED, YELLOW

PRESSES = [d | turn for d in (0, DOWN, LEFT, RIGHT) for turn in (0, A, B, A | B)]
"""All that a pad can hold and the rules tell apart."""


def falling(
    board: str = "",
    x: int = 3,
    y: int = 15,
    rotation: int = 0,
    colours: tuple[int, int] = (YELLOW, RED),
    speed: int = MED,
    frame_counter: int = 0,
    players: int = 1,
) -> Simulator:
    """One game whose pills may be moved from the next frame on; the board is the same for all players.

    `board`: two letters a cell, as `parse` reads them; its last row lies on the floor.
    """
    simulator = Simulator(1, players)
    simulator.reset(None, 0x8988, 0, speed, frame_counter)
    state = simulator.state
    state["field"] = parse(board)
    state["players"]["viruses_left"][:, :players] = 4
    state["players"]["next_action"] = 0
    for name, value in (("x", x), ("y", y), ("rotation", rotation)):
        state["players"][name] = value
    state["players"]["first_colour"], state["players"]["second_colour"] = colours
    return simulator


def parse(board: str) -> npt.NDArray[np.uint8]:
    """T top, M bottom, L left, R right half; S single, V virus; .. empty. (16, 8), uint8."""
    return np.array(cartridge_player.parse(board), np.uint8).reshape(16, 8)


def search(simulator: Simulator, player: int = 0) -> dict[int, int]:
    """Every placement that any buttons lead game 0's pill to, with the fewest frames it takes."""
    found: dict[int, int] = {}
    seen: npt.NDArray[np.int64] = np.zeros(0, np.int64)
    layer = simulator.bytes[:1].copy()
    for frame in range(1, 1000):
        branches = Simulator(len(layer) * len(PRESSES), simulator.players)
        branches.bytes[:] = np.repeat(layer, len(PRESSES), axis=0)
        buttons = np.zeros((branches.num_games, simulator.players), np.uint8)
        buttons[:, player] = np.tile(PRESSES, len(layer))
        branches.frame(buttons)
        pill = branches.state["players"][:, player]
        x, y, rotation = (pill[name].astype(np.int64) for name in ("x", "y", "rotation"))
        resting = pill["next_action"] != 0
        for placement in np.unique((rotation * 128 + (15 - y) * 8 + x)[resting]):
            found.setdefault(int(placement), frame)
        key = (rotation * 16 + y) * 8 + x
        for number, size in ((pill["drop_counter"], 64), (pill["das_counter"], 32)):
            key = key * size + number
        key = key * 256 + branches.state["held"][:, player]
        key = key * 2 + (branches.state["frame_counter"] & 1)
        keys, first = np.unique(np.where(resting, -1, key), return_index=True)
        new = ~np.isin(keys, seen) & (keys >= 0)
        if not new.any():
            return found
        seen = np.concatenate([seen, keys[new]])
        layer = branches.bytes[first[new]]
    raise AssertionError("the search has not ended after 1000 frames")


def random_board(source: np.random.Generator, rows: int, fullness: float) -> npt.NDArray[np.uint8]:
    """Viruses strewn over the lowest rows: holes, overhangs, shafts. (16, 8), uint8."""
    board = np.full((16, 8), EMPTY, np.uint8)
    taken = source.random((rows, 8)) < fullness
    board[16 - rows :][taken] = 0xD0 + source.integers(0, 3, int(taken.sum()))
    return board


def random_placements(simulator: Simulator, source: np.random.Generator) -> npt.NDArray[np.int64]:
    """One that can be reached for every pill that waits, else -1."""
    possible = simulator.reachable() & simulator.deciding[..., None]
    weights = source.random(possible.shape) * possible
    return np.where(possible.any(axis=-1), weights.argmax(axis=-1), -1)
