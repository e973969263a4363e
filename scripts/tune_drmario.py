"""Find the weights of Dr. Mario's searches by evolution, and write them where the searches read them.

    .venv/bin/python scripts/tune_drmario.py greedy [--generations 20] [--games 24] [--population 24]

Every generation plays the same new games with each of its candidates, in the simulator, at levels 0, 5,
10, 15 and 20 by turns and speed HI; no random number of them is one of evaluations. A game is worth the
part of its viruses that vanished, 1 if all did, and a little less for every pill. The evolution is sep-CMA-ES
(Ros and Hansen 2008). Its state is kept in `--state` after every generation, and found there again: the
script may be stopped at any time, and goes on. `--write` puts the mean of the last generation into the file.

    .venv/bin/python scripts/tune_drmario.py scale

measures mean and deviation of every feature over the candidates of random play, by which the networks divide.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from arcade_rl_drmario.baselines import DEPTHS, WEIGHTS_FILE, RandomPlacements, weights_of
from arcade_rl_drmario.environment import DrMarioEnv
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.planning.candidates import MOST, list_all
from arcade_rl_drmario.planning.features import BOARD_FEATURES, FEATURES, VIRUSES
from arcade_rl_drmario.planning.search import choose
from arcade_rl_drmario.simulator import Simulator
from arcade_rl_drmario.simulator.reach import REACHED_SHAPE
from arcade_rl_drmario.simulator.state import FIELD, FIELD_SIZE, FIRST_WON, PLAYING
from arcade_rl_drmario.starts import TOPS, draw_starts

from arcade_rl.contracts import Asked
from arcade_rl.envs.seeds import HashedSeeds

LEVELS = (20, 0, 10, 20, 5, 15)
"""Levels of the games of a generation, by turns."""
MOST_PILLS = 300
"""Pills after which a game counts as lost."""
LEAST_DEVIATION = 0.2
SCALE_FILE = WEIGHTS_FILE.with_name("scale.json")
WORTH_OF_CLEARING, COST_OF_PILL = 1.0, 0.001
HI = 2

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Evolution:
    """The state of a separable evolution strategy with covariance matrix adaptation."""

    mean: list[float]
    sigma: float
    variances: list[float]
    path: list[float] = field(default_factory=lambda: [0.0] * BOARD_FEATURES)
    """Evolution path of the covariance."""
    sigma_path: list[float] = field(default_factory=lambda: [0.0] * BOARD_FEATURES)
    generation: int = 0

    def sample(self, population: int, source: np.random.Generator) -> Floats:
        """Candidates of the next generation. (population, 52)"""
        steps = source.standard_normal((population, BOARD_FEATURES))
        steps[:, VIRUSES] = 0.0  # fixes the scale of all others
        return np.array(self.mean) + self.sigma * np.sqrt(self.variances) * steps

    def learn(self, candidates: Floats, fitness: Floats) -> None:
        """Move to the better half of a generation."""
        n, count = BOARD_FEATURES, len(fitness)
        parents = count // 2
        shares = np.log(parents + 0.5) - np.log(np.arange(1, parents + 1))
        shares /= shares.sum()
        effective = 1.0 / (shares**2).sum()
        rate_sigma = (effective + 2) / (n + effective + 5)
        damping = 1 + rate_sigma + 2 * max(0.0, np.sqrt((effective - 1) / (n + 1)) - 1)
        rate_path = (4 + effective / n) / (n + 4 + 2 * effective / n)
        rate_one = 2 / ((n + 1.3) ** 2 + effective)
        rate_many = min(
            1 - rate_one, 2 * (effective - 2 + 1 / effective) / ((n + 2) ** 2 + effective)
        )
        rate_one, rate_many = (min(1.0, rate * (n + 2) / 3) for rate in (rate_one, rate_many))
        rate_many = min(rate_many, 1 - rate_one)
        best = candidates[np.argsort(-fitness)[:parents]]
        variances = np.array(self.variances)
        steps = (best - np.array(self.mean)) / self.sigma  # (parents, 52)
        step = shares @ steps
        sigma_path = (1 - rate_sigma) * np.array(self.sigma_path) + np.sqrt(
            rate_sigma * (2 - rate_sigma) * effective
        ) * step / np.sqrt(variances)
        usual = np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))
        length = np.linalg.norm(sigma_path)
        faded = np.sqrt(1 - (1 - rate_sigma) ** (2 * (self.generation + 1)))
        is_short = length / faded < (1.4 + 2 / (n + 1)) * usual
        path = (1 - rate_path) * np.array(self.path) + is_short * np.sqrt(
            rate_path * (2 - rate_path) * effective
        ) * step
        variances = (
            (1 - rate_one - rate_many) * variances
            + rate_one * path**2
            + rate_many * (shares @ steps**2)
        )
        self.mean = (np.array(self.mean) + self.sigma * step).tolist()
        self.sigma = float(self.sigma * np.exp(rate_sigma / damping * (length / usual - 1)))
        self.variances, self.path, self.sigma_path = (
            variances.tolist(), path.tolist(), sigma_path.tolist(),
        )  # fmt: skip
        self.generation += 1


def first_evolution(name: str) -> Evolution:
    """An evolution that begins where the weights of the search are now."""
    mean = weights_of(name).astype(np.float64)
    return Evolution(mean.tolist(), 0.15, np.maximum(np.abs(mean), 0.3).__pow__(2).tolist())


@dataclass(slots=True)
class Played:
    """How each of G games ended. (G,)"""

    cleared: npt.NDArray[np.bool_]
    removed: Floats
    """Part of the viruses that vanished."""
    pills: npt.NDArray[np.int64]


def play(weights: Floats, depth: int, seeds: npt.NDArray[np.int64], levels: npt.NDArray[np.int64]) -> Played:  # fmt: skip
    """Play a game with each row of weights, (G, 52), to its end or to `MOST_PILLS`."""
    count = len(seeds)
    simulator = Simulator(count)
    starts = draw_starts(seeds, DrMarioOptions(curriculum=False), "training", np.zeros(count, int))
    simulator.reset(None, starts.random_numbers, levels[:, None], HI, starts.frame_counters)
    simulator.run()
    pills, first = np.zeros(count, np.int64), viruses_of(simulator)
    placements, seen = np.zeros((count, MOST), np.int16), np.zeros((count, 5), np.uint8)
    buffers = (
        np.zeros(17, np.int64), np.zeros(REACHED_SHAPE, np.int64), np.zeros((16, 2), np.int64),
        np.zeros(16, np.int64),
    )  # fmt: skip
    own = weights.astype(np.float32)
    while True:
        rows = np.flatnonzero((simulator.state["outcome"] == PLAYING) & (pills < MOST_PILLS))
        if not len(rows):
            break
        list_all(simulator.bytes, rows, 0, placements, seen, buffers)
        chosen = np.zeros(len(rows), np.int64)
        values = np.zeros((len(rows), MOST), np.float32)
        bottles = simulator.bytes[rows, FIELD : FIELD + FIELD_SIZE]
        choose(bottles, seen[rows], placements[rows], own[rows], depth, values, chosen)
        placed = np.full(count, -1)
        placed[rows] = chosen
        simulator.place(placed)
        pills[rows] += 1
    left = viruses_of(simulator)
    return Played(simulator.state["outcome"] == FIRST_WON, 1 - left / first, pills)


def viruses_of(simulator: Simulator) -> Floats:
    """Viruses left in each game. (G,)"""
    left = simulator.state["players"]["viruses_left"][:, 0].astype(np.float64)
    count: Floats = left // 16 * 10 + left % 16
    return count


def fitness_of(played: Played) -> Floats:
    worth: Floats = (
        played.removed + WORTH_OF_CLEARING * played.cleared - COST_OF_PILL * played.pills
    )
    return worth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=[*DEPTHS, "scale"])
    parser.add_argument("--generations", type=int, default=20)
    parser.add_argument("--population", type=int, default=24)
    parser.add_argument("--games", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    if given.generations < 0 or given.population < 4 or given.games < 1:
        parser.error("expected --generations of 0 or more, a --population of 4 or more, and --games of 1 or more")  # fmt: skip
    if given.name == "scale":
        write_scale(given.seed)
        return
    state = given.state or Path(f"{given.name}.evolution.json")
    evolution = first_evolution(given.name)
    if state.exists():
        evolution = Evolution(**json.loads(state.read_text(encoding="utf-8")))
    while evolution.generation < given.generations:
        advance(evolution, given)
        state.write_text(json.dumps(asdict(evolution)), encoding="utf-8")
    if given.write:
        write(given.name, evolution, given)


def advance(evolution: Evolution, given: argparse.Namespace) -> None:
    """One generation."""
    started = time.process_time()
    source = np.random.default_rng([given.seed, DEPTHS[given.name], evolution.generation])
    candidates = evolution.sample(given.population, source)
    seeds = source.integers(0, 2**31, given.games)
    levels = np.array([LEVELS[k % len(LEVELS)] for k in range(given.games)])
    played = play(
        np.repeat(candidates, given.games, axis=0),
        DEPTHS[given.name],
        np.tile(seeds, given.population),
        np.tile(levels, given.population),
    )
    fitness = fitness_of(played).reshape(given.population, given.games).mean(axis=1)
    evolution.learn(candidates, fitness)
    cleared = played.cleared.reshape(given.population, given.games).mean(axis=1)
    print(
        f"generation {evolution.generation}: fitness {fitness.mean():.4f}, best {fitness.max():.4f}; "
        f"cleared {cleared.mean():.1%}, best {cleared.max():.1%}; pills {played.pills.mean():.0f}; "
        f"sigma {evolution.sigma:.3f}; {time.process_time() - started:.0f} s",
        flush=True,
    )


def write_scale(seed: int, games: int = 256, steps: int = 60) -> None:
    """Measure the scale of the features in games of random placements, and write it into its file."""
    options = DrMarioOptions(curriculum=True)
    env = DrMarioEnv(options, games, "training")
    env.set_stage(len(TOPS) - 1)
    seeds, player = HashedSeeds(seed, games), RandomPlacements()
    seen, sums, squares, count = env.reset(seeds), np.zeros(FEATURES), np.zeros(FEATURES), 0
    for step in range(steps):
        valid = seen["candidates"][seen["placements"] >= 0].astype(np.float64)
        sums, squares, count = (
            sums + valid.sum(axis=0),
            squares + (valid**2).sum(axis=0),
            count + len(valid),
        )
        rows = np.arange(games)
        turns = np.full(games, step)
        seen = env.step(player.choose(Asked(rows, rows, turns, seen, None))).observations
    mean = sums / count
    deviation = np.maximum(np.sqrt(squares / count - mean**2), LEAST_DEVIATION)
    table = {
        "mean": [round(float(value), 4) for value in mean],
        "deviation": [round(float(value), 4) for value in deviation],
        "made": f"scripts/tune_drmario.py scale --seed {seed}: {count:,} candidates of random play",
    }
    SCALE_FILE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"written to {SCALE_FILE}")


def write(name: str, evolution: Evolution, given: argparse.Namespace) -> None:
    """Put the mean into the file of weights."""
    table = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    table[name] = {
        "weights": [round(weight, 4) for weight in evolution.mean],
        "made": (
            f"scripts/tune_drmario.py {name} --generations {evolution.generation} --population "
            f"{given.population} --games {given.games} --seed {given.seed}"
        ),
    }
    WEIGHTS_FILE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"written to {WEIGHTS_FILE}")


if __name__ == "__main__":
    main()
