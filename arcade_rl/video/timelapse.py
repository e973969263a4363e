"""The whole training in a given time, from the episodes that it recorded."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from arcade_rl.config import Resolved
from arcade_rl.playback.library import Run
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import EpisodeRow
from arcade_rl.video.clip import Clip
from arcade_rl.video.kept import Kept
from arcade_rl.video.look import Look
from arcade_rl.video.sources import Recorded


def clips(
    run: RunDirectory, resolved: Resolved, seconds: Fraction, look: Look, folder: Path
) -> list[Clip]:
    """Recorded episodes from the start of training to its end that last so many seconds together,
    the last one cut off there. They last less where there are too few recordings.

    With the full overlay only episodes are taken whose checkpoint is kept. MissingError if there
    is none.
    """
    rows = list(Kept(run, look.needs_policy))
    if not rows:
        Kept(run, look.needs_policy).nearest(0)  # tells what is missing
    rows.sort(key=lambda row: row.step)
    step_s = _seconds_of_a_step(run, rows[0].number, resolved, look)
    chosen = spread([row.step for row in rows], [row.length * step_s for row in rows], seconds)
    total = resolved.config.train.run_steps
    return [
        Clip(
            path=folder / f"{k:06d}{look.format.suffix}",
            source=Recorded(run.path, rows[index].number),
            title=_title(rows[index], total),
            episode=k,
            episodes=len(chosen),
            banner=_title(rows[index], total),
            detail=f"episode {rows[index].number}",
            limit=limit,
        )
        for k, (index, limit) in enumerate(chosen, 1)
    ]


def spread(
    steps: Sequence[int], durations: Sequence[Fraction], seconds: Fraction
) -> list[tuple[int, Fraction | None]]:
    """Which of the episodes, in the order of training, fill so many seconds so that the time of the
    film runs as the training did: (index, seconds after which it is cut off or None).

    `steps`: of the run at the end of each, rising; `durations`: of each, seconds.
    """
    chosen: list[tuple[int, Fraction | None]] = []
    at, index = Fraction(0), -1
    while at < seconds:
        wanted = at / seconds * steps[-1]
        index = max(index + 1, bisect_left(steps, wanted))
        if index >= len(steps):
            break
        left = seconds - at
        chosen.append((index, left if durations[index] > left else None))
        at += durations[index]
    return chosen


def _seconds_of_a_step(run: RunDirectory, number: int, resolved: Resolved, look: Look) -> Fraction:
    """How long a step of the game is seen, seconds of the film."""
    with Run(run.path).episode(number).replay() as replay:
        frames = len(replay.step().frames)
    return Fraction(frames) / (resolved.game.frame_rate * look.speed)


def _title(row: EpisodeRow, total_steps: int) -> str:
    return f"{100 * row.step / total_steps:.0f} %"
