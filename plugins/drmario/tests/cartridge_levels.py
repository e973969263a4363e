"""Compares a level of pillbox with the rules."""

from __future__ import annotations

from arcade_rl_drmario.console import Console
from cartridge_player import INTRO, MODE, P1, RESERVE, RNG, run_until
from cartridge_rules import start_level


def differences(console: Console, before: bytes, seed: int, level: int) -> list[str]:
    """What in the console's memory is not as the rules say, beginning a level from a state."""
    console.load(before)
    console.write(P1.level, level)
    console.write(RNG, seed >> 8, seed & 0xFF)
    expected = start_level(seed, level)
    console.frame()
    console.frame()
    count = 1 + run_until(console, lambda: console.read(P1.viruses_to_add) == 0)
    ram = console.ram
    found = {
        "reserve": ram[RESERVE : RESERVE + 128].tolist() == expected.reserve,
        "board": ram[P1.field : P1.field + 128].tolist() == expected.board,
        "random number": int(ram[RNG]) << 8 | int(ram[RNG + 1]) == expected.state,
        "frames": count == expected.frames,
        "count": f"{ram[P1.viruses_left]:x}" == str(4 * (min(level, 20) + 1)),
        "mode": ram[MODE] == INTRO,
    }
    return [f"seed {seed:04x} level {level}: {name}" for name, equal in found.items() if not equal]
