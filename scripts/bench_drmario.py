"""The speed of the Dr. Mario simulator beside that of the emulated cartridge, in turn.

    .venv/bin/python scripts/bench_drmario.py [--games 256] [--seconds 4] [--rounds 3]

Both play the same kind of games: random placements among all that can be reached, levels 0 to 20, all
speeds, one player, no pictures. Prints frames and placements a second of one core's time, which others
on the machine do not take away, medians of the rounds, and ratios.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from arcade_rl_drmario.comparison import Comparison, Placer, Setting
from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, A, B
from arcade_rl_drmario.simulator import Simulator


class Bench:
    """A batch of games that begin anew when they end."""

    def __init__(self, games: int, seed: int = 0) -> None:
        self._source = np.random.default_rng(seed)
        self.simulator = Simulator(games)
        self._renew(np.arange(games))

    def _renew(self, indices: npt.NDArray[np.intp]) -> None:
        count = len(indices)
        self.simulator.reset(
            indices,
            self._source.integers(2, 0x10000, count),
            self._source.integers(0, 21, (count, 1)),
            self._source.integers(0, 3, (count, 1)),
        )

    def renew_ended(self) -> None:
        ended = np.flatnonzero(self.simulator.state["outcome"] != 0)
        if len(ended):
            self._renew(ended)

    def draw(self, possible: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
        """One of each game's placements at random, -1 where there is none. (N,)"""
        weights = self._source.random(possible.shape) * possible
        return np.where(possible.any(axis=1), weights.argmax(axis=1), -1)


def measure_simulator(games: int, seconds: float) -> dict[str, float]:
    bench = Bench(games)
    simulator = bench.simulator
    spent = {"reachable": 0.0, "place": 0.0}
    placed = frames = 0
    while sum(spent.values()) < seconds:
        started = time.process_time()
        possible = simulator.reachable()[:, 0]
        reached = time.process_time()
        placements = bench.draw(possible)
        drawn = time.process_time()
        frames += int(simulator.place(placements).sum())
        spent["place"] += time.process_time() - drawn
        spent["reachable"] += reached - started
        placed += int((placements >= 0).sum())
        bench.renew_ended()
    return {
        "placements/s, placing only": placed / spent["place"],
        "placements/s, all reachable found too": placed / sum(spent.values()),
        "frames/s while placing": frames / spent["place"],
    }


def measure_frames(games: int, seconds: float) -> dict[str, float]:
    bench = Bench(games)
    source = np.random.default_rng(1)
    presses = np.array([0, 0, RIGHT, LEFT, DOWN, B, A], np.uint8)
    frames, spent = 0, 0.0
    while spent < seconds:
        buttons = source.choice(presses, (16, games))
        started = time.process_time()
        for held in buttons:
            bench.simulator.frame(held)
        spent += time.process_time() - started
        frames += buttons.size
        bench.renew_ended()
    return {"frames/s, buttons for each": frames / spent}


def measure_emulator(console: Console, game: Recorded, seconds: float) -> dict[str, float]:
    """The cartridge alone, playing a recorded game again and again."""
    placed = frames = 0
    spent = 0.0
    while spent < seconds:
        console.load(game.state)
        started = time.process_time()
        for buttons in game.buttons:
            console.frame(buttons)
        spent += time.process_time() - started
        frames += len(game.buttons)
        placed += game.placed
    return {"placements/s": placed / spent, "frames/s": frames / spent}


@dataclass(slots=True)
class Recorded:
    """A game to the end: the console's state at its start, and what was pressed."""

    state: bytes = b""
    buttons: list[int] = field(default_factory=list)
    placed: int = 0


def record_game(console: Console) -> Recorded:
    pilot, game = Placer(0, careful=False), Recorded()

    def recorder(simulator: Simulator, player: int) -> int:
        game.state = game.state or console.save()
        game.buttons.append(pilot(simulator, player))
        game.placed = pilot.placed
        return game.buttons[-1]

    Comparison(console).play(Setting(1, 0x8988, (10, 10), (1, 1)), [recorder])
    return game


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.games < 1 or arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("expected at least 1 of --games and of --rounds, and --seconds above 0")
    games, seconds, rounds = arguments.games, arguments.seconds, arguments.rounds
    simulated, emulated = [], []
    measure_simulator(games, 0.1)
    measure_frames(games, 0.1)
    with Console() as console:
        game = record_game(console)
        for _ in range(rounds):
            simulated.append(measure_simulator(games, seconds) | measure_frames(games, seconds))
            emulated.append(measure_emulator(console, game, seconds))
    simulator, emulator = medians(simulated), medians(emulated)
    print(f"simulator, {games} games a call, one core:")
    for name, figure in simulator.items():
        beside = emulator["placements/s" if name.startswith("placements") else "frames/s"]
        print(f"  {figure:12,.0f} {name} ({figure / beside:,.0f} times the emulator)")
    print("emulated cartridge, one process, no picture taken:")
    for name, figure in emulator.items():
        print(f"  {figure:12,.0f} {name}")


if __name__ == "__main__":
    main()
