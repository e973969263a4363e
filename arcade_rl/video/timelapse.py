"""The whole training in a film of a given length, made of recorded episodes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

from arcade_rl.config import Resolved
from arcade_rl.contracts import Declaration
from arcade_rl.errors import VerificationError
from arcade_rl.playback.game import action_fault
from arcade_rl.playback.library import Run
from arcade_rl.playback.moments import Excerpt
from arcade_rl.playback.sources import RecordedSource
from arcade_rl.recording.recording import Recording
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.kept import Kept
from arcade_rl.video.clip import Clip
from arcade_rl.video.look import Look

CHAPTER = 10
"""Part of the training in each chapter, percent."""
FEWEST = 12
"""Least number of episodes in a film: none lasts longer than the film's length over this number."""
MOMENT_S = Fraction(5, 4)
"""Longest time for which an episode is seen, unless the episodes are too few to fill the film, s."""


def clips_of(
    run: RunDirectory, resolved: Resolved, seconds: Fraction, look: Look, folder: Path
) -> list[Clip]:
    """The ends of recorded episodes, from the first to the last, that last `seconds` together. The
    film is shorter where there are too few recordings.

    With the full overlay only episodes are taken whose checkpoint is kept. MissingError if there is
    no such episode.
    """
    kept = Kept(run, look.appearance.needs_policy)
    kept.refuse_none()
    rows = sorted((row.step, row.length, row.number) for row in kept)
    durations = _durations(run, [(number, length) for _, length, number in rows], resolved, look)
    least = 1 / (look.rate or resolved.declaration.frame_rate)
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
                note=f"{done:.0f} %", excerpt=Excerpt(limit=limit, rule="end"),
            )
        )  # fmt: skip
    return found


def spread(
    steps: Sequence[int], durations: Sequence[Fraction], seconds: Fraction, least: Fraction
) -> list[tuple[int, Fraction | None]]:
    """Choose episodes, in the order of training, that fill `seconds` so that the time of the film
    runs as the training did, up to the last episode. Returns (index, seconds after which the
    episode is too long, or None) for each.

    `steps`: steps of the run at the end of each episode, rising; `durations`: length of each
    episode, s; `least`: time left in the film below which no other episode is taken, s.
    """
    most = _longest(durations, seconds)
    capped = [min(duration, most) for duration in durations]
    behind = list(accumulate(reversed(capped)))
    """Seconds that the last episode fills, the last two episodes, and so on."""
    chosen: list[tuple[int, Fraction | None]] = []
    left, index, last = seconds, -1, len(steps) - 1
    while left >= least and index < last:
        if left - capped[last] < least:
            index = last
        else:
            # The wanted episode ended at the part of the training that the film has reached.
            wanted = bisect_left(steps, (1 - left / seconds) * steps[last])
            enough = last - bisect_left(behind, left)  # later episodes could not fill the time left
            index = max(index + 1, min(wanted, enough))
        room = left if index == last else left - capped[last]  # the last episode is always seen
        length = min(capped[index], room)
        chosen.append((index, None if length == durations[index] else length))
        left -= length
    return chosen


def _longest(durations: Sequence[Fraction], seconds: Fraction) -> Fraction:
    """The time for which an episode is seen at most, so that the episodes fill the film, s."""
    limit = seconds / FEWEST
    longest = min(MOMENT_S, limit)
    while longest < limit and sum(min(duration, longest) for duration in durations) < seconds:
        longest = min(2 * longest, limit)
    return longest


def _durations(
    run: RunDirectory, episodes: Sequence[tuple[int, int]], resolved: Resolved, look: Look
) -> list[Fraction]:
    """How long each episode (number, steps) is seen, seconds of the film. Where steps differ in length
    every recording is read for it; elsewhere its first step has as many frames as all others."""
    reader, per_s = Run(run.path), resolved.declaration.frame_rate * look.speed
    if resolved.declaration.timed:
        recordings = (reader.episode(number).recording for number, _ in episodes)
        return [_frames_of(recording, resolved.declaration) / per_s for recording in recordings]
    with reader.episode(episodes[0][0]).replay() as replay:
        frames = len(replay.step().frames)
    return [length * frames / per_s for _, length in episodes]


def _frames_of(recording: Recording, declaration: Declaration) -> int:
    """How many frames an episode has in a game whose steps differ in length. VerificationError if it does
    not say."""
    if recording.frames is None:
        raise VerificationError(action_fault(recording, declaration))
    return int(recording.frames.sum())
