"""Several seeds in one word, such as 0..4."""

from __future__ import annotations

from arcade_rl.config.faults import cut
from arcade_rl.errors import UsageError

MOST = 100
"""Most seeds that one command takes."""
LARGEST = 2**63 - 1


def parse_seeds(text: str) -> tuple[int, ...]:
    """The seeds that a word such as "0..4" or "1,5,7..9" names, in its order. UsageError if it names
    none, one of them twice, or more than `MOST`."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dots, last = (word.strip() for word in part.partition(".."))
        ends = (first, last if dots else first)
        if not all(end.isascii() and end.isdecimal() and int(end[:30]) <= LARGEST for end in ends):
            raise UsageError(
                f"{cut(repr(text))} names no seeds; expected such as 0..4 or 1,5,7: whole numbers from 0 on"
            )
        begin, end = map(int, ends)
        if begin > end:
            raise UsageError(f"{cut(part.strip())} counts down; expected the smaller seed first")
        if end - begin >= MOST or len(seeds) + end - begin >= MOST:
            raise UsageError(
                f"{cut(repr(text))} names more than {MOST} seeds; expected {MOST} at most"
            )
        seeds += range(begin, end + 1)
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"{cut(repr(text))} names a seed twice; expected each once")
    return tuple(seeds)


def seed_names(name: str, seeds: tuple[int, ...]) -> list[str]:
    """Names of the runs that one name stands for where each seed has a run."""
    return [f"{name}-{seed}" for seed in seeds]
