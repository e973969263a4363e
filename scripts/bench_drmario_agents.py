"""What agents of Dr. Mario clear at HI, level by level, and how long a decision of a search takes.

    .venv/bin/python scripts/bench_drmario_agents.py drmario:greedy drmario:search2 RUN [--levels 0 5 10 15 20]
        [--backend emulator] [--games 200] [--pills 1000] [--jobs 2] [--kept DIR] [--runs-dir DIR]

Each row is one `arcade-rl evaluate` with 200 games, 400 at level 20 unless `--games` says otherwise, whose
starts no training and no tuning has ever played: cleared games with Wilson's 95 % interval, and medians of
frames and pills over the cleared ones. A game that is not over after `--pills` pills counts as lost. What is kept in `--kept` is not played again. Times of decisions are
those of one core, in the simulator at level 20, over boards of the search's own games.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from arcade_rl_drmario.baselines import DEPTHS, make_baseline
from arcade_rl_drmario.environment import DrMarioEnv
from arcade_rl_drmario.options import DrMarioOptions

from arcade_rl.contracts import Asked
from arcade_rl.envs.seeds import HashedSeeds

TOP_LEVEL = 20


def evaluated(agent: str, level: int, given: argparse.Namespace) -> dict[str, Any]:
    """What `arcade-rl evaluate` says of an agent at a level, from `--kept` where it was played already."""
    name = f"{agent.replace(':', '-').replace('@', '-')}-{level}-{given.backend}-{given.pills}.json"
    kept: Path = given.kept / name
    if not kept.exists():
        games = given.games or (400 if level == TOP_LEVEL else 200)
        command = [sys.executable, "-m", "arcade_rl", "evaluate", agent, "--json"]
        command += ["--episodes", str(games), "--set", f"options.level={level}"]
        command += ["--set", f"options.backend={given.backend}"]
        if given.backend == "emulator":
            command += ["--envs", "2"]  # games of one process take turns on one console
        command += ["--set", f"options.most_pills={given.pills}"]
        if given.runs_dir is not None:
            command += ["--runs-dir", str(given.runs_dir)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
        kept.write_text(done.stdout, encoding="utf-8")
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def row(agent: str, level: int, found: dict[str, Any]) -> str:
    """One line of the table."""
    metrics = found["episodes"]["metrics"]
    cleared = np.array(metrics["cleared"]) > 0
    low, high = (100 * end for end in found["metrics"]["cleared"]["interval"])
    medians = "".join(
        f"{statistics.median(np.array(metrics[name])[cleared].tolist()) if cleared.any() else float('nan'):>9,.0f}"
        for name in ("frames", "pills")
    )
    part = f"{cleared.sum()}/{len(cleared)}"
    return f"{agent:<18}{level:>6}{part:>10}{100 * cleared.mean():>7.1f} [{low:.1f}, {high:.1f}]{medians}"


def time_decisions(name: str, games: int = 32, steps: int = 60) -> float:
    """Milliseconds of processor time that a decision takes."""
    options = DrMarioOptions(level=TOP_LEVEL, curriculum=False)
    env, player = DrMarioEnv(options, games, "evaluation"), make_baseline(name, options)
    seen, rows, spent = env.reset(HashedSeeds(0, games)), np.arange(games), 0.0
    for step in range(steps + 1):
        started = time.process_time()
        actions = player.choose(Asked(rows, rows, np.full(games, step), seen, None))
        spent += (time.process_time() - started) * (step > 0)  # the first one compiles
        seen = env.step(actions).observations
    env.close()
    return 1000 * spent / (games * steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agents", nargs="+", metavar="RUN[@CKPT]|drmario:POLICY")
    parser.add_argument(
        "--levels", nargs="+", type=int, default=[0, 5, 10, 15, 20], metavar="LEVEL"
    )
    parser.add_argument("--backend", choices=["simulator", "emulator"], default="emulator")
    parser.add_argument("--games", type=int, help="games of each row")
    parser.add_argument("--pills", type=int, default=1000, help="pills after which a game is lost")
    parser.add_argument("--jobs", type=int, default=1, help="rows that are played at a time")
    parser.add_argument("--kept", type=Path, default=Path("runs/drmario-agents"))
    parser.add_argument("--runs-dir", type=Path)
    given = parser.parse_args()
    if given.jobs < 1 or given.pills < 1 or (given.games is not None and given.games < 2):
        parser.error("expected 1 or more --jobs and --pills, and 2 or more --games")
    given.kept.mkdir(parents=True, exist_ok=True)
    for agent in given.agents:
        name = agent.removeprefix("drmario:")
        if name in DEPTHS:
            print(f"{agent}: {time_decisions(name):.2f} ms a decision, one core", flush=True)
    print(
        f"{'agent':<18}{'level':>6}{'cleared':>10}{'%':>7} 95 % interval{'frames':>9}{'pills':>9}"
    )
    work = [(agent, level) for agent in given.agents for level in given.levels]
    with ThreadPoolExecutor(given.jobs) as pool:
        playing = [pool.submit(evaluated, agent, level, given) for agent, level in work]
        for (agent, level), one in zip(work, playing, strict=True):
            print(row(agent, level, one.result()), flush=True)


if __name__ == "__main__":
    main()
