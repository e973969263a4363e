"""What the feed costs a training, on Breakout, and how large it is.

    .venv/bin/python scripts/bench_feed.py [features|pixels] [--rounds 5] [--steps 40960]

In each round the same chunk is trained twice in turn, with the feed and without it, in processes of
their own by the chunk function, as a worker trains; the order changes from round to round. The ratio
is of the wall time of rollouts and updates after the first. On a noisy machine the second figure says
more: the processor time that packing took, as a part of the processor time of the whole training. Ends
with 1 if a figure misses its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from arcade_rl.engines.local.process import ENVIRONMENT

CONFIGS = Path(__file__).parent.parent / "configs" / "breakout"
MOST_SHARE = 0.01
"""Share of a training's time that the feed may take."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One training."""

    wall_s: float
    cpu_s: float
    packing_s: float
    """Processor time within the feed."""
    frame_bytes: int
    """Bytes of all frames but openings."""
    watched_steps: int
    episodes: int
    """Watched episodes that ended."""


def train(observation: str, steps: int, has_feed: bool) -> Measured:
    """Train in this process, with or without the feed."""
    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.runs.events import Event, FeedFrame, Update
    from arcade_rl.runs.plan import plan_run
    from arcade_rl.training.chunk import Chunk, Turn
    from arcade_rl.training.feed import ChunkFeed
    from arcade_rl.training.learner import open_learner

    name = "quick" if observation == "features" else "pixels"
    words = ["train.device=cpu", "train.compile=false"]
    resolved = resolve_target(str(CONFIGS / f"{name}.toml"), words)
    rollout = resolved.config.train.rollout_steps
    spent = Spent()
    spent.put_into(ChunkFeed, has_feed)
    learner, updates = open_learner(resolved), list[float]()
    frames, cpu = 0, list[float]()

    def emit(event: Event) -> None:
        nonlocal frames
        if isinstance(event, Update):
            updates.append(time.perf_counter())
            cpu.append(time.process_time())
        elif isinstance(event, FeedFrame) and not event.opens:
            frames += len(event.body)

    last = 1 + steps // rollout
    with tempfile.TemporaryDirectory() as staging:
        spec = replace(plan_run(resolved.config).spec("bench", None), chunk=1, last_update=last)
        Chunk(learner, Turn(spec, None, Path(staging)), emit).run(lambda: False)
    learner.close()
    return Measured(
        updates[-1] - updates[0], cpu[-1] - cpu[0], spent.seconds, frames, spent.steps, spent.ends
    )


class Spent:
    """Adds up the processor time of a feed, or switches the feed off."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.steps = self.ends = 0

    def put_into(self, feed: Any, has_feed: bool) -> None:
        take = feed.take

        def timed(self_: Any, taken: Any, *rest: Any) -> None:
            began = time.thread_time()
            take(self_, taken, *rest)
            self.seconds += time.thread_time() - began
            self.steps += len(taken.rollout.rewards) * self_._count
            self.ends += sum(it.metadata.environment < self_._count for it in taken.outcomes)

        if has_feed:
            feed.take = timed
            return
        feed.take = lambda *_: None
        feed.begin = lambda *_: None


def measured(observation: str, steps: int, has_feed: bool) -> Measured:
    """The figures of a training in a process of its own, with a worker's environment variables."""
    words = [observation, "--steps", str(steps), "--one", "with" if has_feed else "without"]
    done = subprocess.run(
        [sys.executable, __file__, *words],
        env={**ENVIRONMENT, **os.environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def compare(observation: str, steps: int, rounds: int) -> bool:
    """Print the figures. Returns whether all of them keep to their limits."""
    ratios, shares = [], []
    for number in range(rounds):
        order = (True, False) if number % 2 else (False, True)
        took = {has_feed: measured(observation, steps, has_feed) for has_feed in order}
        fed = took[True]
        ratios.append(fed.wall_s / took[False].wall_s)
        shares.append(fed.packing_s / fed.cpu_s)
        print(
            f"{observation}, round {number + 1}: without {took[False].wall_s:.2f} s, with "
            f"{fed.wall_s:.2f} s, ratio {ratios[-1]:.4f}; packing {fed.packing_s * 1e3:.0f} ms of "
            f"{fed.cpu_s:.2f} s, {shares[-1]:.2%}",
            flush=True,
        )
    print(
        f"{observation}: {fed.frame_bytes / fed.watched_steps:.2f} bytes a watched step, with "
        f"{fed.episodes} episodes that ended in {fed.watched_steps:,} steps"
    )
    ratio, share = statistics.median(ratios), statistics.median(shares)
    print(
        f"{observation}: median ratio {ratio:.4f}, median share {share:.2%} (limit {MOST_SHARE:.0%})"
    )
    return share <= MOST_SHARE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("observation", nargs="?", choices=["features", "pixels"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40_960)
    parser.add_argument("--one", choices=["with", "without"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        found = train(arguments.observation, arguments.steps, arguments.one == "with")
        print(json.dumps({name: getattr(found, name) for name in Measured.__slots__}))
        return
    chosen = [arguments.observation] if arguments.observation else ["features", "pixels"]
    is_right = [compare(what, arguments.steps, arguments.rounds) for what in chosen]
    sys.exit(not all(is_right))


if __name__ == "__main__":
    main()
