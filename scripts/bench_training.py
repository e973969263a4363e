"""Training speed and memory on Breakout beside stock Stable-Baselines3, in turn, equal settings.

    .venv/bin/python scripts/bench_training.py pixels [--envs 16] [--steps 8192] [--rounds 3]
    .venv/bin/python scripts/bench_training.py features [--envs 32] [--steps 40960]
    .venv/bin/python scripts/bench_training.py memory [--envs 64]

`pixels` and `memory` run configs/breakout/pixels.toml without torch.compile; the rivals are SB3's
own recipe (`make_atari_env`, `VecFrameStack`, `PPO("CnnPolicy")`) in a DummyVecEnv and in a
SubprocVecEnv, and scripts/plain_ppo.py. `features` runs configs/breakout/quick.toml with as many
steps a rollout; the rival is SB3's own loop (`algorithm = "sb3:PPO"`) on the same environments in
one process. All use the same number of torch threads and are processes of their own; those that
run the chunk function have a worker's environment variables. Times are of rollouts and updates
after one of each that warms up.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from arcade_rl.config import Resolved
from arcade_rl.engines.local.process import ENVIRONMENT

CONFIGS = Path(__file__).parent.parent / "configs" / "breakout"
OURS = ("exact", "fast")
SIDES = {
    "pixels": ["stock dummy", "stock subproc", "plain loop", "exact", "fast"],
    "features": ["stock", "exact", "fast"],
    "memory": ["libraries and emulators", "stock dummy", "exact", "fast"],
}


def resolved(what: str, envs: int, *more: str) -> Resolved:
    """The configuration that both sides take their settings from."""
    from arcade_rl.cli.experiment import resolve_target

    name = "quick" if what == "features" else "pixels"
    words = [f"train.n_envs={envs}", "train.device=cpu", *more]
    if what == "features":
        words.append(f"train.n_steps={2048 // envs}")
    return resolve_target(str(CONFIGS / f"{name}.toml"), words)


def chunk(what: str, steps: int, envs: int, *words: str) -> dict[str, Any]:
    """Train through the chunk function, changing the configuration by `words`."""
    from arcade_rl.runs.events import Event, Update
    from arcade_rl.runs.phases import in_words, total
    from arcade_rl.runs.plan import plan_run
    from arcade_rl.training.chunk import Chunk, Turn
    from arcade_rl.training.learner import open_learner

    it = resolved(what, envs, *words)
    rollout = it.config.train.rollout_steps
    learner = open_learner(it)
    seen: list[Update] = []

    def emit(event: Event) -> None:
        if isinstance(event, Update):
            seen.append(event)

    updates = 1 + steps // rollout
    with tempfile.TemporaryDirectory() as staging:
        spec = replace(plan_run(it.config).spec(what, None), chunk=1, last_update=updates)
        Chunk(learner, Turn(spec, None, Path(staging)), emit).run(lambda: False)
    learner.close()
    seconds = seen[-1].time - seen[0].time
    phases = in_words(total(update.phases for update in seen[1:]))
    return {"steps_per_s": (updates - 1) * rollout / seconds, "phases": phases}


def stock(vec_env: str, steps: int, envs: int) -> dict[str, Any]:
    """Train as SB3's documentation and rl-baselines3-zoo do."""
    import torch
    from stable_baselines3 import PPO

    from arcade_rl.policies.build import hyperparameters
    from arcade_rl.policies.device import thread_count

    train = resolved("pixels", envs).config.train
    torch.set_num_threads(thread_count(train, pictures=True))
    env = atari(vec_env, envs)
    model = PPO("CnnPolicy", env, seed=0, device="cpu", **hyperparameters(train))
    updates = steps // train.rollout_steps
    model.learn(train.rollout_steps)
    started = time.perf_counter()
    model.learn(updates * train.rollout_steps)
    seconds = time.perf_counter() - started
    env.close()
    return {"steps_per_s": updates * train.rollout_steps / seconds}


def atari(vec_env: str, envs: int, seed: int = 0) -> Any:
    """SB3's environments of Breakout from pixels, as its documentation makes them."""
    from stable_baselines3.common.env_util import make_atari_env
    from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecFrameStack

    kind = SubprocVecEnv if vec_env == "subproc" else DummyVecEnv
    name = "ale_py:BreakoutNoFrameskip-v4"  # each process imports the module, which registers it
    return VecFrameStack(make_atari_env(name, n_envs=envs, seed=seed, vec_env_cls=kind), n_stack=4)


def emulate(envs: int) -> dict[str, Any]:
    """Only import what trains, and start the games."""
    from arcade_rl.envs.seeds import HashedSeeds
    from arcade_rl.training.learner import open_env

    env = open_env(resolved("memory", envs))
    env.reset(HashedSeeds(0, envs))
    env.close()
    return {}


def run_side(what: str, side: str, steps: int, envs: int) -> dict[str, Any]:
    """Measure one side in this process."""
    if side in OURS:
        never = ["train.compile=false"] if side == "fast" else []
        measured = chunk(what, steps, envs, f"train.precision={side}", *never)
    elif side == "libraries and emulators":
        measured = emulate(envs)
    elif what == "features":
        words = ("train.algorithm=sb3:PPO", "train.env_processes=0")
        measured = chunk(what, steps, envs, *words)
    elif side == "plain loop":
        import torch
        from plain_ppo import train

        from arcade_rl.policies.device import thread_count

        settings = resolved(what, envs).config.train
        torch.set_num_threads(thread_count(settings, pictures=True))
        n_steps = settings.rollout_steps // envs
        assert settings.batch_size is not None
        assert settings.n_epochs is not None
        speed = train(
            steps // settings.rollout_steps, envs, n_steps, settings.batch_size, settings.n_epochs
        )
        measured = {"steps_per_s": speed}
    else:
        measured = stock(side.removeprefix("stock "), steps, envs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**measured, "peak_mib": peak / 1024}


def measure(side: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """One side in a process of its own."""
    command = [sys.executable, __file__, arguments.what, "--side", side]
    command += ["--steps", str(arguments.steps), "--envs", str(arguments.envs)]
    is_worker = arguments.what == "features" or side in (*OURS, "libraries and emulators")
    environment = {**(ENVIRONMENT if is_worker else {}), **os.environ}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{side} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(arguments: argparse.Namespace) -> None:
    """Print every round, and the medians of the ratios to the best stock side of the round."""
    key = "peak_mib" if arguments.what == "memory" else "steps_per_s"
    unit = "MiB" if arguments.what == "memory" else "steps/s"
    ratios: dict[str, list[float]] = {}
    for number in range(1, arguments.rounds + 1):
        found = {side: measure(side, arguments) for side in SIDES[arguments.what]}
        best = max(found[side][key] for side in found if side.startswith("stock"))
        print(f"round {number}: ", end="")
        print(", ".join(f"{side} {result[key]:.0f} {unit}" for side, result in found.items()))
        for side, result in found.items():
            ratios.setdefault(side, []).append(result[key] / best)
        if number == 1:
            for side, result in found.items():
                if "phases" in result:
                    print(f"  {side}: {result['phases']}")
    print(f"{arguments.what}, {arguments.envs} environments, {arguments.steps:,} steps a round")
    for side, values in ratios.items():
        print(f"  {side}: {statistics.median(values):.2f} times the best stock (median)")
    if arguments.what == "memory":
        base = found["libraries and emulators"]["peak_mib"]
        for side in OURS:
            share = (found[side]["peak_mib"] - base) / (found["stock dummy"]["peak_mib"] - base)
            print(f"  {side}: {share:.2f} times the stock beyond libraries and emulators")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=SIDES)
    parser.add_argument("--steps", type=int, help="steps of each side in a round, after the first")
    parser.add_argument("--envs", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--side", help="measure one side here, as JSON")
    arguments = parser.parse_args()
    defaults = {"pixels": (16, 8_192, 3), "features": (32, 40_960, 3), "memory": (64, 8_192, 1)}
    envs, steps, rounds = defaults[arguments.what]
    arguments.envs = arguments.envs or envs
    arguments.steps = arguments.steps or steps
    arguments.rounds = arguments.rounds or rounds
    if arguments.side:
        print(json.dumps(run_side(arguments.what, arguments.side, arguments.steps, arguments.envs)))
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
