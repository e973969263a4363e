"""What recording costs and whether its recordings are true, on Breakout.

    .venv/bin/python scripts/bench_recording.py overhead [features|pixels] [--rounds 5]
    .venv/bin/python scripts/bench_recording.py exact [features|pixels] [--episodes 1000]
    .venv/bin/python scripts/bench_recording.py speed

`overhead` trains the same steps twice in turn, without recording and recording every episode of every
environment with values and distributions, in processes of their own; the ratio is of the wall time
of rollouts and updates after the first. On a noisy machine the phases in which recording happens say
more: what they took longer, as a part of the wall time. `exact` records runs of `features` and `pixels`, sticky and
not, has `arcade-rl episodes verify` play all episodes again, and then changes one action in some of
them; it prints the bytes of their steps too. `speed` loads and steps the longest recorded episode.
Ends with 1 if a figure misses its limit.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from arcade_rl import Episode, Run
from arcade_rl.machine import cores
from arcade_rl.playback.verify import verify
from arcade_rl.recording.format import columns_size, encode
from arcade_rl.recording.recording import Recording

CONFIGS = Path(__file__).parent.parent / "configs" / "breakout"
EVERYTHING = '[{name="all", policy=true}]'
STEPS = {"features": 102_400, "pixels": 24_576}
"""Steps of a run of `overhead`."""
STEPS_AN_EPISODE = 230
"""Least steps of a beginner's episode, by which `exact` trains long enough for its episodes."""
CHANGED = 25
"""Episodes of each run in which `exact` changes an action."""


MISSED: list[str] = []
"""Figures that miss their limits."""


def limited(what: str, value: float, limit: float, unit: str) -> str:
    """A figure in words, with its limit."""
    if value > limit:
        MISSED.append(what)
    return f"{what}: {value:.4g}{unit} (limit {limit:g}{unit})"


def train(runs: Path, name: str, observation: str, steps: int, *words: str) -> Run:
    """Train a run through the command line."""
    config = CONFIGS / ("quick.toml" if observation == "features" else "pixels.toml")
    settings = [f"chunk.steps={steps}", 'checkpoint.milestones="100%"', "train.device=cpu", *words]
    command = [
        sys.executable, "-m", "arcade_rl", "train", str(config), "--runs-dir", str(runs),
        "--run", name, "--steps", str(steps), *(w for s in settings for w in ("--set", s)),
    ]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Run(runs / name)


def seconds(run: Run) -> tuple[float, float]:
    """Wall time of all updates but the first, and what of it the phases "record" and "log" had, s."""
    from arcade_rl.runs.database import Database
    from arcade_rl.runs.phases import total

    with Database.reading(run.directory.database) as database:
        updates = database.updates()
    phases = total([json.loads(row["phases"]) for row in updates[1:]])
    return float(updates[-1]["time"] - updates[0]["time"]), phases["record"] + phases["log"]


def overhead(observation: str, rounds: int) -> None:
    ratios, shares = [], []
    compiled = [] if observation == "features" else ["train.compile=false"]
    with tempfile.TemporaryDirectory() as directory:
        for number in range(1, rounds + 1):
            took = {}
            order = [("without", "[]"), ("recording", EVERYTHING)]
            for name, criteria in order if number % 2 else reversed(order):
                words = [*compiled, f"recording.criteria={criteria}", f"seed={number}"]
                run = train(
                    Path(directory), f"{name}{number}", observation, STEPS[observation], *words
                )
                took[name] = seconds(run)
            (without, before), (recording, after) = took["without"], took["recording"]
            ratios.append(recording / without)
            shares.append((after - before) / recording)
            print(
                f"{observation}, round {number}: without {without:.2f} s, recording {recording:.2f} s, "
                f"ratio {ratios[-1]:.4f}; record and log {before:.2f} and {after:.2f} s, "
                f"{shares[-1]:.2%} more",
                flush=True,
            )
            if number == 1:
                print_sizes(observation, Run(Path(directory) / "recording1"))
        print(limited(f"{observation}, median ratio", statistics.median(ratios), 1.01, ""))
        print(
            f"{observation}, median of what the phases have more: {statistics.median(shares):.2%}"
        )


def print_sizes(what: str, run: Run) -> None:
    """Bytes of a run's recordings."""
    episodes = run.episodes()
    steps = sum(episode.length for episode in episodes)
    stored = sum(len(episode.frame) for episode in episodes)
    recordings = [without_policy(episode.recording) for episode in episodes]
    bare = sum(len(encode(it)) for it in recordings)
    added = sum(columns_size(it) for it in recordings)
    print(
        f"{what}: {len(episodes)} episodes, {steps:,} steps, {stored / steps:.2f} bytes a step as stored; "
        f"without the policy's columns {bare / steps:.2f}, of which each episode has "
        f"{(bare - added) / len(episodes):.0f} bytes once"
    )
    print(limited(f"{what}, what its steps add to that", added / steps, 0.5, " bytes a step"))


def without_policy(recording: Recording) -> Recording:
    return replace(recording, values=None, distributions=None)


def exact(observations: list[str], count: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for observation in observations:
            for sticky in (0.0, 0.25):
                name = f"{observation}, sticky {sticky:g}"
                words = [f"options.sticky={sticky}", 'recording.criteria=["all"]']
                if observation == "pixels":
                    words.append("train.compile=false")
                steps = count * STEPS_AN_EPISODE
                run = train(Path(directory), name.replace(", ", "-").replace(" ", ""), observation, steps, *words)  # fmt: skip
                print_verified(name, run)
                print_sizes(name, run)
                print_changed(name, run)


def print_verified(name: str, run: Run) -> None:
    started = time.perf_counter()
    command = [sys.executable, "-m", "arcade_rl", "episodes", "verify", str(run.directory.path), "--json"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    if found["differing"] or found["damaged"] or found["unplayable"]:
        MISSED.append(name)
    print(
        f"{name}: {found['exact']} exact, {len(found['differing'])} differing, {len(found['damaged'])} "
        f"damaged, in {time.perf_counter() - started:.0f} s",
        flush=True,
    )


def print_changed(name: str, run: Run) -> None:
    """Change one action of some episodes, and see where it is noticed."""
    rng = random.Random(0)
    chosen = rng.sample(run.episodes(), CHANGED)
    at, changed = {}, []
    for episode in chosen:
        it = episode.recording
        k = at[episode.number] = rng.randrange(len(it) // 4, len(it) // 2)
        actions = it.actions.copy()
        actions[k] = (actions[k] + 1 + rng.randrange(2)) % 3
        changed.append(replace(it, actions=actions))
    right, late, never = 0, 0, 0
    for one, recording in _with_recordings(verify(changed, cores()), changed):
        if one.divergence is None:
            never += 1
            continue
        k, positions = at[one.number], recording.fingerprints.positions
        next_look = positions[positions > k].min(initial=len(recording))
        is_right = one.divergence.agreed <= k < one.divergence.step <= next_look
        right, late = right + is_right, late + (not is_right)
    if late:
        MISSED.append(f"{name}, changed actions")
    print(
        f"{name}: of {CHANGED} episodes with one action changed, {right} differ from the first "
        f"recorded value after it, {late} later, {never} leave no trace at any look",
        flush=True,
    )


def _with_recordings(found: Any, recordings: list[Recording]) -> Any:
    by_number = {recording.metadata.number: recording for recording in recordings}
    return ((one, by_number[one.number]) for one in found)


def speed() -> None:
    with tempfile.TemporaryDirectory() as directory:
        words = [f"recording.criteria={EVERYTHING}"]
        run = train(Path(directory), "run", "features", 200_000, *words)
        row = max(run.episodes(), key=lambda episode: episode.length)
        loads = []
        for _ in range(20):
            started = time.perf_counter()
            Run(run.directory.path).episode(row.number).recording  # noqa: B018 - reads it
            loads.append(time.perf_counter() - started)
        what = f"loading an episode of {row.length:,} steps"
        print(limited(what, statistics.median(loads) * 1e3, 10, " ms"))
        print_stepping(row)
        print_jumps(row)


def print_stepping(episode: Episode) -> None:
    it = episode.recording
    assert it.values is not None
    started, total = time.perf_counter(), 0.0
    for step in range(len(it)):
        total += float(it.rewards[step]) + float(it.values[step]) + int(it.actions[step])
    each = (time.perf_counter() - started) / len(it)
    print(limited("stepping it in memory", each * 1e3, 0.1, " ms a step"))


def print_jumps(episode: Episode) -> None:
    rng = random.Random(0)
    with episode.replay() as replay:
        started = time.perf_counter()
        replay.seek(len(replay))
        print(f"playing it once, every frame: {time.perf_counter() - started:.2f} s")
        jumps = []
        for _ in range(50):
            position = rng.randrange(len(replay) + 1)
            started = time.perf_counter()
            replay.seek(position)
            jumps.append(time.perf_counter() - started)
    print(f"jumping to 50 steps of it after that: median {statistics.median(jumps) * 1e3:.1f} ms")
    print(limited("the longest of these", max(jumps) * 1e3, 100, " ms"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["overhead", "exact", "speed"])
    parser.add_argument("observation", nargs="?", choices=["features", "pixels"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--episodes", type=int, default=1000)
    arguments = parser.parse_args()
    chosen = [arguments.observation] if arguments.observation else ["features", "pixels"]
    if arguments.what == "overhead":
        for observation in chosen:
            overhead(observation, arguments.rounds)
    elif arguments.what == "exact":
        exact(chosen, arguments.episodes)
    else:
        speed()
    for what in MISSED:
        print(f"missed: {what}")
    sys.exit(bool(MISSED))


if __name__ == "__main__":
    main()
