"""The whole training in a given time, from the episodes that it recorded."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

from arcade_rl.config import Resolved
from arcade_rl.playback.library import Run
from arcade_rl.playback.sources import RecordedSource
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.kept import Kept
from arcade_rl.video.clip import Clip
from arcade_rl.video.look import Look

CHAPTER = 10
"""Percent of the training in a chapter."""
FEWEST = 12
"""Episodes of a film: none lasts longer than such a part of it."""


def clips_of(
    run: RunDirectory, resolved: Resolved, seconds: Fraction, look: Look, folder: Path
) -> list[Clip]:
    """Recorded episodes from the first to the last that last so many seconds together, long ones cut
    off. They last less where there are too few recordings.

    With the full overlay only episodes are taken whose checkpoint is kept. MissingError if there
    is none.
    """
    kept = Kept(run, look.appearance.needs_policy)
    kept.refuse_none()
    rows = sorted((row.step, row.length, row.number) for row in kept)
    step_s = _seconds_of_a_step(run, rows[0][2], resolved, look)
    least = 1 / (look.rate or resolved.declaration.frame_rate)
    durations = [length * step_s for _, length, _ in rows]
    chosen = spread([step for step, _, _ in rows], durations, seconds, least)
    total = resolved.config.train.run_steps
    found = []
    for k, (index, limit) in enumerate(chosen, 1):
        step, _, number = rows[index]
        done = 100 * step / total
        found.append(
            Clip(
                path=folder / f"{k:06d}{look.encoding.format.suffix}",
                source=RecordedSource(run.path, number),
                title=f"{done // CHAPTER * CHAPTER:.0f} %", episode=k, episodes=len(chosen),
                banner=f"{done:.0f} %",
                detail=f"episode {number}", limit=limit,
            )
        )  # fmt: skip
    return found


def spread(
    steps: Sequence[int], durations: Sequence[Fraction], seconds: Fraction, least: Fraction
) -> list[tuple[int, Fraction | None]]:
    """Which of the episodes, in the order of training, fill so many seconds so that the time of the
    film runs as the training did, to the last of them: (index, seconds after which it is cut off or
    None).

    `steps`: of the run at the end of each, rising; `durations`: of each, seconds; `least`: what is
    shorter is left out.
    """
    most = seconds / FEWEST
    capped = [min(duration, most) for duration in durations]
    behind = list(accumulate(reversed(capped)))
    """Seconds that the last episode fills, the last two, ..."""
    chosen: list[tuple[int, Fraction | None]] = []
    left, index, last = seconds, -1, len(steps) - 1
    while left >= least and index < last:
        if capped[last] >= left:
            index = last
        else:
            wanted = bisect_left(steps, (1 - left / seconds) * steps[last])
            enough = last - bisect_left(behind, left)  # later ones would not fill what is left
            index = max(index + 1, min(wanted, enough))
        length = min(capped[index], left)
        chosen.append((index, None if length == durations[index] else length))
        left -= length
    return chosen


def _seconds_of_a_step(run: RunDirectory, number: int, resolved: Resolved, look: Look) -> Fraction:
    """How long a step of the game is seen, seconds of the film."""
    with Run(run.path).episode(number).replay() as replay:
        frames = len(replay.step().frames)
    return Fraction(frames) / (resolved.declaration.frame_rate * look.speed)
