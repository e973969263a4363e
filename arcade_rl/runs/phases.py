"""Where wall time went: sums of the phases of updates, their shares, and the words for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from arcade_rl.runs.events import PHASES


def total(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Seconds of every phase that a part has, in the order of PHASES."""
    seconds: dict[str, float] = {}
    for part in parts:
        for phase, spent in part.items():
            seconds[phase] = seconds.get(phase, 0.0) + spent
    return {
        phase: seconds[phase] for phase in dict.fromkeys([*PHASES, *seconds]) if phase in seconds
    }


def shares(seconds: Mapping[str, float]) -> dict[str, float]:
    """Share of the time that went into each phase, 0 to 1, the largest first; empty without
    time."""
    whole = sum(seconds.values())
    largest_first = sorted(seconds.items(), key=lambda item: item[1], reverse=True)
    return {phase: spent / whole for phase, spent in largest_first} if whole > 0 else {}


def in_words(seconds: Mapping[str, float]) -> str:
    """The shares in one line, such as "environment 48 %, learn 36 %"; empty without time."""
    return ", ".join(f"{phase} {100 * share:.0f} %" for phase, share in shares(seconds).items())
