"""Plays games on the cartridge and in the simulator at once, and compares their memories every frame.

    .venv/bin/python plugins/drmario/scripts/compare_cartridge.py [--games 2000] [--frames 1000000]

Plays until both figures are reached: levels 0 to 24 at all speeds, alone and two players, with random
buttons, random placements and careful ones. Prints what was compared; the first difference ends it.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import time
from collections import Counter

from arcade_rl_drmario.comparison import ButtonMasher, Comparison, Pilot, Placer, Setting
from arcade_rl_drmario.console import PILLBOX, Console
from arcade_rl_drmario.simulator.games import TOP_LEVEL

SPEEDS = ("LOW", "MED", "HI")
PILOTS = ("buttons",) * 5 + ("random placements",) * 3 + ("careful placements",) * 2


def make_pilot(kind: str, seed: int) -> Pilot:
    return ButtonMasher(seed) if kind == "buttons" else Placer(seed, kind.startswith("careful"))


def draw_setting(source: random.Random, number: int) -> Setting:
    """Every level and speed in turn; two players in every fourth game, half of them at equal levels."""
    players = 2 if number % 4 == 3 else 1
    level, speed = number // 4 % (TOP_LEVEL + 1), number % 3
    other = level if source.random() < 0.5 else source.randint(0, TOP_LEVEL)
    seed = source.randint(2, 0xFFFF)
    return Setting(players, seed, (level, other), (speed, source.randint(0, 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", type=int, default=2000)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.games < 1 or arguments.frames < 1:
        parser.error("expected at least 1 of --games and of --frames")
    source = random.Random(arguments.seed)
    frames_of: Counter[str] = Counter()
    games_of: Counter[str] = Counter()
    levels: set[int] = set()
    print(f"pillbox.nes, SHA-1 {hashlib.sha1(PILLBOX.read_bytes()).hexdigest()}", flush=True)
    started = time.perf_counter()
    with Console() as console:
        comparison = Comparison(console)
        tally, number = comparison.tally, 0
        while tally.games < arguments.games or tally.frames < arguments.frames:
            setting = draw_setting(source, number)
            kinds = [source.choice(PILOTS) for _ in range(setting.players)]
            pilots = [make_pilot(kind, source.getrandbits(32)) for kind in kinds]
            games, frames = tally.games, tally.frames
            comparison.play(setting, pilots, most_levels=3)
            levels |= set(setting.levels[: setting.players])
            label = "two players" if setting.players == 2 else f"alone {SPEEDS[setting.speeds[0]]}"
            for name in (label, *{f"with {kind}" for kind in kinds}):
                games_of[name] += tally.games - games
                frames_of[name] += tally.frames - frames
            number += 1
            if number % 20 == 0:
                print(f"{tally.games} games, {tally.frames:,} frames, no difference", flush=True)
    for name in sorted(games_of):
        print(f"  {name}: {games_of[name]} games, {frames_of[name]:,} frames")
    print(f"  levels {min(levels)} to {max(levels)}, {len(levels)} of them")
    print(f"  ended by clearing: {tally.cleared}; garbage came down {tally.attacks} times")
    print(
        f"{tally.games} games, {tally.frames:,} frames compared in"
        f" {time.perf_counter() - started:.0f} s: no difference"
    )


if __name__ == "__main__":
    main()
