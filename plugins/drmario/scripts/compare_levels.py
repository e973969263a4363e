"""Compares levels 0 to 20 of the cartridge with the rules, written a second time for the tests.

    .venv/bin/python plugins/drmario/scripts/compare_levels.py [--states 500]

Each level begins from every one of so many random numbers. Prints every difference, and how many.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

from arcade_rl_drmario.console import Console

LEVELS = range(21)
FIRST, LAST = 2, 0xFFFF
"""Random numbers that a level may begin with."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--states", type=int, default=500, help="random numbers to begin with")
    parser.add_argument("--seed", type=int, default=0, help="which random numbers")
    options = parser.parse_args()
    if not 1 <= options.states <= LAST - FIRST + 1:
        parser.error(f"--states is {options.states}; expected 1 to {LAST - FIRST + 1}")
    seeds = random.Random(options.seed).sample(range(FIRST, LAST + 1), options.states)
    found = compare(seeds)
    print(*found, sep="\n")
    print(f"{len(seeds)} states x {len(LEVELS)} levels: {len(found)} differences")
    return int(bool(found))


def compare(seeds: list[int]) -> list[str]:
    """Every difference, a line each."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from cartridge_levels import differences
    from cartridge_player import frames, to_level

    found: list[str] = []
    with Console() as console:
        frames(console, 30)
        to_level(console)
        before = console.save()
        for seed in seeds:
            for level in LEVELS:
                found += differences(console, before, seed, level)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
