"""The speed of Dr. Mario: the simulator beside the emulated cartridge, both in training, and the
cartridge in worker processes beside stable-retro's own environment, in turn.

    .venv/bin/python scripts/bench_drmario.py [simulator|training|workers]... [--seconds 4] [--rounds 3]

`simulator`: random placements among all that can be reached, levels 0 to 20, all speeds, one player, no
pictures, `--games` at a time. Frames and placements a second of one core's time, which others on the
machine do not take away, medians of the rounds, and ratios.

`training`: placements a second of a whole training with the settings of quick.toml, on either backend.

`workers`: frames a second of one and of two processes with a cartridge each, the buttons pressed at
random for four frames, beside as many processes of a SubprocVecEnv in which `RetroEnv.step` plays the
same cartridge frame by frame; medians of the rounds, and their ratio.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from arcade_rl_drmario.comparison import Comparison, Placer, Setting
from arcade_rl_drmario.console import Console
from arcade_rl_drmario.names import BUTTONS
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, A, B
from arcade_rl_drmario.roms import PILLBOX_FILE
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
    parser.add_argument("parts", nargs="*", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--games", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.games < 1 or arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("expected at least 1 of --games and of --rounds, and --seconds above 0")
    for part in arguments.parts:
        PARTS[part](arguments.games, arguments.seconds, arguments.rounds)


def compare_simulator(games: int, seconds: float, rounds: int) -> None:
    """Print the simulator's speed beside the cartridge's."""
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


def compare_training(games: int, seconds: float, rounds: int) -> None:
    """Print the speed of a training on both backends. A training of the cartridge takes two processes
    with four games each."""
    del games, seconds
    cartridge = (
        "train.n_envs=8", "train.n_steps=16", "train.batch_size=64", "train.env_processes=2",
        "options.backend=emulator",
    )  # fmt: skip
    settings = {"simulator": (8, ()), "cartridge": (2, cartridge)}
    for name, (updates, words) in settings.items():
        found = [train(updates, *words) for _ in range(rounds)]
        print(f"training, {name}: {statistics.median(found):,.0f} placements/s")


def train(updates: int, *words: str) -> float:
    """Placements a second in so many updates, after one that warms up."""
    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.runs.events import Event, Update
    from arcade_rl.runs.plan import plan_run
    from arcade_rl.training.chunk import Chunk, Turn
    from arcade_rl.training.learner import open_learner

    resolved = resolve_target("drmario:quick", ["train.device=cpu", *words])
    learner, seen = open_learner(resolved), list[Update]()

    def emit(event: Event) -> None:
        if isinstance(event, Update):
            seen.append(event)

    with tempfile.TemporaryDirectory() as staging:
        plan = plan_run(resolved.config)
        spec = replace(plan.spec("bench", None), chunk=1, last_update=updates + 1)
        Chunk(learner, Turn(spec, None, Path(staging)), emit).run(lambda: False)
    learner.close()
    placed = updates * resolved.config.train.rollout_steps
    return placed / (seen[-1].time - seen[0].time)


def compare_workers(games: int, seconds: float, rounds: int) -> None:
    """Print the speed of worker processes beside that of stable-retro's environment."""
    del games
    for workers in (1, 2):
        ours, plain = [], []
        for _ in range(rounds):
            ours.append(run_ours(workers, seconds))
            plain.append(run_plain(workers, seconds))
        mine, theirs = statistics.median(ours), statistics.median(plain)
        print(
            f"{workers} worker{'s' * (workers > 1)}: {mine:,.0f} frames/s, RetroEnv.step {theirs:,.0f} "
            f"frames/s, ratio {mine / theirs:.2f}"
        )


def run_ours(workers: int, seconds: float) -> float:
    """Frames a second of cartridges that are pressed at random."""
    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.envs.seeds import HashedSeeds
    from arcade_rl.training.learner import open_env

    words = (
        "options.backend=emulator", "options.most_pills=300", "train.device=cpu",
        f"train.n_envs={workers}", f"train.env_processes={workers if workers > 1 else 0}",
    )  # fmt: skip
    env = open_env(resolve_target("drmario:buttons", words))
    env.reset(HashedSeeds(0, workers))
    source, frames, started = np.random.default_rng(0), 0, 0.0
    try:
        for step in range(1 << 30):
            if step == WARM_UP:
                frames, started = 0, time.perf_counter()
            batch = env.step(source.integers(0, len(BUTTONS), workers))
            assert batch.frames is not None
            frames += int(batch.frames.sum())
            if step > WARM_UP and time.perf_counter() - started > seconds:
                break
    finally:
        env.close()
    return frames / (time.perf_counter() - started)


def run_plain(workers: int, seconds: float) -> float:
    """Frames a second of stable-retro's environment in a SubprocVecEnv, pressed at random."""
    from stable_baselines3.common.vec_env import SubprocVecEnv

    with tempfile.TemporaryDirectory() as folder:
        make = partial(make_plain, folder)
        env = SubprocVecEnv([make] * workers, start_method="forkserver")
        env.reset()
        source, frames, started = np.random.default_rng(0), 0, 0.0
        for step in range(1 << 30):
            if step == WARM_UP:
                frames, started = 0, time.perf_counter()
            env.step(source.integers(0, 2, (workers, 9)).astype(np.int8))
            frames += workers
            if step > WARM_UP and time.perf_counter() - started > seconds:
                break
        elapsed = time.perf_counter() - started
        env.close()
    return frames / elapsed


def make_plain(folder: str) -> Any:
    """stable-retro's environment of pillbox, which `folder` describes to it."""
    import stable_retro

    game = Path(folder) / "Pillbox-Nes-v0"
    game.mkdir(exist_ok=True)
    shutil.copy(PILLBOX_FILE, game / "rom.nes")
    (game / "data.json").write_text('{"info": {}}')
    (game / "scenario.json").write_text('{"done": {}, "reward": {}}')
    (game / "metadata.json").write_text("{}")
    stable_retro.data.Integrations.add_custom_path(folder)
    return stable_retro.make(
        "Pillbox-Nes-v0",
        state=stable_retro.State.NONE,
        inttype=stable_retro.data.Integrations.CUSTOM_ONLY,
        use_restricted_actions=stable_retro.Actions.ALL,
        render_mode="rgb_array",
    )


PARTS = {"simulator": compare_simulator, "training": compare_training, "workers": compare_workers}
WARM_UP = 50
"""Steps before the clock starts."""


if __name__ == "__main__":
    main()
