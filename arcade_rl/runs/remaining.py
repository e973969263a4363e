"""How long something will still take, said only where that is known well enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

GOOD = 1.5
"""Factor by which a told time may be wrong in either direction."""
ALIKE = 1.25
"""Factor by which two estimates may differ that are taken for one."""
LEAST_MARKS = 8
LEAST_S = 5.0
LEAST_SHARE, ENOUGH_S = 0.03, 60.0
"""Share of everything that must have been watched, or seconds that are enough where that share is
hours."""
MOST_MARKS = 400


@dataclass(frozen=True, slots=True)
class Mark:
    """How much was done at a moment."""

    seconds: float
    """The moment, by any clock."""
    done: float
    """Number of things that were done by then, such as steps."""
    part: int = 0
    """Part of the work that was being done, such as a chunk; beginning another part takes time."""


def seconds_left(
    marks: Sequence[Mark], total: float, parts_left: int = 0, start_s: float = 0.0
) -> float | None:
    """How long the rest will take, in seconds; None where that is not known to a factor of `GOOD`.

    `parts_left`: number of parts that are yet to begin. `start_s`: how long the first part took to
    begin, for as long as no other beginning was seen.
    """
    if not _is_enough(marks, total):
        return None
    paces = [_pace(marks), _pace(marks[len(marks) // 2 :])]
    if None in paces:
        return None
    left = total - marks[-1].done
    estimates = sorted(left * pace for pace in paces if pace is not None)
    starts = _seconds_between_parts(marks)
    low, high = (min(starts), max(starts)) if starts else (0.0, start_s)
    least, most = estimates[0] + parts_left * low, estimates[-1] + parts_left * high
    if least <= 0.0:
        return 0.0 if most <= 0.0 else None
    return math.sqrt(least * most) if most / least <= ALIKE else None


def thinned(marks: list[Mark]) -> list[Mark]:
    """The marks, or every second one where there are many. The first and the last stay."""
    return marks if len(marks) <= MOST_MARKS else [*marks[:-1:2], marks[-1]]


def _is_enough(marks: Sequence[Mark], total: float) -> bool:
    if len(marks) < LEAST_MARKS:
        return False
    seconds, done = marks[-1].seconds - marks[0].seconds, marks[-1].done - marks[0].done
    return seconds >= LEAST_S and (done >= LEAST_SHARE * total or seconds >= ENOUGH_S)


def _pace(marks: Sequence[Mark]) -> float | None:
    """Seconds that one thing takes within a part; None if nothing was done."""
    within = [(one, two) for one, two in pairwise(marks) if one.part == two.part]
    done = sum(two.done - one.done for one, two in within)
    return sum(two.seconds - one.seconds for one, two in within) / done if done > 0 else None


def _seconds_between_parts(marks: Sequence[Mark]) -> list[float]:
    """For each beginning of a part that was seen: seconds that it took besides the work."""
    pace = _pace(marks) or 0.0
    return [
        max(0.0, two.seconds - one.seconds - pace * (two.done - one.done))
        for one, two in pairwise(marks)
        if one.part != two.part
    ]
