"""Games that go on from saved states, here or in a new process: what is played from there."""

from __future__ import annotations

import json
import sys
from hashlib import blake2b
from pathlib import Path

import numpy as np

from arcade_rl_drmario.console import Console
from arcade_rl_drmario.simulator import Simulator, Snapshot
from simulated_games import random_placements

FRAMES = 300


def digest(*arrays: np.ndarray) -> str:
    return blake2b(b"".join(array.tobytes() for array in arrays), digest_size=8).hexdigest()


def played(simulator: Simulator, decisions: int) -> list[str]:
    """Digests of all games after each of so many random placements, and after frames of buttons."""
    source = np.random.default_rng(9)
    seen = []
    for _ in range(decisions):
        frames = simulator.place(random_placements(simulator, source))
        seen.append(digest(frames, simulator.bytes, simulator.deciding))
    for buttons in source.integers(0, 256, (FRAMES, simulator.num_games, simulator.players)):
        simulator.frame(buttons)
        seen.append(digest(simulator.bytes))
    return seen


def shown(console: Console) -> list[str]:
    """Digests of memory and picture of frames with random buttons, none of them Start or Select."""
    seen = []
    for buttons in np.random.default_rng(4).integers(0, 256, FRAMES).tolist():
        console.frame(buttons & 0xCF)
        seen.append(digest(console.ram, console.screen))
    return seen


if __name__ == "__main__":
    if sys.argv[1].endswith(".npz"):
        with np.load(sys.argv[1], allow_pickle=False) as arrays:
            snapshot = Snapshot(**arrays)
        simulator = Simulator(*snapshot.pending.shape[:2])
        simulator.restore(snapshot)
        print(json.dumps(played(simulator, int(sys.argv[2]))))
    else:
        with Console() as console:
            console.load(Path(sys.argv[1]).read_bytes())
            print(json.dumps(shown(console)))
