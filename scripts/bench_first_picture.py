#!/usr/bin/env python
"""How long a command takes until the first picture of a recorded episode is drawn.

    scripts/bench_first_picture.py RUN:EPISODE [--overlay none|minimal|full] [--times 5]

`arcade-rl export episode` runs in a process of its own, at 1280x720, and is ended at its first picture.
Wall time counts from before the start of the process, so that a busy machine shows; CPU time hardly does.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHILD = """
import os, sys, time

began = float(sys.argv.pop(1))

def tell(*_):
    wall, cpu = time.time() - began, sum(os.times()[:2])
    loaded = [name for name in ("torch", "stable_baselines3") if name in sys.modules]
    print(f"{wall:.3f} {cpu:.3f} {','.join(loaded) or '-'}", flush=True)
    os._exit(0)

from arcade_rl import cli
from arcade_rl.overlay.overlay import Overlay

compose = Overlay.compose
Overlay.compose = lambda *given: tell(compose(*given))
sys.exit(cli.run(sys.argv[1:]))
"""


def first_picture(reference: str, overlay: str) -> tuple[float, float, str]:
    """(wall time, CPU time, what is loaded of what is slow to load) at the first picture; s."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "film.mp4")
        arguments = ["export", "episode", reference, "--preset", "debug-720p"]
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(time.time()), *arguments, "--overlay", overlay, "--out", out],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode or not done.stdout:
        raise SystemExit(f"no picture was drawn: {done.stderr.strip()}")
    wall, cpu, loaded = done.stdout.split()
    return float(wall), float(cpu), loaded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", metavar="RUN:EPISODE")
    parser.add_argument("--overlay", choices=("none", "minimal", "full"), default="none")
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    found = [first_picture(given.reference, given.overlay) for _ in range(given.times)]
    walls, cpus, loaded = zip(*found, strict=True)
    print(
        f"first picture at 1280x720, overlay {given.overlay}: wall {min(walls):.2f} s at best, "
        f"{statistics.median(walls):.2f} s in the middle; CPU {statistics.median(cpus):.2f} s; "
        f"loaded: {loaded[0]}"
    )


if __name__ == "__main__":
    main()
